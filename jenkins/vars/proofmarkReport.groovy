// See proofmarkReport.txt beside this file for the parameters.
import proofmark.Step

def call(Map parameters = [:]) {
    return new Step(this, 'report').run(parameters)
}
