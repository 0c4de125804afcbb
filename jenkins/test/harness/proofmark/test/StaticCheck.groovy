package proofmark.test

import org.codehaus.groovy.ast.ClassCodeVisitorSupport
import org.codehaus.groovy.ast.ClassNode
import org.codehaus.groovy.ast.ConstructorNode
import org.codehaus.groovy.ast.FieldNode
import org.codehaus.groovy.ast.MethodNode
import org.codehaus.groovy.ast.expr.*
import org.codehaus.groovy.ast.stmt.*
import org.codehaus.groovy.control.CompilationUnit
import org.codehaus.groovy.control.CompilerConfiguration
import org.codehaus.groovy.control.Phases
import org.codehaus.groovy.control.SourceUnit

/**
 * Finds Groovy that goes wrong under Jenkins' engine, most of it silently: closures handed to Java's own methods give the value of
 * their first call as that of the whole expression, some constructs do not compile, and some values cannot be saved.
 *
 * It looks at code as it is written, so that no class of Jenkins is needed.
 */
class StaticCheck {
    /** Methods that call a closure from Java or in a way that the engine does not replace. */
    static final Set<String> CLOSURES = ['sort', 'toSorted', 'unique', 'toUnique', 'eachLine', 'takeWhile', 'dropWhile', 'removeIf', 'computeIfAbsent',
        'computeIfPresent', 'compute', 'merge', 'replaceAll', 'forEach', 'stream', 'eachFile', 'eachFileRecurse', 'eachMatch', 'splitEachLine',
        'eachByte', 'withWriter', 'withReader', 'withStream', 'eachPermutation', 'eachCombination', 'flatMap'] as Set
    /** Methods that are replaced with closures of one argument and not with those of two. */
    static final Set<String> COMPARING = ['min', 'max'] as Set
    /** What replaces its closures after all, in the form with a pattern. */
    static final Set<String> BY_PATTERN = ['replaceAll'] as Set
    /** What the sandbox does not let through. */
    static final Set<String> FORBIDDEN_TYPES = ['File', 'URL', 'Thread', 'ProcessBuilder', 'Socket', 'FileInputStream', 'FileOutputStream', 'JsonSlurperClassic',
        'GroovyShell', 'Timer', 'LinkedHashMap', 'ArrayList'] as Set
    static final Set<String> FORBIDDEN_PROPERTIES = ['rawBuild'] as Set
    static final Set<String> SHELLS = ['sh', 'bat', 'powershell', 'pwsh'] as Set

    final List<String> found = []
    private final String name
    private final boolean isScript

    private StaticCheck(String name, boolean isScript) {
        this.name = name
        this.isScript = isScript
    }

    /** What is wrong in a file, as `name:line rule`. */
    static List<String> of(File file) {
        CompilationUnit unit = new CompilationUnit(new CompilerConfiguration())
        SourceUnit source = unit.addSource(file.name.replaceAll('[^A-Za-z0-9.]', '_'), file.getText('UTF-8'))
        StaticCheck check = new StaticCheck(file.name, true)
        try {
            unit.compile(Phases.CONVERSION)
        } catch (org.codehaus.groovy.control.CompilationFailedException broken) {
            return [file.name + ': does not parse: ' + broken.message.readLines().find { it.contains('@ line') }]
        }
        source.AST.classes.each { check.checkClass(it, source) }
        return check.found.unique()
    }

    private void add(org.codehaus.groovy.ast.ASTNode node, String rule) {
        found.add(name + ':' + node.lineNumber + ' ' + rule)
    }

    private static boolean isNonCps(node) {
        return node.annotations.any { it.classNode.nameWithoutPackage == 'NonCPS' }
    }

    private void checkClass(ClassNode type, SourceUnit source) {
        if (type.annotations.any { it.classNode.nameWithoutPackage == 'Trait' }) {
            add(type, 'trait')
        }
        Set<String> fast = type.methods.findAll { isNonCps(it) }*.name.toSet()
        Set<String> slow = type.methods.findAll { !isNonCps(it) }*.name.toSet() - fast
        for (MethodNode method : type.methods + type.declaredConstructors) {
            boolean free = isNonCps(method)
            if (!free && method.name in ['toString', 'equals', 'hashCode', 'compareTo', 'compare'] && !method.abstract) {
                add(method, 'no-noncps-' + method.name)
            }
            if (method.code != null) {
                Set<String> locals = method.parameters*.name.toSet()
                new Walker(check: this, source: source, free: free || method instanceof ConstructorNode, constructor: method instanceof ConstructorNode,
                    slow: slow, script: type.script, locals: locals, maps: method.parameters.findAll { isMap(it.type) }*.name.toSet()).visitMethodCode(method.code)
            }
        }
        for (FieldNode field : type.fields) {
            if (field.initialExpression != null && !field.static) {
                new Walker(check: this, source: source, free: true, constructor: true, slow: slow, script: false, locals: [] as Set, maps: [] as Set)
                    .visitMethodCode(new ExpressionStatement(field.initialExpression))
            }
            if (field.static && !field.final && !field.synthetic && !field.name.contains('$')) {
                add(field, 'mutable-static')
            }
        }
        type.properties.findAll { it.static && !java.lang.reflect.Modifier.isFinal(it.modifiers) }.each { add(it, 'mutable-static') }
    }

