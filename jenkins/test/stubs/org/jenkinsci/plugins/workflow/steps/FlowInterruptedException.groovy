package org.jenkinsci.plugins.workflow.steps

/** What an abort, a timeout or a failed sibling throws into a step. */
class FlowInterruptedException extends Exception {
    FlowInterruptedException(String message) {
        super(message)
    }
}
