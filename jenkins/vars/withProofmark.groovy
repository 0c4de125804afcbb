// See withProofmark.txt beside this file for the parameters.
import proofmark.Arguments
import proofmark.Installer

def call(Map parameters = [:], Closure body) {
    Map read = Arguments.read('install', parameters)
    if (read.problem) {
        error(read.problem)
    }
    String binary = new Installer(this).find(read.step)
    withEnv(['PROOFMARK_INSTALLED=' + binary, 'PROOFMARK_INSTALLED_VERSION=' + (read.step.version ?: '')]) {
        return body()
    }
}
