package proofmark

import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

/**
 * Hands the files of a result to the plugins that are there. None of them may hide the verdict: what goes wrong here is told
 * in the log, and an abort of the build goes through.
 */
class Publisher implements Serializable {
    private static final long serialVersionUID = 1L

    private final Object script

    Publisher(Object script) {
        this.script = script
    }

    void publish(Map result, String folder, List skip) {
        Map files = result.files
        String title = plain(result.jenkins.stage)
        // Results are set by the step alone, and checks are published once.
        if (files.junit && !skip.contains('junit')) {
            attempt('junit') {
                script.junit(testResults: folder + '/' + files.junit, allowEmptyResults: true, skipPublishingChecks: true, skipMarkingBuildUnstable: true)
            }
        }
        if (files.issues && !skip.contains('issues')) {
            attempt('recordIssues') {
                Object tool = script.issues(pattern: folder + '/' + files.issues, id: result.id, name: title)
                script.recordIssues(tools: [tool], enabledForFailure: true, skipPublishingChecks: true)
            }
        }
        if (files.html && !skip.contains('html')) {
            attempt('publishHTML') {
                script.publishHTML(target: [
                    reportDir: folder, reportFiles: files.html, includes: files.html, reportName: page(result.step, title), allowMissing: true,
                    alwaysLinkToLastBuild: true, keepAll: true,
                ])
            }
        }
        if (files.checks && !result.posted && !skip.contains('checks')) {
            attempt('publishChecks') {
                Map check = Json.read(script.readFile(file: folder + '/' + files.checks, encoding: 'UTF-8'))
                if (check != null) {
                    script.publishChecks(check)
                }
            }
        }
        if (!skip.contains('archive')) {
            attempt('archiveArtifacts') {
                script.archiveArtifacts(artifacts: folder + '/**', excludes: folder + '/request.json', fingerprint: true, allowEmptyArchive: true)
            }
        }
        // A comparison judges nothing: its line would take the place of the gate's.
        if (!skip.contains('description') && result.step != 'compare') {
            describe(result)
        }
    }

    /** One line for each subject that was judged, the last one counts; and one for each job that was started. */
    private void describe(Map result) {
        String line = plain(result.jenkins.description)
        String start = plain(result.jenkins.stage) + ': '
        String known = script.currentBuild.description ?: ''
        boolean isJudged = result.step in ['gate', 'report']
        List kept = known.tokenize('\n').findAll { it != line && !(isJudged && it.startsWith(start)) }
        script.currentBuild.description = (kept + [line]).join('\n')
    }

    /** The page of a comparison has a name of its own: plugins keep one page for each name. */
    private static String page(Object step, String title) {
        return step == 'compare' ? title + ' (comparison)' : title
    }

    /** Texts that some formatters of Jenkins take for HTML: the same to read, and no tags. */
    private static String plain(Object text) {
        return String.valueOf(text).replace('<', '‹').replace('>', '›').replace('&', '＆')
    }

    private void attempt(String step, Closure work) {
        try {
            work()
        } catch (FlowInterruptedException interrupted) {
            throw interrupted
        } catch (NoSuchMethodError absent) {
            if (String.valueOf(absent.message).contains('No such DSL method')) {
                script.echo('proofmark: the step ' + step + ' is not there, so nothing is published by it')
            } else {
                script.echo('proofmark: ' + step + ' failed, and the verdict stands: ' + absent)
            }
        } catch (LinkageError broken) {
            // A plugin that does not go with another one.
            script.echo('proofmark: ' + step + ' failed, and the verdict stands: ' + broken)
        } catch (Exception problem) {
            script.echo('proofmark: ' + step + ' failed, and the verdict stands: ' + problem.message)
        }
    }
}
