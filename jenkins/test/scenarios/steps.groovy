// Arguments, requests, results and what becomes of them.

import hudson.AbortException
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

String UNIX = '"$PROOFMARK_BINARY" jenkins step "$PROOFMARK_REQUEST"'
String WINDOWS = '@"%PROOFMARK_BINARY%" jenkins step "%PROOFMARK_REQUEST%"'

[
    'every step sends its arguments': { s ->
        s.answer()
        s.call('proofmarkGate', [base: 'main', targets: ['a', 'b'], post: true, maxRows: 5, subject: "${'churn'}"])
        s.call('proofmarkCompare', [base: "${'main'}", head: null, targets: [2024, "${'b'}"]])
        s.call('proofmarkReport', [report: 'x/report.json'])
        s.call('proofmarkTrigger', [job: 'ml/train', parameters: [DATA: '2024', N: 3, (1): null, FULL: true]])
        assert s.requests*.step == ['gate', 'compare', 'report', 'trigger']
        assert s.requests*.parameters == [
            [base: 'main', targets: ['a', 'b'], post: true, maxRows: 5, subject: 'churn'], [base: 'main', targets: ['2024', 'b']], [report: 'x/report.json'],
            [job: 'ml/train', parameters: [DATA: '2024', N: '3', FULL: 'true']],
        ]
        assert s.requests.every { it.contract == 1 && it.library == '0.1.0' }
        assert s.requests*.id.toSet().size() == 4
        assert s.build.of('sh').every { it.map.script == UNIX && it.map.returnStatus }
    },
    'a sound result sets nothing': { s ->
        s.answer()
        Map told = s.call('proofmarkGate')
        assert s.build.currentBuild.result == null
        assert told.effect == 'allow' && told.result == null && told.outputs.headline == 'allowed'
        assert s.build.of('unstable').empty && s.build.of('error').empty
        // A pipeline keeps it across steps, where Jenkins saves it.
        new ObjectOutputStream(new ByteArrayOutputStream()).writeObject(told)
    },
    'notices make the build unstable and go on': { s ->
        s.answer(jenkins: [result: 'UNSTABLE', message: 'a notice'])
        Map told = s.call('proofmarkGate')
        assert s.build.currentBuild.result == 'UNSTABLE' && told.result == 'UNSTABLE'
        assert s.build.of('unstable')[0].arguments == ['a notice']
    },
    'a blocked change ends the pipeline after all was published': { s ->
        s.answer([jenkins: [result: 'FAILURE', message: 'BLOCKED: f1']], 1)
        assert s.problem(AbortException) { s.call('proofmarkGate') } == 'BLOCKED: f1'
        assert s.build.calls*.step.indexOf('archiveArtifacts') < s.build.calls*.step.indexOf('error')
    },
    'no result is a failure, whatever the status': { s ->
        for (int status : [0, 1, 2, 126, 127]) {
            s.build.shell = { text, named -> status }
            String told = s.problem(AbortException) { s.call('proofmarkGate') }
            assert told.contains('there is no result') && told.contains('status ' + status)
            assert told.contains('toolHome') == (status > 2)
        }
    },
    'a garbled result is a failure': { s ->
        for (String text : ['', '{', 'null', '[]', '{}', '{"jenkins": 1, "files": {}}', '{"jenkins": {}}', '{"jenkins": {}, "files": []}', '\u0000']) {
            s.build.shell = { command, named ->
                s.write(s.build.env.PROOFMARK_REQUEST.replace('request.json', 'result.json'), text)
                return 0
            }
            assert s.problem(AbortException) { s.call('proofmarkGate') }.contains('cannot be read')
        }
    },
    'a result of another run is none': { s ->
        s.answer(request: 'another')
        assert s.problem(AbortException) { s.call('proofmarkGate') }.contains('another run')
        s.answer(exit_code: 0)
        s.build.shell = s.build.shell >> { it == null ? null : 1 }
        assert s.problem(AbortException) { s.call('proofmarkGate') }.contains('of a run that ended with 0')
    },
    'a stale result is not taken': { s ->
        s.answer()
        s.call('proofmarkGate', [folder: 'out'])
        s.build.shell = { text, named -> 0 }
        assert s.problem(AbortException) { s.call('proofmarkGate', [folder: 'out']) }.contains('another run')
    },
    'another contract is refused with advice': { s ->
        s.answer(jenkins: [contract: 2])
        String told = s.problem(AbortException) { s.call('proofmarkGate') }
        assert told.contains('keeps contract 2') && told.contains('update the older')
        s.answer(jenkins: [result: 'NOT_BUILT'])
        assert s.problem(AbortException) { s.call('proofmarkGate') }.contains('NOT_BUILT')
    },
    'a version that is insisted on': { s ->
        s.answer()
        s.call('proofmarkGate', [version: '0.1.0'])
        assert s.problem(AbortException) { s.call('proofmarkGate', [version: '0.2.0']) }.contains('version 0.2.0 is asked for')
    },
    'aborts go through from everywhere': { s ->
        s.credentials('app', 'usernamePassword', 'ghs_sesame')
        Map arguments = [githubCredentialsId: 'app']
        for (String step : ['isUnix', 'writeFile', 'withEnv', 'withCredentials', 'sh', 'fileExists', 'readFile', 'junit', 'issues', 'recordIssues', 'publishHTML', 'publishChecks', 'archiveArtifacts', 'unstable']) {
            s.answer(jenkins: [result: 'UNSTABLE'])
            s.build.broken.clear()
            s.build.broken[step] = { new FlowInterruptedException('aborted in ' + step) }
            assert s.problem(FlowInterruptedException) { s.call('proofmarkGate', arguments) } == 'aborted in ' + step
        }
        // And while it is installed.
        for (String step : ['libraryResource', 'sh']) {
            s.build.broken.clear()
            s.build.broken[step] = { new FlowInterruptedException('aborted in ' + step) }
            assert s.problem(FlowInterruptedException) { s.call('proofmarkGate', [archive: 'x', sha256: '0' * 64]) } == 'aborted in ' + step
        }
        assert s.build.of('error').empty
    },
    'an agent that is lost fails the step': { s ->
        s.answer()
        s.build.broken.sh = { new AbortException('the agent is gone') }
        assert s.problem(AbortException) { s.call('proofmarkGate') } == 'the agent is gone'
        assert s.build.of('junit').empty
    },
    'what users put around it works': { s ->
        s.answer([jenkins: [result: 'FAILURE', message: 'BLOCKED']], 1)
        s.build.pipeline("node { warnError('soft') { proofmarkGate() }\n echo 'after' }")
        assert s.build.currentBuild.result == 'UNSTABLE'
        assert s.build.log.contains('after')
        assert s.problem(AbortException) { s.build.pipeline("node { retry(3) { proofmarkGate() } }") } == 'BLOCKED'
        assert s.requests.size() == 4
        s.build.pipeline("node { catchError(buildResult: 'SUCCESS', stageResult: 'UNSTABLE') { proofmarkGate() } }")
    },
    'unknown arguments are refused by name': { s ->
        s.answer()
        assert s.problem(AbortException) { s.call('proofmarkGate', [bse: 'main']) } == 'proofmark gate: there is no parameter `bse`; did you mean `base`?'
        assert s.problem(AbortException) { s.call('proofmarkGate', [failon: 'never']) }.contains('did you mean `failOn`?')
        assert s.problem(AbortException) { s.call('proofmarkGate', [somethingElseAltogether: 1]) }.contains('there are base, head')
        assert s.problem(AbortException) { s.call('proofmarkCompare', [post: true]) }.contains('no parameter `post`')
        assert s.requests.empty
    },
    'arguments of another kind are refused, and not shown': { s ->
        s.answer()
        [
            [post: 'true']: 'true or false', [maxRows: 'many']: 'a whole number', [maxRows: -1]: 'a whole number', [failOn: 'nver']: 'one of block, notice, never',
            [targets: [['a']]]: 'a list of texts', [base: ['a']]: 'a text', [secretTexts: 'x']: 'a map of texts', [secretTexts: [A: ['b']]]: 'a map of texts', [skip: ['everything']]: 'a list of junit',
            [base: ' ']: 'is empty', [secretTexts: [PATH: 'x']]: 'cannot be bound', [secretTexts: ['A B': 'x']]: 'cannot be bound', [folder: '../x']: 'inside of the workspace', [folder: '/x']: 'inside of the workspace', [folder: 'a,b']: 'inside of the workspace',
            [folder: 'C:\\x']: 'inside of the workspace', [folder: 'a/./b']: 'inside of the workspace', [folder: 'a//b']: 'inside of the workspace', [base: true]: 'a text',
        ].each { arguments, told ->
            assert s.problem(AbortException) { s.call('proofmarkGate', arguments) }.contains(told)
        }
        assert !s.problem(AbortException) { s.call('proofmarkGate', [failOn: 'hunter2']) }.contains('hunter2')
        assert s.problem(AbortException) { s.call('proofmarkTrigger', [:]) } == 'proofmark trigger: the parameter `job` is missing'
        assert s.requests.empty
    },
    'secrets are bound and stay in the environment': { s ->
        s.credentials('app', 'usernamePassword', 'ghs_sesame')
        s.credentials('ml', 'string', 'mlflow_sesame')
        s.credentials('ci', 'usernamePassword', 'ci_sesame')
        s.answer()
        s.call('proofmarkGate', [post: true, githubCredentialsId: 'app', secretTexts: [MLFLOW_TRACKING_TOKEN: 'ml']])
        assert s.requests[0].environment.GITHUB_TOKEN == 'ghs_sesame'
        assert s.requests[0].environment.MLFLOW_TRACKING_TOKEN == 'mlflow_sesame'
        assert s.build.of('sh')[0].blocks == ['withEnv', 'withCredentials']
        s.call('proofmarkTrigger', [job: 'x', jenkinsCredentialsId: 'ci'])
        assert s.requests[1].environment.JENKINS_API_TOKEN == 'ci_sesame' && s.requests[1].environment.JENKINS_USER_ID == 'ada'
        // Outside of the run it is gone, for the plugins too.
        assert s.build.of('junit')[0].blocks == []
        s.requests.clear()
        assert s.problem(AbortException) { s.call('proofmarkGate', [githubCredentialsId: 'ml']) }.contains('credentials')
        assert s.requests.empty
    },
    'names of a change stay names': { s ->
        String hostile = '$(touch pwned) `x` %PATH% "q" \'s\' \n; & | \u202e \u00e9\u4e2d'
        s.build.env.CHANGE_BRANCH = hostile
        s.answer()
        s.call('proofmarkGate', [base: hostile, subject: hostile])
        assert s.requests[0].parameters == [base: hostile, subject: hostile]
        assert s.build.of('sh')[0].map.script == UNIX
        assert s.requests[0].folder ==~ '[a-z0-9/-]+'
        // The same name gets the same folder, however hostile; long ones are cut.
        s.call('proofmarkGate', [subject: hostile])
        assert s.requests[1].folder == s.requests[0].folder
        s.call('proofmarkGate', [subject: '\u4e2d' * 99])
        s.call('proofmarkGate', [subject: 'n' * 9999])
        assert s.requests[2].folder == 'proofmark/gate-x' && s.requests[3].folder == 'proofmark/gate-' + 'n' * 40
        assert !new File(s.build.workspace, 'pwned').exists()
    },
    'windows': { s ->
        s.build.isUnix = false
        s.answer()
        s.call('proofmarkGate', [base: 'a & b %PATH% "c"'])
        s.call('proofmarkGate', [toolHome: 'C:\\Program Files (x86)\\proofmark'])
        assert s.build.of('bat').every { it.map.script == WINDOWS && it.map.returnStatus }
        assert s.requests[0].environment.PROOFMARK_BINARY == 'proofmark.exe'
        assert s.requests[1].environment.PROOFMARK_BINARY == 'C:\\Program Files (x86)\\proofmark\\proofmark.exe'
        assert s.build.of('sh').empty
        s.build.shell = { text, named -> 9009 }
        assert s.problem(AbortException) { s.call('proofmarkGate') }.contains('toolHome')
    },
    'a scripted pipeline hands over what checkout returned': { s ->
        s.answer()
        s.build.scm = [GIT_COMMIT: 'abc', GIT_URL: 'u', PATH: '/evil', 'GIT_X;': 'y']
        s.build.pipeline('node { Map found = checkout(scm)\n proofmarkGate(scm: found) }')
        assert s.requests[0].environment.GIT_COMMIT == 'abc' && s.requests[0].environment.GIT_URL == 'u'
        assert s.requests[0].environment.PATH == null && !s.requests[0].environment.containsKey('GIT_X;')
    },
    'subjects and branches do not meet': { s ->
        s.answer()
        s.build.pipeline('''node { parallel(
            churn: { proofmarkGate(subject: 'churn') }, price: { proofmarkGate(subject: 'price') }, one: { proofmarkGate() }, two: { proofmarkGate() },
            a: { proofmarkGate(subject: 'a b') }, b: { proofmarkGate(subject: 'a-b') }) }''')
        assert s.requests*.folder.toSet().size() == 6
        assert s.build.of('recordIssues')*.map*.tools*.id.flatten().toSet().size() == 6
        s.requests.clear()
        s.call('proofmarkGate', [subject: 'churn'])
        assert s.requests[0].folder == 'proofmark/gate-churn'
        s.call('proofmarkCompare', [:])
        assert s.requests[1].folder == 'proofmark/compare'
    },
    'the description has one line for each subject': { s ->
        s.build.currentBuild.description = 'nightly'
        for (List step : [['churn', 'BLOCKED <b> &lt;'], ['price', 'allowed'], ['churn', 'allowed']]) {
            s.answer(jenkins: [description: 'proofmark: ' + step[0] + ': ' + step[1]])
            s.call('proofmarkGate', [subject: step[0]])
            assert !(s.build.currentBuild.description =~ /[<>&]/)
        }
        assert s.build.currentBuild.description == 'nightly\nproofmark: price: allowed\nproofmark: churn: allowed'
    },
]
