package proofmark.test

/** `env`: the build's variables, and those of the blocks that the running branch is in. */
class Environment extends GroovyObjectSupport {
    final Map<String, String> global = new LinkedHashMap<>()
    private final InheritableThreadLocal<List<Map<String, String>>> blocks = new InheritableThreadLocal<List<Map<String, String>>>() {
        @Override
        protected List<Map<String, String>> initialValue() { [] }

        @Override
        protected List<Map<String, String>> childValue(List<Map<String, String>> parent) { new ArrayList<>(parent) }
    }

    @Override
    synchronized Object getProperty(String name) {
        Map<String, String> block = blocks.get().reverse().find { it.containsKey(name) }
        return block != null ? block[name] : global[name]
    }

    @Override
    synchronized void setProperty(String name, Object value) {
        global[name] = String.valueOf(value)
    }

    Object inside(Map<String, String> more, Closure body) {
        blocks.get().add(more)
        try {
            return body()
        } finally {
            blocks.get().with { it.remove(it.size() - 1) }
        }
    }

    synchronized Map<String, String> all() {
        Map<String, String> all = new LinkedHashMap<>(global)
        blocks.get().each { all.putAll(it) }
        return all
    }
}
