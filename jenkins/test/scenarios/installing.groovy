// Where the binary comes from. Archives are made here, and unpacked by the library's own script in a real shell.

import hudson.AbortException
import java.security.MessageDigest

String hash(File file) { MessageDigest.getInstance('SHA-256').digest(file.bytes).encodeHex().toString() }

/** An archive as a release has it, whose program says a word. */
File archive(s, String word, String name = 'archive.tar.gz') {
    File folder = new File(s.build.workspace, 'made/proofmark-0.1.0-x')
    folder.mkdirs()
    File program = new File(folder, 'proofmark')
    program.text = '#!/bin/sh\necho ' + word + '\n'
    program.executable = true
    File file = new File(s.build.workspace, name)
    Process made = new ProcessBuilder('tar', '-czf', file.path, '-C', folder.parent, folder.name).redirectErrorStream(true).start()
    assert made.waitFor() == 0: made.text
    folder.parentFile.deleteDir()
    return file
}

/** What the installed program says. */
String said(String path) { new ProcessBuilder(path).start().text.trim() }

/** The binary that a step would start. */
String found(s, Map arguments) {
    s.answer()
    s.call('proofmarkGate', arguments)
    return s.requests.last().environment.PROOFMARK_BINARY
}

[
    'by default it is on the path': { s -> assert found(s, [:]) == 'proofmark' },
    'a folder of tools': { s -> assert found(s, [toolHome: '/opt/tools']) == '/opt/tools/proofmark' },
    'an archive on the agent': { s ->
        File file = archive(s, 'hello')
        String path = found(s, [archive: file.path, sha256: hash(file).toUpperCase(), cache: s.build.workspace.path + '/cache'])
        assert said(path) == 'hello'
        assert path.startsWith(s.build.workspace.path + '/cache/')
        // From the cache, without the archive.
        assert file.delete()
        file.text = 'gone'
        assert said(found(s, [archive: file.path, sha256: path.split('/')[-2], cache: s.build.workspace.path + '/cache'])) == 'hello'
    },
    'an archive with another hash is not unpacked': { s ->
        File file = archive(s, 'hello')
        assert s.problem(AbortException) { found(s, [archive: file.path, sha256: '0' * 64, cache: s.build.workspace.path + '/cache']) }.contains('exit code 1')
        assert s.build.log.contains('nothing of it was run')
        assert !new File(s.build.workspace, 'cache').eachFileRecurse { assert it.name != 'proofmark' }
        assert s.requests.empty
    },
    'an archive without proofmark': { s ->
        File file = new File(s.build.workspace, 'other.tar.gz')
        assert new ProcessBuilder('tar', '-czf', file.path, '-C', '/', 'etc/hostname').start().waitFor() == 0
        s.problem(AbortException) { found(s, [archive: file.path, sha256: hash(file), cache: s.build.workspace.path + '/cache']) }
        assert s.build.log.contains('holds no proofmark')
    },
    'what lies in the cache is not believed': { s ->
        File file = archive(s, 'hello')
        Map arguments = [archive: file.path, sha256: hash(file), cache: s.build.workspace.path + '/cache']
        String path = found(s, arguments)
        new File(path).text = '#!/bin/sh\necho evil\n'
        assert said(found(s, arguments)) == 'hello'
        // The archive in the cache, too.
        File kept = new File(new File(path).parentFile, 'archive.tar.gz')
        archive(s, 'evil', 'evil.tar.gz').renameTo(kept)
        assert said(found(s, arguments)) == 'hello'
        assert s.build.log.contains('the cache held another archive')
    },
    'what changes while it is unpacked is not believed': { s ->
        File file = archive(s, 'hello')
        File evil = archive(s, 'evil', 'evil.tar.gz')
        // A `cp` that gives another archive where the one of the cache is taken.
        File copy = new File(s.build.workspace, 'bin/cp')
        copy.parentFile.mkdirs()
        copy.text = '#!/bin/sh\ncase "$3" in */own.tar.gz) /bin/cp -- "$EVIL" "$3" ;; *) /bin/cp "$@" ;; esac\n'
        copy.executable = true
        s.build.env.PATH = copy.parent + ':' + System.getenv('PATH')
        s.build.env.EVIL = evil.path
        s.problem(AbortException) { found(s, [archive: file.path, sha256: hash(file), cache: s.build.workspace.path + '/cache']) }
        assert s.build.log.contains('has just been changed')
        assert s.requests.empty
    },
    'an installation that tells no path is none': { s ->
        for (String told : ['', '\n', 'a\nb\n']) {
            s.build.shell = { text, named -> told }
            assert s.problem(AbortException) { s.call('proofmarkGate', [archive: 'x', sha256: '0' * 64]) }.contains('gave no path')
        }
    },
    'nothing is run that nobody vouched for': { s ->
        File file = archive(s, 'hello')
        assert s.problem(AbortException) { found(s, [archive: file.path]) }.contains('need `sha256`')
        assert s.problem(AbortException) { found(s, [archive: file.path, sha256: 'abc']) }.contains('64 hexadecimal')
        assert s.problem(AbortException) { found(s, [mirror: 'https://m', sha256: '0' * 64]) }.contains('needs `version`')
        for (String mirror : ['ftp://m', 'https://u:p@m', 'https://m?x', 'https://m/#x', '$(x)']) {
            assert s.problem(AbortException) { found(s, [mirror: mirror, version: '0.1.0', sha256: '0' * 64]) }.contains('no http')
        }
        assert s.problem(AbortException) { found(s, [mirror: 'https://m', version: '../x', sha256: '0' * 64]) }.contains('`version` is none')
        assert s.build.of('sh').empty
    },
    'a mirror': { s ->
        File file = archive(s, 'mirrored')
        String system = ['uname', '-s'].execute().text.trim()
        String machine = ['uname', '-m'].execute().text.trim()
        String target = system == 'Linux' ? machine + '-unknown-linux-musl' : (machine == 'arm64' ? 'aarch64' : machine) + '-apple-darwin'
        List asked = Collections.synchronizedList([])
        com.sun.net.httpserver.HttpServer server = com.sun.net.httpserver.HttpServer.create(new InetSocketAddress('127.0.0.1', 0), 0)
        server.createContext('/') { exchange ->
            asked.add(exchange.requestURI.path)
            byte[] bytes = exchange.requestURI.path == '/files/v0.1.0/proofmark-0.1.0-' + target + '.tar.gz' ? file.bytes : new byte[0]
            exchange.sendResponseHeaders(bytes.length > 0 ? 200 : 404, bytes.length > 0 ? bytes.length : -1)
            exchange.responseBody.write(bytes)
            exchange.close()
        }
        server.start()
        try {
            String mirror = 'http://127.0.0.1:' + server.address.port + '/files/'
            Map arguments = [mirror: mirror, version: '0.1.0', sha256: hash(file), cache: s.build.workspace.path + '/cache']
            assert said(found(s, arguments)) == 'mirrored'
            assert said(found(s, arguments)) == 'mirrored'
            assert asked.size() == 1
            assert s.problem(AbortException) { found(s, arguments + [sha256: '1' * 64]) }.contains('exit code')
            assert s.problem(AbortException) { found(s, arguments + [version: '0.2.0', sha256: '2' * 64]) }.contains('exit code')
            assert s.build.log.contains('cannot be downloaded')
        } finally {
            server.stop(0)
        }
    },
    'two at once share a cache': { s ->
        File file = archive(s, 'hello')
        Map arguments = [archive: file.path, sha256: hash(file), cache: s.build.workspace.path + '/cache']
        List paths = Collections.synchronizedList([])
        s.answer()
        List threads = (1..6).collect { Thread.start { s.call('proofmarkGate', arguments) } }
        threads*.join()
        assert s.requests.size() == 6
        assert s.requests.every { said(it.environment.PROOFMARK_BINARY) == 'hello' }
        assert !new File(new File(s.requests[0].environment.PROOFMARK_BINARY).parent).list().any { it.startsWith('.work') }
    },
    'withProofmark holds for its block': { s ->
        s.answer()
        s.build.pipeline("node { withProofmark(toolHome: '/opt/x', version: '0.1.0') { proofmarkGate()\n proofmarkGate(toolHome: '/opt/y') }\n proofmarkGate() }")
        assert s.requests*.environment*.PROOFMARK_BINARY == ['/opt/x/proofmark', '/opt/y/proofmark', 'proofmark']
        assert s.problem(AbortException) { s.build.pipeline("node { withProofmark(version: '9.9.9') { proofmarkGate() } }") }.contains('9.9.9')
        assert s.problem(AbortException) { s.build.pipeline('node { withProofmark(base: 1) { } }') }.contains('no parameter `base`')
        assert s.build.pipeline("node { withProofmark(toolHome: '/opt/x') { 'given back' } }") == 'given back'
    },
    'windows unpacks by PowerShell': { s ->
        s.build.isUnix = false
        s.answer()
        Closure command = s.build.shell
        s.build.shell = { text, named -> text.contains('Get-FileHash') ? 'C:\\cache\\proofmark.exe\r\n' : command(text, named) }
        s.call('proofmarkGate', [mirror: 'https://m', version: '0.1.0', sha256: 'A' * 64])
        assert s.requests[0].environment.PROOFMARK_BINARY == 'C:\\cache\\proofmark.exe'
        assert s.build.of('powershell')[0].map.script == new File(s.build.library, 'resources/proofmark/install.ps1').text
    },
]
