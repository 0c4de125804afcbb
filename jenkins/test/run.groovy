// Runs every scenario of the folder `scenarios` on a build of its own: LIBRARY [BINARY]. Ends with 1 when one fails.

import proofmark.test.Build
import proofmark.test.Scenario

File library = new File(args[0]).canonicalFile
String binary = args.length > 1 ? args[1] : null
GroovyClassLoader loader = Build.loader(library)

Map scenarios = [:]
new File(library, 'test/scenarios').listFiles().findAll { it.name.endsWith('.groovy') }.sort { it.name }.each { file ->
    Map found = (Map) new GroovyShell(this.class.classLoader).evaluate(file)
    found.each { name, body -> scenarios[file.name.replace('.groovy', '') + ': ' + name] = body }
}

int failed = 0
scenarios.each { name, body ->
    File workspace = File.createTempDir('proofmark-', ' work (x) %y%')
    Build build = new Build(library, workspace, loader)
    long began = System.currentTimeMillis()
    String told = 'ok'
    try {
        body(new Scenario(build, binary))
        // Whatever else a scenario is about: secrets are for the environment alone.
        String visible = build.visible()
        build.credentials.each { id, known -> assert !visible.contains((String) known.secret): "the secret of $id can be seen" }
        build.calls.findAll { it.step in ['sh', 'bat', 'powershell'] }.each { call ->
            assert !(call.map.script instanceof GString): 'a command line was put together'
        }
    } catch (Throwable problem) {
        failed++
        told = 'FAILED ' + problem
        problem.stackTrace.findAll { it.fileName?.endsWith('.groovy') }.take(6).each { told += '\n    ' + it }
        told += '\n    log: ' + build.log.toString().trim().replace('\n', '\n         ')
    }
    workspace.deleteDir()
    new File(workspace.path + '-home').deleteDir()
    printf('%-74s %5d ms  %s%n', name, System.currentTimeMillis() - began, told)
}
printf('%d scenarios, %d failed%n', scenarios.size(), failed)
System.exit(failed == 0 && scenarios.size() > 0 ? 0 : 1)
