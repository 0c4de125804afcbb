// Checks the library's Groovy and that of the examples, and first the check itself: LIBRARY. Each line of a seeded file that ends in
// `// RULE` has to be found, and no other.

import proofmark.test.StaticCheck

File library = new File(args[0]).canonicalFile
int failed = 0
int seeded = 0
new File(library, 'test/bad').listFiles().sort { it.name }.each { file ->
    List wanted = []
    file.readLines('UTF-8').eachWithIndex { line, index ->
        def match = line =~ /\/\/ ([a-z-]+(?: [a-z-]+)*)\s*$/
        if (match.find() && !line.trim().startsWith('//')) {
            match.group(1).split(' ').each { wanted.add(file.name + ':' + (index + 1) + ' ' + it.replace('-camel', '')) }
        }
    }
    List found = StaticCheck.of(file)*.toLowerCase()
    wanted = wanted*.toLowerCase()
    seeded += wanted.size()
    (wanted - found).each { failed++; println "not found: $it" }
    (found - wanted).each { failed++; println "found without cause: $it" }
}
List files = []
['vars', 'src'].each { folder -> new File(library, folder).eachFileRecurse { if (it.name.endsWith('.groovy')) { files.add(it) } } }
new File(library, 'examples').eachFile { if (it.name.endsWith('Jenkinsfile')) { files.add(it) } }
files.each { file -> StaticCheck.of(file).each { failed++; println it } }
printf('%d files checked, %d seeded mistakes, %d problems%n', files.size(), seeded, failed)
System.exit(failed == 0 && seeded > 30 && files.size() > 10 ? 0 : 1)
