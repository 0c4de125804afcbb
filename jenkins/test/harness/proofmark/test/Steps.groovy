package proofmark.test

import hudson.AbortException
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

/** What the steps of a pipeline do here. */
class Steps {
    private final Build build

    Steps(Build build) {
        this.build = build
    }

    void echo(Object text) { build.log << text << '\n' }

    void error(Object text) { throw new AbortException(String.valueOf(text)) }

    void unstable(Object text) {
        build.log << text << '\n'
        worsen('UNSTABLE')
    }

    boolean isUnix() { build.isUnix }

    void writeFile(Map named) {
        File file = new File(build.workspace, (String) named.file)
        file.parentFile.mkdirs()
        file.setText((String) named.text, (String) named.encoding ?: 'UTF-8')
    }

    String readFile(Map named) { new File(build.workspace, (String) named.file).getText((String) named.encoding ?: 'UTF-8') }

    boolean fileExists(String file) { new File(build.workspace, file).file }

    String libraryResource(String name) { new File(build.library, 'resources/' + name).getText('UTF-8') }

    Object withEnv(List pairs, Closure body) {
        Map more = pairs.collectEntries {
            String pair = String.valueOf(it)
            [pair.substring(0, pair.indexOf('=')), pair.substring(pair.indexOf('=') + 1)]
        }
        return build.env.inside(more) { build.block('withEnv', body) }
    }

    Map usernamePassword(Map named) { named + [kind: 'usernamePassword'] }

    Map string(Map named) { named + [kind: 'string'] }

    Object withCredentials(List bindings, Closure body) {
        Map more = [:]
        for (Map binding : bindings) {
            Map known = build.credentials[(String) binding.credentialsId]
            if (known == null || known.kind != binding.kind) {
                throw new AbortException("Could not find credentials entry with ID '" + binding.credentialsId + "'")
            }
            if (binding.kind == 'string') {
                more[(String) binding.variable] = known.secret
            } else {
                more[(String) binding.usernameVariable] = known.user
                more[(String) binding.passwordVariable] = known.secret
            }
        }
        return build.env.inside(more) { build.block('withCredentials', body) }
    }

    Object sh(Map named) { run(named, true) }

    Object sh(String text) { run([script: text], true) }

    Object bat(Map named) { run(named, false) }

    Object powershell(Map named) { run(named, false) }

    Object junit(Object named) { null }

    Object junit(Map named, Object more) { null }

    Map issues(Map named) { named }

    Object recordIssues(Map named) {
        String id = named.tools[0].id
        if (build.of('recordIssues').count { it.map.tools[0].id == id } > 1) {
            throw new IllegalStateException("ID $id is already used by another action")
        }
        return null
    }

    Object publishHTML(Map named) { null }

    Object publishChecks(Map named) { null }

    Object archiveArtifacts(Map named) { null }

    Object checkout(Object scm) { build.scm }

    Object node(Closure body) { build.block('node', body) }

    Object node(String label, Closure body) { build.block('node', body) }

    Object dir(String folder, Closure body) { build.block('dir', body) }

    Object timeout(Map named, Closure body) { build.block('timeout', body) }

    Object retry(int times, Closure body) {
        for (int left = times; ; left--) {
            try {
                return build.block('retry', body)
            } catch (FlowInterruptedException interrupted) {
                throw interrupted
            } catch (Exception problem) {
                if (left == 1) {
                    throw problem
                }
            }
        }
    }

    Object catchError(Map named, Closure body) {
        try {
            return build.block('catchError', body)
        } catch (FlowInterruptedException interrupted) {
            throw interrupted
        } catch (Exception problem) {
            build.log << problem.message << '\n'
            worsen((String) named.buildResult ?: 'FAILURE')
        }
        return null
    }

    Object warnError(String message, Closure body) { catchError([buildResult: 'UNSTABLE'], body) }

    /** All branches at once, as far as real threads are. */
    Object parallel(Map branches) {
        Map results = new java.util.concurrent.ConcurrentHashMap()
        List problems = Collections.synchronizedList([])
        List threads = branches.findAll { it.value instanceof Closure }.collect { name, body ->
            Thread.start {
                // Jenkins runs one branch at a time, and changes to another one only where a step takes its time.
                build.engine.lock()
                try {
                    Object result = build.block('parallel ' + name, (Closure) body)
                    if (result != null) {
                        results[name] = result
                    }
                } catch (Throwable problem) {
                    problems.add(problem)
                } finally {
                    build.engine.unlock()
                }
            }
        }
        build.aside { threads*.join() }
        if (problems) {
            throw problems[0]
        }
        return results
    }

    // A declarative pipeline, as far as the examples go.

    Object pipeline(Closure body) { body() }

    void agent(Object kind) { }

    void options(Closure body) { }

    void skipDefaultCheckout() { }

    void environment(Closure body) {
        body.delegate = build.env
        body.resolveStrategy = Closure.DELEGATE_FIRST
        body()
    }

    Object stages(Closure body) { body() }

    Object script(Closure body) { body() }

    Object steps(Closure body) { body() }

    void when(Closure body) {
        if (!body()) {
            throw new Skipped()
        }
    }

    boolean changeRequest() { build.env.getProperty('CHANGE_ID') != null }

    boolean branch(String name) { build.env.getProperty('BRANCH_NAME') == name }

    Object stage(String name, Closure body) {
        try {
            return build.env.inside([STAGE_NAME: name]) { build.block('stage ' + name, body) }
        } catch (Skipped skipped) {
            return null
        }
    }

    Object parallel(Closure body) { body() }

    Object post(Closure body) { body() }

    Object always(Closure body) { body() }

    private void worsen(String result) {
        List order = [null, 'SUCCESS', 'UNSTABLE', 'FAILURE', 'NOT_BUILT', 'ABORTED']
        if (order.indexOf(result) > order.indexOf(build.currentBuild.result)) {
            build.currentBuild.result = result
        }
    }

    private Object run(Map named, boolean unix) {
        if (unix != build.isUnix) {
            throw new AbortException(unix ? 'sh on Windows' : 'Batch scripts can only be run on Windows nodes')
        }
        String text = (String) named.script
        if (build.shell != null) {
            Object answer = build.aside { Thread.sleep(2); build.shell(text, named) }
            if (answer != null) {
                return ended(named, answer instanceof Number ? (int) answer : 0, String.valueOf(answer))
            }
        }
        File file = File.createTempFile('script', '.sh')
        file.text = text
        List command = text.startsWith('#!') ? ['sh', file.path] : ['sh', '-xe', file.path]
        ProcessBuilder builder = new ProcessBuilder(command).directory(build.workspace)
        builder.environment().clear()
        builder.environment().putAll([PATH: System.getenv('PATH'), HOME: build.workspace.path + '-home'] + build.env.all())
        Process process = builder.start()
        StringBuffer out = new StringBuffer()
        build.aside { process.waitForProcessOutput(out, build.log) }
        file.delete()
        if (!named.returnStdout) {
            build.log << out
        }
        return ended(named, process.exitValue(), out.toString())
    }

    private static Object ended(Map named, int status, String output) {
        if (named.returnStatus) {
            return status
        }
        if (status != 0) {
            throw new AbortException('script returned exit code ' + status)
        }
        return named.returnStdout ? output : null
    }
}

/** A stage whose condition does not hold. */
class Skipped extends RuntimeException {
}
