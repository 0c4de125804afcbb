package proofmark

import com.cloudbees.groovy.cps.NonCPS

/**
 * The arguments of a step, checked by what Parameters says of them.
 *
 * All of it is free of steps and may use the whole of Groovy, which code that Jenkins transforms may not.
 */
class Arguments implements Serializable {
    private static final long serialVersionUID = 1L

    /** What a step publishes into globs of Ant, so that names must not be any. */
    private static final String FOLDER = '[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*'

    /**
     * Gives `command`, what goes to proofmark, and `step`, what the step handles itself; or `problem`, what is wrong, as a sentence.
     * What is null counts as not given.
     */
    @NonCPS
    static Map read(String step, Map given) {
        Map known = Parameters.of(step)
        Map read = [command: [:], step: [:], problem: null]
        if (given != null) {
            for (Map.Entry entry : given.entrySet()) {
                String name = String.valueOf(entry.key)
                Map parameter = (Map) known.get(name)
                if (parameter == null) {
                    read.problem = unknown(step, name, known)
                    return read
                }
                if (entry.value == null) {
                    continue
                }
                Map value = plain(name, parameter, entry.value)
                if (value.problem != null) {
                    read.problem = label(step) + value.problem
                    return read
                }
                ((Map) read.get(parameter.part)).put(name, value.value)
            }
        }
        for (Map.Entry entry : known.entrySet()) {
            if (((Map) entry.value).required && !((Map) read.get(((Map) entry.value).part)).containsKey(entry.key)) {
                read.problem = label(step) + 'the parameter `' + entry.key + '` is missing'
                return read
            }
        }
        for (Object variable : ((Map) (((Map) read.step).secretTexts ?: [:])).keySet()) {
            // Those would change what runs, and not only what it knows.
            if (!(variable ==~ '[A-Za-z_][A-Za-z0-9_]*') || String.valueOf(variable).toUpperCase() in ['PATH', 'LD_PRELOAD', 'PROOFMARK_BINARY', 'PROOFMARK_REQUEST']) {
                read.problem = label(step) + 'a secret text cannot be bound to `' + variable + '`'
                return read
            }
        }
        String folder = ((Map) read.step).folder
        if (folder != null && (!(folder ==~ FOLDER) || folder.split('/').any { it == '.' || it == '..' })) {
            read.problem = label(step) + 'the folder `' + folder + '` is not one inside of the workspace, of letters, digits, `.`, `_`, `-` and `/`'
        }
        return read
    }

    @NonCPS
    private static String label(String step) {
        return 'proofmark ' + step + ': '
    }

    @NonCPS
    private static String unknown(String step, String name, Map known) {
        String nearest = null
        int least = 4
        for (Object other : known.keySet()) {
            int away = distance(name.toLowerCase(), String.valueOf(other).toLowerCase())
            if (away < least) {
                least = away
                nearest = String.valueOf(other)
            }
        }
        String advice = nearest != null ? '; did you mean `' + nearest + '`?' : '; there are ' + known.keySet().join(', ')
        return label(step) + 'there is no parameter `' + name + '`' + advice
    }

    /** The number of letters to change, to add or to leave out (Levenshtein). */
    @NonCPS
    private static int distance(String one, String other) {
        int[] before = new int[other.length() + 1]
        for (int column = 0; column <= other.length(); column++) {
            before[column] = column
        }
        for (int row = 1; row <= one.length(); row++) {
            int[] now = new int[other.length() + 1]
            now[0] = row
            for (int column = 1; column <= other.length(); column++) {
                int changed = before[column - 1] + (one.charAt(row - 1) == other.charAt(column - 1) ? 0 : 1)
                now[column] = Math.min(changed, Math.min(before[column], now[column - 1]) + 1)
            }
            before = now
        }
        return before[other.length()]
    }

    /** The value as texts, numbers, booleans, lists and maps that can be saved and written as JSON. */
    @NonCPS
    private static Map plain(String name, Map parameter, Object value) {
        List choices = (List) parameter.choices
        switch (parameter.kind) {
            case 'boolean':
                return value instanceof Boolean ? [value: value] : wrong(name, 'true or false', value)
            case 'number':
                if (value instanceof Integer || value instanceof Long) {
                    return ((Number) value).longValue() >= 0 ? [value: value] : wrong(name, 'a whole number', value)
                }
                return isText(value) && String.valueOf(value) ==~ /[0-9]{1,9}/ ? [value: Integer.valueOf(String.valueOf(value))] : wrong(name, 'a whole number', value)
            case 'list':
                Collection all = value instanceof Collection ? (Collection) value : (value instanceof Object[] ? Arrays.asList((Object[]) value) : [value])
                List texts = []
                for (Object one : all) {
                    if (!isScalar(one)) {
                        return wrong(name, 'a list of texts', value)
                    }
                    texts.add(String.valueOf(one))
                }
                for (Object text : texts) {
                    if (!choices.isEmpty() && !choices.contains(text)) {
                        return wrong(name, 'a list of ' + choices.join(', '), value)
                    }
                }
                return [value: texts]
            case 'map':
                if (!(value instanceof Map)) {
                    return wrong(name, 'a map of texts', value)
                }
                Map pairs = [:]
                for (Map.Entry pair : ((Map) value).entrySet()) {
                    if (pair.value == null) {
                        continue
                    }
                    if (!isScalar(pair.value) && !(pair.value instanceof Boolean)) {
                        return wrong(name, 'a map of texts', value)
                    }
                    pairs.put(String.valueOf(pair.key), String.valueOf(pair.value))
                }
                return [value: pairs]
            default:
                if (!isScalar(value)) {
                    return wrong(name, 'a text', value)
                }
                String text = String.valueOf(value)
                if (text.trim().isEmpty()) {
                    return [problem: 'the parameter `' + name + '` is empty; leave it out, or give null']
                }
                return choices.isEmpty() || choices.contains(text) ? [value: text] : wrong(name, 'one of ' + choices.join(', '), value)
        }
    }

    @NonCPS
    private static boolean isText(Object value) {
        return value instanceof CharSequence
    }

    @NonCPS
    private static boolean isScalar(Object value) {
        return value instanceof CharSequence || value instanceof Number
    }

    /** What was given is not shown: it may be a secret that came into the wrong place. */
    @NonCPS
    private static Map wrong(String name, String wanted, Object value) {
        return [problem: 'the parameter `' + name + '` has to be ' + wanted]
    }
}
