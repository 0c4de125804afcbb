// The real binary in a real repository, by a real shell.

import groovy.json.JsonSlurper
import hudson.AbortException
import proofmark.test.Build

void repository(s, String accuracy) {
    s.git('init', '-q')
    s.write('metrics.json', '{"accuracy": 0.9}')
    s.write('proofmark.toml', '[[rule]]\nmetric = "accuracy"\nmax_regression_abs = 0.01\n')
    s.git('add', '.')
    s.git('commit', '-q', '-m', 'base')
    s.git('checkout', '-q', '-b', 'change')
    s.write('metrics.json', '{"accuracy": ' + accuracy + '}')
    s.git('commit', '-q', '-a', '-m', 'change')
    s.build.env.JENKINS_URL = 'https://ci.example.org/'
    s.build.env.JOB_NAME = 'ml/widgets/PR-7'
    s.build.env.BUILD_NUMBER = '3'
    s.build.env.BRANCH_NAME = 'PR-7'
    s.build.env.CHANGE_ID = '7'
    s.build.env.CHANGE_TARGET = 'main'
}

Map tool(s, Map more = [:]) {
    File home = new File(s.build.workspace.path + '-home')
    home.mkdirs()
    File link = new File(home, 'proofmark')
    if (!link.exists()) {
        java.nio.file.Files.createSymbolicLink(link.toPath(), new File(s.binary).toPath())
    }
    return [toolHome: home.path] + more
}

[
    'a worse model is blocked': { s ->
        repository(s, '0.5')
        String told = s.problem(AbortException) { s.call('proofmarkGate', tool(s)) }
        assert told.contains('BLOCKED') && told.contains('accuracy')
        assert s.build.currentBuild.description.startsWith('proofmark: ml/widgets: BLOCKED')
        assert s.build.log.contains('accuracy')
        assert new File(s.build.workspace, s.build.of('junit')[0].map.testResults).text.contains('accuracy')
    },
    'a better model passes': { s ->
        repository(s, '0.95')
        Map told = s.call('proofmarkGate', tool(s, [subject: "it's \"quoted\" \u4e2d <b> \$(x)"]))
        assert told.effect == 'allow' && told.outputs.improved == '1'
        assert s.build.currentBuild.result == null
    },
    'failOn never makes it unstable': { s ->
        repository(s, '0.5')
        assert s.call('proofmarkGate', tool(s, [failOn: 'never'])).result == 'UNSTABLE'
        assert s.build.currentBuild.result == 'UNSTABLE'
    },
    'a base that is not there is told': { s ->
        repository(s, '0.5')
        assert s.problem(AbortException) { s.call('proofmarkGate', tool(s, [base: 'nowhere; touch pwned'])) }.contains('nowhere; touch pwned')
        assert !new File(s.build.workspace, 'pwned').exists()
        assert s.build.of('junit').size() == 1
    },
    'a comparison and a report': { s ->
        repository(s, '0.5')
        assert s.call('proofmarkCompare', tool(s, [base: 'main'])).message.contains('1 regressed')
        s.call('proofmarkGate', tool(s, [failOn: 'never', folder: 'out']))
        assert s.call('proofmarkReport', tool(s, [report: 'out/report.json', dryRun: true, repository: 'acme/widgets', pullRequest: 7])).effect == 'block'
    },
    'the help and the parameters are those of the binary': { s ->
        Map told = (Map) new JsonSlurper().parseText([s.binary, 'jenkins', 'capabilities'].execute().text)
        GroovyClassLoader loader = Build.loader(s.build.library)
        Class parameters = loader.loadClass('proofmark.Parameters')
        told.steps.each { step ->
            Map known = parameters.of(step.name)
            assert known.keySet() == step.parameters*.name.toSet()
            step.parameters.each { assert known[it.name].subMap(['kind', 'part', 'required']) == it.subMap(['kind', 'part', 'required']) }
        }
        assert told.contract == 1
    },
]
