package proofmark

/**
 * Where the binary comes from: what withProofmark found, a folder of tools, an archive on the agent, a mirror, or the PATH.
 *
 * Archives are unpacked by scripts of this library, which believe nothing whose SHA-256 is not the one that was written down.
 */
class Installer implements Serializable {
    private static final long serialVersionUID = 1L

    private final Object script

    Installer(Object script) {
        this.script = script
    }

    /** The path of the binary on this agent, or its name where it is to be found on the PATH. */
    String find(Map own) {
        boolean isTold = own.toolHome || own.archive || own.mirror
        String installed = script.env.PROOFMARK_INSTALLED
        if (!isTold && installed) {
            return installed
        }
        if (own.archive || own.mirror) {
            return unpacked(own)
        }
        boolean isUnix = script.isUnix()
        if (own.toolHome) {
            return isUnix ? own.toolHome + '/proofmark' : own.toolHome + '\\proofmark.exe'
        }
        return isUnix ? 'proofmark' : 'proofmark.exe'
    }

    /** The version that the pipeline insists on; null when it takes any. */
    String versionAsked(Map own) {
        String outside = script.env.PROOFMARK_INSTALLED_VERSION
        return own.version ?: (outside ? outside : null)
    }

    private String unpacked(Map own) {
        if (!own.sha256 || !(own.sha256.toLowerCase() ==~ /[0-9a-f]{64}/)) {
            script.error('proofmark: `archive` and `mirror` need `sha256`, the 64 hexadecimal digits of the archive for this agent: nothing is run that nobody vouched for')
        }
        if (own.mirror && !own.archive) {
            if (!(own.mirror ==~ /https?:\/\/[^\s?#@]+/)) {
                script.error('proofmark: `mirror` is no http or https address without user, query and fragment')
            }
            if (!own.version) {
                script.error('proofmark: `mirror` needs `version`')
            }
        }
        if (own.version && !(own.version ==~ /[0-9A-Za-z][0-9A-Za-z.+-]*/)) {
            script.error('proofmark: `version` is none: write it as 0.1.0')
        }
        List variables = [
            'PROOFMARK_ARCHIVE=' + (own.archive ?: ''), 'PROOFMARK_MIRROR=' + (own.mirror ?: ''), 'PROOFMARK_VERSION=' + (own.version ?: ''),
            'PROOFMARK_SHA256=' + own.sha256.toLowerCase(), 'PROOFMARK_CACHE_FOLDER=' + (own.cache ?: ''),
        ]
        String path = null
        script.withEnv(variables) {
            if (script.isUnix()) {
                path = script.sh(script: script.libraryResource('proofmark/install.sh'), returnStdout: true, label: 'install proofmark')
            } else {
                path = script.powershell(script: script.libraryResource('proofmark/install.ps1'), returnStdout: true, label: 'install proofmark')
            }
        }
        path = path.trim()
        if (path == '' || path.contains('\n')) {
            script.error('proofmark: the installation gave no path')
        }
        return path
    }
}
