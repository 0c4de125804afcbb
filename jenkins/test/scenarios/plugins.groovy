// What is published, where, and what becomes of plugins that are missing or break.

import hudson.AbortException
import proofmark.test.Build

[
    'all that is there is used': { s ->
        s.answer()
        s.call('proofmarkGate', [subject: 'churn'])
        String folder = 'proofmark/gate-churn'
        assert s.build.of('junit')[0].map == [testResults: folder + '/junit.xml', allowEmptyResults: true, skipPublishingChecks: true, skipMarkingBuildUnstable: true]
        assert s.build.of('issues')[0].map == [pattern: folder + '/issues.json', id: 'proofmark-gate-churn', name: 'proofmark: churn']
        assert s.build.of('recordIssues')[0].map.subMap(['enabledForFailure', 'skipPublishingChecks']) == [enabledForFailure: true, skipPublishingChecks: true]
        assert s.build.of('publishHTML')[0].map.target == [
            reportDir: folder, reportFiles: 'report.html', includes: 'report.html', reportName: 'proofmark: churn', allowMissing: true,
            alwaysLinkToLastBuild: true, keepAll: true,
        ]
        assert s.build.of('publishChecks')[0].map == [name: 'proofmark']
        assert s.build.of('archiveArtifacts')[0].map.fingerprint && s.build.of('archiveArtifacts')[0].map.allowEmptyArchive && s.build.of('archiveArtifacts')[0].map.excludes == folder + '/request.json'
    },
    'a check that was posted is not published again': { s ->
        s.answer(posted: true)
        s.call('proofmarkGate')
        assert s.build.of('publishChecks').empty
    },
    'each one may be missing': { s ->
        for (String step : Build.OPTIONAL) {
            s.build.absent.clear()
            s.build.absent.add(step)
            s.answer(jenkins: [result: 'UNSTABLE', message: 'm'])
            s.build.of('unstable').clear()
            assert s.call('proofmarkGate').result == 'UNSTABLE'
            assert s.build.log.toString().contains('the step ' + (step == 'issues' ? 'recordIssues' : step) + ' is not there')
        }
    },
    'all may be missing': { s ->
        s.build.absent.addAll(Build.OPTIONAL)
        s.answer([jenkins: [result: 'FAILURE', message: 'BLOCKED']], 1)
        assert s.problem(AbortException) { s.call('proofmarkGate') } == 'BLOCKED'
    },
    'one that breaks hides no verdict': { s ->
        for (String step : Build.OPTIONAL) {
            s.build.broken.clear()
            s.build.broken[step] = { new IllegalArgumentException('unknown parameter') }
            s.answer([jenkins: [result: 'FAILURE', message: 'BLOCKED']], 1)
            assert s.problem(AbortException) { s.call('proofmarkGate') } == 'BLOCKED'
            assert s.build.log.toString().contains('unknown parameter')
            s.build.log.length = 0
        }
    },
    'plugins that do not go together are no missing ones, and hide no verdict': { s ->
        for (Throwable broken in [new NoSuchMethodError('groovy.lang.Closure.oops()'), new NoClassDefFoundError('hudson/oops')]) {
            s.build.log.length = 0
            s.build.broken.junit = { broken }
            s.answer([jenkins: [result: 'FAILURE', message: 'BLOCKED']], 1)
            assert s.problem(AbortException) { s.call('proofmarkGate') } == 'BLOCKED'
            assert s.build.log.toString().contains('oops') && !s.build.log.toString().contains('junit is not there')
        }
    },
    'a comparison and a job that was started take nothing from the gate': { s ->
        s.answer(jenkins: [stage: 'proofmark: ml/widgets', description: 'proofmark: ml/widgets: BLOCKED'])
        s.call('proofmarkGate')
        s.answer(jenkins: [stage: 'proofmark: ml/widgets', description: 'proofmark: ml/widgets: 1 regressed'])
        s.call('proofmarkCompare')
        assert s.build.currentBuild.description == 'proofmark: ml/widgets: BLOCKED'
        s.answer(jenkins: [stage: 'proofmark: ml/widgets', description: 'proofmark: ml/widgets: ml/train #3: SUCCESS'])
        s.call('proofmarkTrigger', [job: 'ml/train'])
        assert s.build.currentBuild.description == 'proofmark: ml/widgets: BLOCKED\nproofmark: ml/widgets: ml/train #3: SUCCESS'
        assert s.build.of('publishHTML').take(2)*.map*.target*.reportName == ['proofmark: ml/widgets', 'proofmark: ml/widgets (comparison)']
    },
    'what is skipped is not called': { s ->
        s.answer()
        s.call('proofmarkGate', [skip: ['junit', 'issues', 'html', 'checks', 'archive', 'description']])
        assert s.build.calls.findAll { it.step in Build.OPTIONAL }.empty
        assert s.build.currentBuild.description == null
        s.call('proofmarkGate', [skip: 'html'])
        assert s.build.of('publishHTML').empty && s.build.of('junit').size() == 1
    },
    'only files that are there are published': { s ->
        s.answer(files: [json: 'comparison.json', html: 'comparison.html'])
        s.call('proofmarkCompare')
        assert s.build.of('junit').empty && s.build.of('recordIssues').empty && s.build.of('publishChecks').empty
        assert s.build.of('publishHTML')[0].map.target.reportFiles == 'comparison.html'
        s.answer(files: [:])
        s.call('proofmarkCompare')
        assert s.build.of('publishHTML').size() == 1
        assert s.build.log.toString() == ''
    },
]
