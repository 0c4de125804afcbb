package proofmark

import com.cloudbees.groovy.cps.NonCPS

/** Which folder of the workspace is whose, so that parallel branches and several subjects of one build do not meet. */
class Folders implements Serializable {
    private static final long serialVersionUID = 1L

    /**
     * A folder for a step and its subject, and the list of all that were given, as `folder` and `all`. The same subject gets the same
     * folder again; a step without a subject one of its own each time.
     */
    @NonCPS
    static Map take(String all, String step, String subject) {
        Map known = [:]
        for (String line : (all ?: '').split('\n')) {
            int at = line.indexOf('=')
            if (at > 0) {
                known.put(line.substring(0, at), line.substring(at + 1))
            }
        }
        String owner = subject == null ? '' : subject.replaceAll('\\s+', ' ')
        String first = 'proofmark/' + (subject == null ? step : step + '-' + plain(subject))
        String folder = first
        int number = 2
        while (known.containsKey(folder) && (owner.isEmpty() || known.get(folder) != owner)) {
            folder = first + '-' + number
            number++
        }
        if (known.containsKey(folder)) {
            return [folder: folder, all: all]
        }
        return [folder: folder, all: (all ? all + '\n' : '') + folder + '=' + owner]
    }

    /** A text as part of a path, of small letters, digits and hyphens. */
    @NonCPS
    private static String plain(String text) {
        String plain = text.toLowerCase().replaceAll('[^a-z0-9]+', '-').replaceAll('^-+|-+$', '')
        return plain.isEmpty() ? 'x' : plain.substring(0, Math.min(40, plain.length())).replaceAll('-+$', '')
    }
}
