// See proofmarkTrigger.txt beside this file for the parameters.
import proofmark.Step

def call(Map parameters = [:]) {
    return new Step(this, 'trigger').run(parameters)
}