    private static boolean isMap(ClassNode type) {
        return type.nameWithoutPackage in ['Map', 'LinkedHashMap', 'HashMap', 'TreeMap']
    }

    /** Walks through one method. */
    static class Walker extends ClassCodeVisitorSupport {
        StaticCheck check
        SourceUnit source
        /** Not transformed by the engine. */
        boolean free
        boolean constructor
        Set<String> slow
        boolean script
        Set<String> locals
        /** Of the locals, those that are maps as far as can be seen. */
        Set<String> maps

        @Override
        protected SourceUnit getSourceUnit() { source }

        void visitMethodCode(Statement code) { code.visit(this) }

        private void add(node, String rule) { check.add(node, rule) }

        private static List<ClosureExpression> closures(Expression arguments) {
            return arguments instanceof TupleExpression ? ((TupleExpression) arguments).expressions.findAll { it instanceof ClosureExpression } : []
        }

        @Override
        void visitMethodCallExpression(MethodCallExpression call) {
            String method = call.methodAsString
            List<ClosureExpression> closures = closures(call.arguments)
            if (!free) {
                if (call.spreadSafe) {
                    add(call, 'spread-method')
                }
                boolean byPattern = method in BY_PATTERN && ((TupleExpression) call.arguments).expressions.size() > 1
                if (method in CLOSURES && !byPattern && (!closures.empty || isHandedOn(call.arguments))) {
                    add(call, 'closure-of-' + method)
                }
                // A map and a list may also be sorted without a closure, and are then replaced by nothing: fine.
                if (method in COMPARING && closures.any { it.parameters != null && it.parameters.length > 1 }) {
                    add(call, 'closure-of-' + method)
                }
                if (method == 'stream' || method == 'parallelStream') {
                    add(call, 'stream')
                }
                if (method in ['each', 'collect', 'any', 'every', 'find', 'findAll'] && call.objectExpression instanceof ListExpression &&
                    ((ListExpression) call.objectExpression).expressions.any { it instanceof ListExpression } &&
                    closures.any { it.parameters != null && it.parameters.length > 1 }) {
                    add(call, 'spread-arguments')
                }
            }
            boolean isOwn = call.implicitThis || call.objectExpression.text == 'this'
            boolean isStep = call.objectExpression.text in ['script', 'steps', 'this.script', 'this.steps'] ||
                (isOwn && method in ['sh', 'bat', 'echo', 'error', 'readFile', 'writeFile', 'unstable', 'junit', 'withEnv'])
            if (free && isStep) {
                add(call, constructor ? 'step-in-constructor' : 'step-in-noncps')
            }
            if (free && isOwn && method in slow) {
                add(call, constructor ? 'cps-in-constructor' : 'cps-in-noncps')
            }
            if (method in SHELLS && isShellSpliced(call.arguments)) {
                add(call, 'spliced-shell')
            }
            if (method == 'execute' && call.objectExpression instanceof ConstantExpression) {
                add(call, 'sandbox-execute')
            }
            if (call.objectExpression.text in ['System', 'java.lang.System'] && method in ['getenv', 'getProperty', 'exit']) {
                add(call, 'sandbox-System')
            }
            if (call.objectExpression.text == 'Long' && method == 'valueOf') {
                add(call, 'sandbox-Long')
            }
            if (call.objectExpression.text in ['Jenkins', 'jenkins.model.Jenkins'] || method == 'getRawBuild') {
                add(call, 'sandbox-Jenkins')
            }
            super.visitMethodCallExpression(call)
        }

        /** A closure that comes by its name, or a method as one. */
        private static boolean isHandedOn(Expression arguments) {
            return arguments instanceof TupleExpression && !((TupleExpression) arguments).expressions.empty &&
                (((TupleExpression) arguments).expressions.last() instanceof VariableExpression ||
                    ((TupleExpression) arguments).expressions.last() instanceof MethodPointerExpression)
        }

