package proofmark

/**
 * One step: writes a request, starts proofmark, reads its result, publishes, and sets what the result says.
 *
 * Nothing is decided here. No value ever becomes part of a command line: arguments travel in the request, paths and secrets in
 * the environment.
 */
class Step implements Serializable {
    private static final long serialVersionUID = 1L

    private final Object script
    private final String name

    Step(Object script, String name) {
        this.script = script
        this.name = name
    }

    /** Runs it; gives what came out as a map of plain values. */
    Map run(Map parameters) {
        Map read = Arguments.read(name, parameters)
        if (read.problem) {
            script.error(read.problem)
        }
        Map own = read.step
        String folder = take(own, read.command.subject)
        Installer installer = new Installer(script)
        String binary = installer.find(own)
        String request = UUID.randomUUID().toString()
        String version = installer.versionAsked(own)
        Map asked = [
            contract: Parameters.contract(), library: Parameters.library(), version: version, id: request, step: name, folder: folder,
            parameters: read.command,
        ]
        script.writeFile(file: folder + '/request.json', text: Json.write(asked), encoding: 'UTF-8')
        int status = start(binary, folder + '/request.json', own)
        Map result = readResult(folder, request, status, version)
        if (result.problem) {
            script.error('proofmark ' + name + ': ' + result.problem)
        }
        new Publisher(script).publish(result, folder, own.skip ?: [])
        settle(result)
        return [
            result: result.jenkins.result, message: result.jenkins.message, effect: result.effect, verdict: result.verdict,
            subject: result.subject, folder: folder, files: result.files, outputs: result.outputs, build: result.build,
        ]
    }

    private String take(Map own, String subject) {
        if (own.folder) {
            return own.folder
        }
        // In the environment of the build it is saved, and the same for all branches.
        Map taken = Folders.take(script.env.PROOFMARK_FOLDERS, name, subject)
        script.env.PROOFMARK_FOLDERS = taken.all
        return taken.folder
    }

    /** Starts the one command there is; gives its exit status. An abort of the build goes through. */
    private int start(String binary, String request, Map own) {
        List variables = ['PROOFMARK_BINARY=' + binary, 'PROOFMARK_REQUEST=' + request]
        Map scm = own.scm ?: [:]
        for (Object key : scm.keySet()) {
            if (key ==~ /GIT_[A-Z0-9_]+/) {
                variables.add(key + '=' + scm.get(key))
            }
        }
        List bindings = secrets(own)
        int status = -1
        script.withEnv(variables) {
            if (bindings.isEmpty()) {
                status = command()
            } else {
                script.withCredentials(bindings) {
                    status = command()
                }
            }
        }
        return status
    }

    private int command() {
        String label = 'proofmark ' + name
        if (script.isUnix()) {
            return script.sh(script: '"$PROOFMARK_BINARY" jenkins step "$PROOFMARK_REQUEST"', returnStatus: true, label: label)
        }
        return script.bat(script: '@"%PROOFMARK_BINARY%" jenkins step "%PROOFMARK_REQUEST%"', returnStatus: true, label: label)
    }

    private List secrets(Map own) {
        List bindings = []
        if (own.githubCredentialsId) {
            bindings.add(script.usernamePassword(
                credentialsId: own.githubCredentialsId, usernameVariable: 'PROOFMARK_GITHUB_USER', passwordVariable: 'GITHUB_TOKEN'))
        }
        if (own.jenkinsCredentialsId) {
            bindings.add(script.usernamePassword(
                credentialsId: own.jenkinsCredentialsId, usernameVariable: 'JENKINS_USER_ID', passwordVariable: 'JENKINS_API_TOKEN'))
        }
        Map texts = own.secretTexts ?: [:]
        for (Object variable : texts.keySet()) {
            bindings.add(script.string(credentialsId: texts.get(variable), variable: variable))
        }
        return bindings
    }

    /** The result of this very run, or what is wrong with it: never silence. */
    private Map readResult(String folder, String request, int status, String version) {
        String file = folder + '/result.json'
        String ended = 'it ended with status ' + status
        if (!script.fileExists(file)) {
            return [problem: 'there is no result; ' + ended + ', and the log above says why. ' + advice(status)]
        }
        Map result = Json.read(script.readFile(file: file, encoding: 'UTF-8'))
        if (result == null || !(result.jenkins instanceof Map) || !(result.files instanceof Map)) {
            return [problem: 'the result cannot be read; ' + ended]
        }
        if (result.jenkins.contract != Parameters.contract()) {
            return [problem: 'proofmark ' + result.proofmark + ' keeps contract ' + result.jenkins.contract + ', and this library (' +
                Parameters.library() + ') keeps ' + Parameters.contract() + ': update the older of the two']
        }
        if (result.request != request) {
            return [problem: 'there is only the result of another run; ' + ended + ', and the log above says why. ' + advice(status)]
        }
        if (result.exit_code != status) {
            return [problem: 'the result is of a run that ended with ' + result.exit_code + '; ' + ended]
        }
        if (!(result.jenkins.result in [null, 'UNSTABLE', 'FAILURE'])) {
            return [problem: 'the result `' + result.jenkins.result + '` is not one that this library knows: update it']
        }
        if (version && result.proofmark != version) {
            return [problem: 'version ' + version + ' is asked for, and proofmark ' + result.proofmark + ' ran: update it on the agent, or change `version`']
        }
        return result
    }

    private String advice(int status) {
        if (status == 126 || status == 127 || status == 9009) {
            return 'Is proofmark installed on this agent? `toolHome`, `archive` and `mirror` say where it comes from.'
        }
        return 'A proofmark that is older than this library (' + Parameters.library() + ') has no `jenkins step`: `proofmark --version` tells.'
    }

    /** A result can only get worse: nothing is set where nothing is wrong. */
    private void settle(Map result) {
        if (result.jenkins.result == 'UNSTABLE') {
            script.unstable(result.jenkins.message)
        } else if (result.jenkins.result == 'FAILURE') {
            script.error(result.jenkins.message)
        }
    }
}
