package proofmark

import com.cloudbees.groovy.cps.NonCPS
import groovy.json.JsonException
import groovy.json.JsonOutput
import groovy.json.JsonSlurper

/** JSON without the plugin pipeline-utility-steps, which may be absent. */
class Json implements Serializable {
    private static final long serialVersionUID = 1L

    /** An object as a map that Jenkins can save; null for anything else. */
    @NonCPS
    static Map read(String text) {
        try {
            Object read = new JsonSlurper().parseText(text)
            return read instanceof Map ? (Map) plain(read) : null
        } catch (JsonException broken) {
            return null
        } catch (IllegalArgumentException empty) {
            return null
        }
    }

    /** As ASCII, whatever the encoding of a file will be. */
    @NonCPS
    static String write(Map value) {
        return JsonOutput.toJson(value)
    }

    /** The parser's own maps cannot be saved. */
    @NonCPS
    private static Object plain(Object value) {
        if (value instanceof Map) {
            // As literals: the sandbox lists no such constructors.
            Map copy = [:]
            for (Map.Entry entry : ((Map) value).entrySet()) {
                copy.put(String.valueOf(entry.key), plain(entry.value))
            }
            return copy
        }
        if (value instanceof Collection) {
            List copy = []
            for (Object one : (Collection) value) {
                copy.add(plain(one))
            }
            return copy
        }
        return value
    }
}