        /** A command that values were pasted into. */
        private static boolean isShellSpliced(Expression arguments) {
            List<Expression> all = arguments instanceof TupleExpression ? ((TupleExpression) arguments).expressions : [arguments]
            return all.any { Expression argument ->
                if (argument instanceof MapExpression) {
                    return ((MapExpression) argument).mapEntryExpressions.any { it.keyExpression.text == 'script' && isSpliced(it.valueExpression) }
                }
                return isSpliced(argument)
            }
        }

        private static boolean isSpliced(Expression expression) {
            // `"...".stripIndent()` and the like.
            if (expression instanceof MethodCallExpression) {
                return isSpliced(((MethodCallExpression) expression).objectExpression)
            }
            return expression instanceof GStringExpression || (expression instanceof BinaryExpression && ((BinaryExpression) expression).operation.text == '+')
        }

        @Override
        void visitPropertyExpression(PropertyExpression property) {
            if (property.propertyAsString in FORBIDDEN_PROPERTIES) {
                add(property, 'sandbox-' + property.propertyAsString)
            }
            if (property.text in ['Jenkins.instance', 'jenkins.model.Jenkins.instance']) {
                add(property, 'sandbox-Jenkins')
            }
            super.visitPropertyExpression(property)
        }

        @Override
        void visitConstructorCallExpression(ConstructorCallExpression call) {
            String type = call.type.nameWithoutPackage
            if (type in FORBIDDEN_TYPES) {
                add(call, 'sandbox-' + type)
            }
            super.visitConstructorCallExpression(call)
        }

        @Override
        void visitClosureExpression(ClosureExpression closure) {
            if (!free && closure.parameters?.any { it.hasInitialExpression() }) {
                add(closure, 'closure-default')
            }
            Set<String> outside = locals
            locals = outside + (closure.parameters*.name ?: [])
            super.visitClosureExpression(closure)
            locals = outside
        }

        @Override
        void visitGStringExpression(GStringExpression text) {
            if (!free && text.values.any { it instanceof ClosureExpression }) {
                add(text, 'gstring-closure')
            }
            super.visitGStringExpression(text)
        }

        @Override
        void visitSwitch(SwitchStatement statement) {
            if (!free && statement.caseStatements.any { it.expression instanceof ClosureExpression }) {
                add(statement, 'switch-closure')
            }
            super.visitSwitch(statement)
        }

        @Override
        void visitForLoop(ForStatement loop) {
            // Over something that is called a map, or is one, the entries themselves are held.
            Expression over = loop.collectionExpression
            boolean isMap = over instanceof MapExpression || over.text ==~ /(?i).*map/ || (over instanceof VariableExpression && over.text in maps)
            if (!free && isMap) {
                add(loop, 'for-in-map')
            }
            if (!free && loop.variableType.nameWithoutPackage in ['Entry', 'Map.Entry']) {
                add(loop, 'for-in-map')
            }
            locals.add(loop.variable.name)
            super.visitForLoop(loop)
        }

        @Override
        void visitCatchStatement(CatchStatement statement) {
            locals.add(statement.variable.name)
            super.visitCatchStatement(statement)
        }

        @Override
        void visitDeclarationExpression(DeclarationExpression declaration) {
            if (!declaration.multipleAssignmentDeclaration) {
                locals.add(declaration.variableExpression.name)
                if (isMap(declaration.variableExpression.originType) || declaration.rightExpression instanceof MapExpression) {
                    maps.add(declaration.variableExpression.name)
                }
            }
            super.visitDeclarationExpression(declaration)
        }

        @Override
        void visitBinaryExpression(BinaryExpression expression) {
            // In a script, what is assigned without `def` is shared by all branches.
            if (script && expression.operation.text == '=' && !(expression instanceof DeclarationExpression) &&
                expression.leftExpression instanceof VariableExpression && !(((VariableExpression) expression.leftExpression).name in locals)) {
                add(expression, 'global')
            }
            if (!free && expression.operation.text == '=') {
                Expression value = expression.rightExpression
                if (value instanceof BinaryExpression && ((BinaryExpression) value).operation.text == '=~') {
                    add(expression, 'held-matcher')
                }
                if (value.text.contains('JsonSlurper') && !value.text.contains('JsonSlurperClassic')) {
                    add(expression, 'held-json')
                }
            }
            super.visitBinaryExpression(expression)
        }
    }
}
