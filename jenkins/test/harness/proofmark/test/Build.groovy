package proofmark.test

import org.codehaus.groovy.control.CompilerConfiguration
import org.codehaus.groovy.control.customizers.ImportCustomizer
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.locks.ReentrantLock

/** A build with a workspace: keeps what its steps were called with, and does as much of their work as a test needs. */
class Build {
    /** Steps of plugins that may be missing. */
    static final List<String> OPTIONAL = ['junit', 'issues', 'recordIssues', 'publishHTML', 'publishChecks', 'archiveArtifacts']

    final File library
    final File workspace
    final Environment env = new Environment()
    final Map params = [:]
    final Map currentBuild = [description: null, result: null]
    final List<Call> calls = Collections.synchronizedList([])
    final Map<String, Map> credentials = [:]
    final Set<String> absent = new HashSet<>()
    /** Steps that end in an exception of their own, by name. */
    final Map<String, Closure<Throwable>> broken = [:]
    final StringBuffer log = new StringBuffer()
    boolean isUnix = true
    /** Takes the place of a real shell: gets the text of the command, gives the status or the output. */
    Closure shell = null
    Map scm = [GIT_COMMIT: '0' * 40, GIT_URL: 'https://github.com/acme/widgets.git']

    /** Held by the branch that runs. */
    final ReentrantLock engine = new ReentrantLock()

    private final Map<String, Script> variables = new ConcurrentHashMap<String, Script>()
    private final GroovyClassLoader loader
    private final InheritableThreadLocal<List<String>> inside = new InheritableThreadLocal<List<String>>() {
        @Override
        protected List<String> initialValue() { [] }

        @Override
        protected List<String> childValue(List<String> parent) { new ArrayList<>(parent) }
    }

    Build(File library, File workspace, GroovyClassLoader loader) {
        this.library = library
        this.workspace = workspace
        this.loader = loader
    }

    /** A loader that knows the library's classes. Compiled once for all builds. */
    static GroovyClassLoader loader(File library) {
        CompilerConfiguration configuration = new CompilerConfiguration()
        configuration.scriptBaseClass = PipelineScript.name
        configuration.addCompilationCustomizers(new ImportCustomizer().addImports('org.jenkinsci.plugins.workflow.libs.Library'))
        GroovyClassLoader loader = new GroovyClassLoader(Build.classLoader, configuration)
        loader.addClasspath(new File(library, 'src').path)
        return loader
    }

    /** A variable of the library: one instance for the whole build. */
    Script variable(String name) {
        File file = new File(library, 'vars/' + name + '.groovy')
        if (!file.file) {
            return null
        }
        return variables.computeIfAbsent(name) { instance(synchronizedParse(file)) }
    }

    /** Runs a pipeline. */
    Object pipeline(String text, String name = 'Jenkinsfile') {
        Script script
        synchronized (Build) {
            script = instance(loader.parseClass(text, name.replaceAll('[^A-Za-z0-9]', '_') + '.groovy'))
        }
        return script.run()
    }

    private Class synchronizedParse(File file) {
        synchronized (Build) {
            return loader.parseClass(new GroovyCodeSource(file, 'UTF-8'), true)
        }
    }

    private Script instance(Class type) {
        Script script = (Script) type.newInstance()
        script.binding = new Binding([build: this])
        return script
    }

    /** The calls of a step. */
    List<Call> of(String step) {
        return calls.findAll { it.step == step }
    }

    /** One step. */
    Object step(String name, List arguments) {
        calls.add(new Call(step: name, arguments: arguments, blocks: new ArrayList<>(inside.get())))
        if (name in absent) {
            throw new NoSuchMethodError("No such DSL method '$name' found among steps [sh, echo]")
        }
        if (broken[name]) {
            throw broken[name]()
        }
        Steps steps = new Steps(this)
        if (!steps.metaClass.respondsTo(steps, name)) {
            throw new NoSuchMethodError("No such DSL method '$name' found among steps [sh, echo]")
        }
        return steps.invokeMethod(name, arguments as Object[])
    }

    /** Runs a body inside of a block step. */
    Object block(String name, Closure body) {
        inside.get().add(name)
        try {
            return body()
        } finally {
            inside.get().with { it.remove(it.size() - 1) }
        }
    }

    /** Does something outside of the engine, during which another branch may run. */
    Object aside(Closure work) {
        boolean held = engine.heldByCurrentThread
        if (held) {
            engine.unlock()
        }
        try {
            return work()
        } finally {
            if (held) {
                engine.lock()
            }
        }
    }

    /** Everything that a reader of the log, of the pipeline's steps and of the workspace could see. */
    String visible() {
        StringBuilder text = new StringBuilder(log)
        calls.each { text << it.step << ' ' << it.arguments.findAll { !(it instanceof Closure) } << '\n' }
        workspace.eachFileRecurse(groovy.io.FileType.FILES) {
            if (!it.path.contains('/.git/')) {
                text << it.getText('ISO-8859-1') << '\n'
            }
        }
        text << currentBuild
        return text
    }
}

/** One call of a step. */
class Call {
    String step
    List arguments
    List<String> blocks

    /** The named arguments. */
    Map getMap() {
        return (Map) arguments.find { it instanceof Map } ?: [:]
    }

    @Override
    String toString() {
        return step + arguments
    }
}
