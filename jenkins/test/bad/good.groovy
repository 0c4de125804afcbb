// Nothing here is to be found.
import com.cloudbees.groovy.cps.NonCPS

def call(Map parameters = [:]) {
    List names = parameters.keySet().collect { it.toString() }
    for (name in names) {
        echo name
    }
    for (key in parameters.keySet()) {
        echo key
    }
    parameters.each { key, value -> echo key }
    def counted = names.sort(false)
    def longest = names.max { it.length() }
    def plain = 'a-b'.replaceAll('[^a-z]', '')
    def replaced = 'a-b'.replaceAll(/-/) { '+' }
    def word = ('x y' =~ /x (.)/)[0][1]
    def properties = [[a: 1]]*.a
    env.SEEN = 'true'
    def status = 0
    status = sh(script: 'echo "$NAME"', returnStatus: true)
    switch (status) {
        case 0: break
        case 1..3: break
        default: error 'x'
    }
    return sorted(names)
}

@NonCPS
List sorted(List names) {
    def match = 'x' =~ /y/
    return names.sort { a, b -> a <=> b }
}
