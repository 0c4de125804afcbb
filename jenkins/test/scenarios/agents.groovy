// The installer on agents of other kinds: their programs are stood in for, one folder before the PATH.

import hudson.AbortException
import java.security.MessageDigest

String hash(File file) { MessageDigest.getInstance('SHA-256').digest(file.bytes).encodeHex().toString() }

/** A program of the agent. */
void program(s, String name, String text) {
    File folder = new File(s.build.workspace, 'bin')
    folder.mkdirs()
    File file = new File(folder, name)
    file.text = '#!/bin/sh\n' + text + '\n'
    file.executable = true
}

File archive(s) {
    File folder = new File(s.build.workspace, 'made/proofmark-0.1.0-x')
    folder.mkdirs()
    new File(folder, 'proofmark').text = '#!/bin/sh\necho hello\n'
    File file = new File(s.build.workspace, 'archive.tar.gz')
    Process made = new ProcessBuilder('tar', '-czf', file.path, '-C', folder.parent, folder.name).redirectErrorStream(true).start()
    assert made.waitFor() == 0: made.text
    return file
}

/** An agent that has only these programs, and the folder's. */
void only(s, List names) {
    File folder = new File(s.build.workspace, 'bin')
    folder.mkdirs()
    names.each { name ->
        File found = System.getenv('PATH').split(':').collect { new File(it, name) }.find { it.file }
        java.nio.file.Files.createSymbolicLink(new File(folder, name).toPath(), found.toPath())
    }
    s.build.env.PATH = folder.path
}

List<String> COMMON = ['sh', 'tar', 'gzip', 'cp', 'mv', 'rm', 'mkdir', 'mktemp', 'cut', 'grep', 'head', 'chmod', 'cmp', 'cat']

/** What is asked of the mirror on an agent of this kind. */
String asked(s, String system, String machine) {
    File file = archive(s)
    program(s, 'uname', "case \$1 in -s) echo $system;; -m) echo $machine;; esac")
    program(s, 'curl', 'for last; do :; done; echo "$last" >>"$HOME.asked"; while [ "$1" != --output ]; do shift; done; cp "' + file.path.replace('$', '\\$') + '" "$2"')
    s.build.env.PATH = s.build.workspace.path + '/bin:' + System.getenv('PATH')
    File log = new File(s.build.workspace.path + '-home.asked')
    try {
        s.answer()
        s.call('proofmarkGate', [mirror: 'https://m.example.org/x/', version: '0.1.0', sha256: hash(file), cache: s.build.workspace.path + '/cache ' + machine + system])
        assert new ProcessBuilder(s.requests.last().environment.PROOFMARK_BINARY).start().text == 'hello\n'
        return log.text.trim()
    } finally {
        log.delete()
    }
}

[
    'each system and processor has its archive': { s ->
        [
            ['Linux', 'x86_64']: 'x86_64-unknown-linux-musl', ['Linux', 'aarch64']: 'aarch64-unknown-linux-musl', ['Linux', 'arm64']: 'aarch64-unknown-linux-musl',
            ['Darwin', 'x86_64']: 'x86_64-apple-darwin', ['Darwin', 'arm64']: 'aarch64-apple-darwin',
        ].each { agent, target ->
            assert asked(s, agent[0], agent[1]) == 'https://m.example.org/x/v0.1.0/proofmark-0.1.0-' + target + '.tar.gz'
        }
    },
    'a system without a release is told': { s ->
        assert s.problem(AbortException) { asked(s, 'SunOS', 'sparc') }.contains('exit code 1')
        assert s.build.log.contains('nothing is released for SunOS on sparc: use toolHome')
        assert s.requests.empty
    },
    'an agent with wget and shasum alone': { s ->
        File file = archive(s)
        only(s, COMMON + ['uname'])
        String sum = hash(file)
        program(s, 'shasum', '[ "$1 $2" = "-a 256" ] && cat >/dev/null && echo "' + sum + '  -"')
        program(s, 'wget', 'for part; do case $part in --output-document=*) cp "$HOME/../' + s.build.workspace.name + '/archive.tar.gz" "${part#*=}";; esac; done')
        new File(s.build.workspace.path + '-home').mkdirs()
        s.answer()
        s.call('proofmarkGate', [mirror: 'https://m.example.org', version: '0.1.0', sha256: sum, cache: s.build.workspace.path + '/cache'])
        assert new ProcessBuilder(s.requests[0].environment.PROOFMARK_BINARY).start().text == 'hello\n'
    },
    'an agent that cannot check a hash runs nothing': { s ->
        File file = archive(s)
        only(s, COMMON)
        s.answer()
        assert s.problem(AbortException) {
            s.call('proofmarkGate', [archive: file.path, sha256: hash(file), cache: s.build.workspace.path + '/cache'])
        }.contains('exit code 1')
        assert s.build.log.contains('nothing on this agent computes SHA-256')
        assert s.requests.empty
    },
    'an agent that downloads nothing is told of archives': { s ->
        only(s, COMMON + ['uname', 'sha256sum'])
        s.answer()
        assert s.problem(AbortException) {
            s.call('proofmarkGate', [mirror: 'https://m.example.org', version: '0.1.0', sha256: '0' * 64, cache: s.build.workspace.path + '/cache'])
        }.contains('exit code 1')
        assert s.build.log.contains('neither curl nor wget is on this agent: use archive')
    },
    'an archive without the program is refused': { s ->
        File file = new File(s.build.workspace, 'archive.tar.gz')
        s.write('other/readme', 'x')
        assert new ProcessBuilder('tar', '-czf', file.path, '-C', s.build.workspace.path, 'other').start().waitFor() == 0
        s.answer()
        assert s.problem(AbortException) {
            s.call('proofmarkGate', [archive: file.path, sha256: hash(file), cache: s.build.workspace.path + '/cache'])
        }.contains('exit code 1')
        assert s.build.log.contains('the archive holds no proofmark')
    },
    'a path is told of, not run, when nobody said HOME': { s ->
        File file = archive(s)
        s.build.env.HOME = ''
        s.answer()
        assert s.problem(AbortException) { s.call('proofmarkGate', [archive: file.path, sha256: hash(file)]) }.contains('exit code')
        assert s.requests.empty
    },
]
