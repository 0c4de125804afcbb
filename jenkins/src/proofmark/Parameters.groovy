// Written by `proofmark jenkins library`; do not edit. The parameters of the steps are the options of proofmark's commands.
package proofmark

import com.cloudbees.groovy.cps.NonCPS

class Parameters implements Serializable {
    private static final long serialVersionUID = 1L

    @NonCPS
    static String library() { '0.1.0' }

    @NonCPS
    static int contract() { 1 }

    // By name: the kind of value, who handles it, all choices where they are known, and whether it must be given.
    @NonCPS
    static Map of(String step) {
        switch (step) {
            case 'gate': return [
                'base': [kind: 'text', part: 'command', choices: [], required: false],
                'head': [kind: 'text', part: 'command', choices: [], required: false],
                'baseIs': [kind: 'choice', part: 'command', choices: ['merge-base', 'tip'], required: false],
                'defaultBranch': [kind: 'text', part: 'command', choices: [], required: false],
                'config': [kind: 'text', part: 'command', choices: [], required: false],
                'targets': [kind: 'list', part: 'command', choices: [], required: false],
                'headRun': [kind: 'list', part: 'command', choices: [], required: false],
                'baseRun': [kind: 'list', part: 'command', choices: [], required: false],
                'all': [kind: 'boolean', part: 'command', choices: [], required: false],
                'maxRows': [kind: 'number', part: 'command', choices: [], required: false],
                'template': [kind: 'text', part: 'command', choices: [], required: false],
                'branch': [kind: 'text', part: 'command', choices: [], required: false],
                'failOn': [kind: 'choice', part: 'command', choices: ['block', 'notice', 'never'], required: false],
                'post': [kind: 'boolean', part: 'command', choices: [], required: false],
                'dryRun': [kind: 'boolean', part: 'command', choices: [], required: false],
                'comment': [kind: 'choice', part: 'command', choices: ['update', 'recreate', 'hide-and-recreate', 'delete-when-fixed', 'only-on-change', 'off'], required: false],
                'commentKey': [kind: 'text', part: 'command', choices: [], required: false],
                'commentAuthor': [kind: 'text', part: 'command', choices: [], required: false],
                'check': [kind: 'text', part: 'command', choices: [], required: false],
                'status': [kind: 'text', part: 'command', choices: [], required: false],
                'subject': [kind: 'text', part: 'command', choices: [], required: false],
                'repository': [kind: 'text', part: 'command', choices: [], required: false],
                'pullRequest': [kind: 'number', part: 'command', choices: [], required: false],
                'directory': [kind: 'text', part: 'command', choices: [], required: false],
                'skip': [kind: 'list', part: 'step', choices: ['junit', 'issues', 'html', 'checks', 'archive', 'description'], required: false],
                'githubCredentialsId': [kind: 'text', part: 'step', choices: [], required: false],
                'secretTexts': [kind: 'map', part: 'step', choices: [], required: false],
                'folder': [kind: 'text', part: 'step', choices: [], required: false],
                'scm': [kind: 'map', part: 'step', choices: [], required: false],
                'version': [kind: 'text', part: 'step', choices: [], required: false],
                'toolHome': [kind: 'text', part: 'step', choices: [], required: false],
                'archive': [kind: 'text', part: 'step', choices: [], required: false],
                'mirror': [kind: 'text', part: 'step', choices: [], required: false],
                'sha256': [kind: 'text', part: 'step', choices: [], required: false],
                'cache': [kind: 'text', part: 'step', choices: [], required: false],
            ]
            case 'compare': return [
                'base': [kind: 'text', part: 'command', choices: [], required: false],
                'head': [kind: 'text', part: 'command', choices: [], required: false],
                'baseIs': [kind: 'choice', part: 'command', choices: ['merge-base', 'tip'], required: false],
                'defaultBranch': [kind: 'text', part: 'command', choices: [], required: false],
                'config': [kind: 'text', part: 'command', choices: [], required: false],
                'targets': [kind: 'list', part: 'command', choices: [], required: false],
                'headRun': [kind: 'list', part: 'command', choices: [], required: false],
                'baseRun': [kind: 'list', part: 'command', choices: [], required: false],
                'all': [kind: 'boolean', part: 'command', choices: [], required: false],
                'maxRows': [kind: 'number', part: 'command', choices: [], required: false],
                'template': [kind: 'text', part: 'command', choices: [], required: false],
                'directory': [kind: 'text', part: 'command', choices: [], required: false],
                'skip': [kind: 'list', part: 'step', choices: ['junit', 'issues', 'html', 'checks', 'archive', 'description'], required: false],
                'githubCredentialsId': [kind: 'text', part: 'step', choices: [], required: false],
                'secretTexts': [kind: 'map', part: 'step', choices: [], required: false],
                'folder': [kind: 'text', part: 'step', choices: [], required: false],
                'scm': [kind: 'map', part: 'step', choices: [], required: false],
                'version': [kind: 'text', part: 'step', choices: [], required: false],
                'toolHome': [kind: 'text', part: 'step', choices: [], required: false],
                'archive': [kind: 'text', part: 'step', choices: [], required: false],
                'mirror': [kind: 'text', part: 'step', choices: [], required: false],
                'sha256': [kind: 'text', part: 'step', choices: [], required: false],
                'cache': [kind: 'text', part: 'step', choices: [], required: false],
            ]
            case 'report': return [
                'report': [kind: 'text', part: 'command', choices: [], required: false],
                'pending': [kind: 'boolean', part: 'command', choices: [], required: false],
                'all': [kind: 'boolean', part: 'command', choices: [], required: false],
                'maxRows': [kind: 'number', part: 'command', choices: [], required: false],
                'template': [kind: 'text', part: 'command', choices: [], required: false],
                'config': [kind: 'text', part: 'command', choices: [], required: false],
                'failOn': [kind: 'choice', part: 'command', choices: ['block', 'notice', 'never'], required: false],
                'dryRun': [kind: 'boolean', part: 'command', choices: [], required: false],
                'comment': [kind: 'choice', part: 'command', choices: ['update', 'recreate', 'hide-and-recreate', 'delete-when-fixed', 'only-on-change', 'off'], required: false],
                'commentKey': [kind: 'text', part: 'command', choices: [], required: false],
                'commentAuthor': [kind: 'text', part: 'command', choices: [], required: false],
                'check': [kind: 'text', part: 'command', choices: [], required: false],
                'status': [kind: 'text', part: 'command', choices: [], required: false],
                'subject': [kind: 'text', part: 'command', choices: [], required: false],
                'repository': [kind: 'text', part: 'command', choices: [], required: false],
                'pullRequest': [kind: 'number', part: 'command', choices: [], required: false],
                'directory': [kind: 'text', part: 'command', choices: [], required: false],
                'skip': [kind: 'list', part: 'step', choices: ['junit', 'issues', 'html', 'checks', 'archive', 'description'], required: false],
                'githubCredentialsId': [kind: 'text', part: 'step', choices: [], required: false],
                'secretTexts': [kind: 'map', part: 'step', choices: [], required: false],
                'folder': [kind: 'text', part: 'step', choices: [], required: false],
                'scm': [kind: 'map', part: 'step', choices: [], required: false],
                'version': [kind: 'text', part: 'step', choices: [], required: false],
                'toolHome': [kind: 'text', part: 'step', choices: [], required: false],
                'archive': [kind: 'text', part: 'step', choices: [], required: false],
                'mirror': [kind: 'text', part: 'step', choices: [], required: false],
                'sha256': [kind: 'text', part: 'step', choices: [], required: false],
                'cache': [kind: 'text', part: 'step', choices: [], required: false],
            ]
            case 'trigger': return [
                'job': [kind: 'text', part: 'command', choices: [], required: true],
                'server': [kind: 'text', part: 'command', choices: [], required: false],
                'parameters': [kind: 'map', part: 'command', choices: [], required: false],
                'parametersFrom': [kind: 'map', part: 'command', choices: [], required: false],
                'fileParameters': [kind: 'map', part: 'command', choices: [], required: false],
                'branch': [kind: 'text', part: 'command', choices: [], required: false],
                'wait': [kind: 'boolean', part: 'command', choices: [], required: false],
                'follow': [kind: 'boolean', part: 'command', choices: [], required: false],
                'timeout': [kind: 'number', part: 'command', choices: [], required: false],
                'queueTimeout': [kind: 'number', part: 'command', choices: [], required: false],
                'key': [kind: 'text', part: 'command', choices: [], required: false],
                'keyParameter': [kind: 'text', part: 'command', choices: [], required: false],
                'keepOnInterrupt': [kind: 'boolean', part: 'command', choices: [], required: false],
                'failOn': [kind: 'choice', part: 'command', choices: ['unstable', 'failure'], required: false],
                'dryRun': [kind: 'boolean', part: 'command', choices: [], required: false],
                'directory': [kind: 'text', part: 'command', choices: [], required: false],
                'githubCredentialsId': [kind: 'text', part: 'step', choices: [], required: false],
                'secretTexts': [kind: 'map', part: 'step', choices: [], required: false],
                'jenkinsCredentialsId': [kind: 'text', part: 'step', choices: [], required: false],
                'folder': [kind: 'text', part: 'step', choices: [], required: false],
                'scm': [kind: 'map', part: 'step', choices: [], required: false],
                'version': [kind: 'text', part: 'step', choices: [], required: false],
                'toolHome': [kind: 'text', part: 'step', choices: [], required: false],
                'archive': [kind: 'text', part: 'step', choices: [], required: false],
                'mirror': [kind: 'text', part: 'step', choices: [], required: false],
                'sha256': [kind: 'text', part: 'step', choices: [], required: false],
                'cache': [kind: 'text', part: 'step', choices: [], required: false],
            ]
            case 'install': return [
                'version': [kind: 'text', part: 'step', choices: [], required: false],
                'toolHome': [kind: 'text', part: 'step', choices: [], required: false],
                'archive': [kind: 'text', part: 'step', choices: [], required: false],
                'mirror': [kind: 'text', part: 'step', choices: [], required: false],
                'sha256': [kind: 'text', part: 'step', choices: [], required: false],
                'cache': [kind: 'text', part: 'step', choices: [], required: false],
            ]
            default: return null
        }
    }
}
