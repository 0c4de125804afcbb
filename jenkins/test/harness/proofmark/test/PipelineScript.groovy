package proofmark.test

/** What pipelines and the library's variables are scripts of: their own methods, other variables, then the steps of the build. */
abstract class PipelineScript extends Script {
    @Override
    Object invokeMethod(String name, Object arguments) {
        Object[] all = arguments instanceof Object[] ? (Object[]) arguments : [arguments] as Object[]
        MetaMethod own = getMetaClass().getMetaMethod(name, all)
        // Methods of Script itself (`println`, `run`) are none of a pipeline's steps.
        if (own != null && own.declaringClass.theClass == getClass()) {
            return own.invoke(this, all)
        }
        Build build = (Build) getBinding().getVariable('build')
        Script variable = build.variable(name)
        if (variable != null) {
            return variable.getMetaClass().invokeMethod(variable, 'call', all)
        }
        return build.step(name, all as List)
    }

    @Override
    Object getProperty(String name) {
        if (name in ['binding', 'metaClass', 'class']) {
            return super.getProperty(name)
        }
        Build build = (Build) getBinding().getVariable('build')
        switch (name) {
            case 'env': return build.env
            case 'params': return build.params
            case 'currentBuild': return build.currentBuild
            case 'scm': return 'scm'
            case ['any', 'none']: return name
        }
        if (getBinding().hasVariable(name) && name != 'build') {
            return getBinding().getVariable(name)
        }
        Script variable = build.variable(name)
        if (variable != null) {
            return variable
        }
        // Bare names resolve in the environment too.
        String value = build.env.getProperty(name)
        if (value != null) {
            return value
        }
        throw new MissingPropertyException(name, getClass())
    }
}
