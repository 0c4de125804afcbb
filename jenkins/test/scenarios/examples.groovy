// The pipelines of the folder `examples`, as they stand there.

void example(s, String name) {
    s.build.pipeline(new File(s.build.library, 'examples/' + name + '.Jenkinsfile').text, name)
}

/** A stand-in for the binary that also takes the other commands of a pipeline. */
void shell(s) {
    s.credentials('github-app', 'usernamePassword', 'ghs_sesame')
    s.credentials('mlflow-token', 'string', 'mlflow_sesame')
    s.credentials('deployer', 'usernamePassword', 'ci_sesame')
    s.answer()
    Closure command = s.build.shell
    s.build.shell = { text, named -> text.contains('install') || text.contains('sha256sum') ? '/cache/proofmark\n' : (command(text, named) ?: 0) }
}

[
    'declarative': { s ->
        shell(s)
        example(s, 'declarative')
        assert s.requests*.step == ['gate']
        assert s.build.of('sh')[0].arguments == ['dvc repro']
        assert s.build.of('sh')[1].blocks == ['stage Model', 'withEnv']
    },
    'multibranch, a pull request': { s ->
        shell(s)
        s.build.env.BRANCH_NAME = 'PR-7'
        example(s, 'multibranch')
        assert s.requests*.step == ['gate']
        assert s.requests[0].parameters == [post: true]
        assert s.requests[0].environment.GITHUB_TOKEN == 'ghs_sesame' && s.requests[0].environment.MLFLOW_TRACKING_TOKEN == 'mlflow_sesame'
    },
    'multibranch, the main branch': { s ->
        shell(s)
        s.build.env.BRANCH_NAME = 'main'
        example(s, 'multibranch')
        assert s.requests*.step == ['gate', 'trigger']
        assert s.requests[1].parameters == [job: 'ml/deploy', parameters: [MODEL: 'churn'], wait: true]
    },
    'scripted': { s ->
        shell(s)
        example(s, 'scripted')
        assert s.requests[0].environment.GIT_URL == s.build.scm.GIT_URL
        assert s.build.log.contains('the model: allowed')
    },
    'monorepo': { s ->
        shell(s)
        example(s, 'monorepo')
        assert s.requests*.parameters*.subject.toSet() == ['churn', 'price', 'ranking'] as Set
        assert s.requests.every { it.environment.PROOFMARK_BINARY == '/cache/proofmark' && it.parameters.commentKey == 'models' }
        assert s.requests.find { it.parameters.subject == 'price' }.parameters.targets == ['models/price/metrics.json']
        assert s.build.of('powershell').empty && s.build.of('libraryResource').size() == 1
    },
]
