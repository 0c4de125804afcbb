// Code that Jenkins' engine runs otherwise than Groovy does. Each line says what is to be found in it.
import com.cloudbees.groovy.cps.NonCPS

def call(List list, Map map, Map options = [:]) {
    def sorted = list.sort { a, b -> a <=> b } // closure-of-sort
    def keyed = list.sort { it.name } // closure-of-sort
    def also = list.toSorted { it } // closure-of-tosorted
    def once = list.unique { it } // closure-of-unique
    def least = list.min { a, b -> a <=> b } // closure-of-min
    def most = list.max { a, b -> a <=> b } // closure-of-max
    def first = list.takeWhile { it > 1 } // closure-of-takewhile
    def rest = list.dropWhile { it > 1 } // closure-of-dropwhile
    def comparator = { a, b -> a <=> b }
    def named = list.sort(comparator) // closure-of-sort
    def pointed = list.toSorted(this.&call) // closure-of-tosorted
    'a\nb'.eachLine { echo it } // closure-of-eachline
    list.removeIf { it == 1 } // closure-of-removeif
    map.computeIfAbsent('a') { 1 } // closure-of-computeifabsent
    def streamed = list.stream() // stream
    def lengths = list*.length() // spread-method
    def wrong = { x, y = 2 -> x + y } // closure-default
    [[1, 2]].each { a, b -> echo a } // spread-arguments
    def lazy = "${-> 1}" // gstring-closure
    switch (list) { // switch-closure
        case { it.empty }: break
    }
    for (entry in map) { // for-in-map
        echo entry.key
    }
    for (entry in options) { // for-in-map
        echo entry.key
    }
    def given = [a: 1]
    for (entry in given) { // for-in-map
        echo entry.key
    }
    for (Map.Entry entry : map.entrySet()) { // for-in-map
        echo entry.key
    }
    def match = 'x' =~ /y/ // held-matcher
    def json = new groovy.json.JsonSlurper().parseText('{}') // held-json
    match = 'x' =~ /y/ // held-matcher
    json = new groovy.json.JsonSlurper().parseText('{}') // held-json
    shared = 1 // global
    sh "echo ${list}" // spliced-shell
    sh(script: 'echo ' + list, returnStatus: true) // spliced-shell
    sh '''
        echo'''.stripIndent()
    sh """echo ${list}""".stripIndent() // spliced-shell
    bat(script: "echo ${list}") // spliced-shell
    powershell "x ${list}" // spliced-shell
    def file = new File('x') // sandbox-file
    def text = 'ls'.execute() // sandbox-execute
    def home = System.getenv('HOME') // sandbox-system
    def build = currentBuild.rawBuild // sandbox-rawbuild
    def jenkins = Jenkins.instance // sandbox-jenkins
    def classic = new groovy.json.JsonSlurperClassic() // sandbox-jsonslurperclassic
    def thread = new Thread() // sandbox-thread
    def url = new URL('http://x') // sandbox-url
    def made = new ArrayList() // sandbox-arraylist
    def number = Long.valueOf('1') // sandbox-long
}

@NonCPS
def fast(List list) {
    echo 'x' // step-in-noncps
    call(list, [:]) // cps-in-noncps
    return list.sort { it }
}
