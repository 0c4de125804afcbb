package proofmark.test

import groovy.json.JsonOutput
import groovy.json.JsonSlurper

/** What scenarios share: a build, a stand-in for the binary, and checks. */
class Scenario {
    final Build build
    /** The real binary; null where there is none to test with. */
    final String binary
    /** What the stand-in was asked. */
    final List<Map> requests = Collections.synchronizedList([])

    Scenario(Build build, String binary) {
        this.build = build
        this.binary = binary
    }

    /** Calls a step of the library, as a pipeline would. */
    Object call(String step, Map arguments = [:]) {
        Script variable = build.variable(step)
        return variable.metaClass.invokeMethod(variable, 'call', [arguments] as Object[])
    }

    /** Stands in for `proofmark jenkins step`: leaves a result, with these changes, and ends with its status. */
    void answer(Map changes = [:], int status = 0) {
        build.shell = { String text, Map named ->
            if (!text.contains('jenkins step')) {
                return null
            }
            Map environment = build.env.all()
            Map request = (Map) new JsonSlurper().parse(new File(build.workspace, (String) environment.PROOFMARK_REQUEST), 'UTF-8')
            requests.add(request + [environment: environment])
            leave(request, changes, status)
            return status
        }
    }

    /** A result of a request, in its folder. */
    void leave(Map request, Map changes = [:], int status = 0) {
        File folder = new File(build.workspace, (String) request.folder)
        Map files = [json: 'report.json', html: 'report.html', junit: 'junit.xml', issues: 'issues.json', checks: 'checks.json']
        files.values().each { new File(folder, (String) it).text = '{"name": "proofmark"}' }
        String stage = 'proofmark: ' + (request.parameters.subject ?: 'metrics')
        Map jenkins = [contract: 1, result: null, description: stage + ': allowed', message: stage + ': told', stage: stage]
        Map result = [
            kind: 'jenkins-step', proofmark: '0.1.0', step: request.step, request: request.id, exit_code: status, effect: 'allow', verdict: 'pass',
            jenkins: jenkins + (changes.jenkins ?: [:]), subject: request.parameters.subject, id: request.folder.replace('/', '-'),
            posted: false, files: files, outputs: [headline: 'allowed'], errors: [], build: null,
        ] + changes.findAll { it.key != 'jenkins' }
        new File(folder, 'result.json').setText(JsonOutput.toJson(result), 'UTF-8')
    }

    /** The message of what a body throws. */
    String problem(Class type = Exception, Closure body) {
        try {
            body()
        } catch (Throwable problem) {
            assert type.isInstance(problem): "$problem is no $type.simpleName"
            return problem.message
        }
        throw new AssertionError((Object) 'nothing was thrown')
    }

    void credentials(String id, String kind, String secret) {
        build.credentials[id] = [kind: kind, user: 'ada', secret: secret]
    }

    /** Runs git in the workspace. */
    String git(String... arguments) {
        ProcessBuilder builder = new ProcessBuilder(['git', '-c', 'user.name=A', '-c', 'user.email=a@example.org', '-c', 'init.defaultBranch=main'] + (arguments as List))
        Process process = builder.directory(build.workspace).redirectErrorStream(true).start()
        String text = process.text
        assert process.waitFor() == 0: text
        return text.trim()
    }

    void write(String name, String text) {
        File file = new File(build.workspace, name)
        file.parentFile.mkdirs()
        file.setText(text, 'UTF-8')
    }
}
