// Classes that Jenkins' engine runs otherwise than Groovy does.
package bad

import com.cloudbees.groovy.cps.NonCPS

class Version implements Serializable, Comparable {
    static Map cache = [:] // mutable-static
    static final int FIXED = 1
    private final Object script
    private final String early = later() // cps-in-constructor

    Version(Object script) {
        this.script = script
        script.echo('x') // step-in-constructor
        prepare() // cps-in-constructor
        quick()
    }

    String later() {
        return 'x'
    }

    void prepare() {
    }

    @NonCPS
    void quick() {
        script.echo('x') // step-in-noncps
        prepare() // cps-in-noncps
    }

    String toString() { // no-noncps-tostring
        return 'x'
    }

    boolean equals(Object other) { // no-noncps-equals
        return true
    }

    int compareTo(Object other) { // no-noncps-compareto
        return 0
    }
}

trait Named { // trait
}
