package dev.lastbyte;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Which package may know which: the map of docs/architecture.md. */
class PackageDirectionTest {
    private static final String ROOT = "dev.lastbyte";
    private static final Path SOURCES = Path.of("src", "main", "java");
    private static final Path ADAPTERS = Path.of("src", "adapters", "java");
    private static final Path CLASSES = Path.of("target", "classes", "dev", "lastbyte");
    private static final int MOST_FILES = 30;

    /** Each package of the library, with those of its packages that it may know. */
    private static final Map<String, Set<String>> MAY_KNOW = Map.ofEntries(
            entry(".internal"),
            entry(".internal.jfr"),
            entry(".internal.listener", ".internal"),
            entry("", ".internal", ".internal.jfr"),
            entry(".drain", ".internal", ".internal.jfr", ".internal.listener", ""),
            entry(".tcp", ".internal", ""),
            entry(".farewell", ".internal", ""),
            entry(".http", ".internal", "", ".farewell"),
            entry(".http2", ".internal", "", ".farewell"),
            entry(".websocket", ".internal", "", ".farewell"),
            entry(".auto", ".internal", "", ".drain", ".http", ".http2", ".websocket"),
            entry(".micrometer", ".internal", "", ".drain"),
            entry(".receipt", ".internal", "", ".drain"),
            entry(".systemd", ".internal", "", ".drain"));

    /** Each adapter, with what of the library it may know, and the packages of its own framework. Nobody knows an adapter but another. */
    private static final Map<String, Adapter> ADAPTERS_MAY_KNOW = Map.of(
            ".reactor", new Adapter(Set.of("", ".auto", ".drain"), "reactor..", "org.reactivestreams.."),
            ".spring",
                    new Adapter(
                            Set.of(
                                    "",
                                    ".internal",
                                    ".auto",
                                    ".drain",
                                    ".http",
                                    ".websocket",
                                    ".micrometer",
                                    ".reactor"),
                            "org.springframework.."));

    private record Adapter(Set<String> library, String... framework) {}

    private static final JavaClasses LIBRARY = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("demo-classes"))
            .importPackages(ROOT);

    private static Map.Entry<String, Set<String>> entry(String name, String... mayKnow) {
        return Map.entry(name, Set.of(mayKnow));
    }

    static Stream<String> packages() {
        return MAY_KNOW.keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("packages")
    void package_knowsNoOthersThanTheMapSays(String name) {
        Set<String> allowed = Stream.concat(Stream.of(name), MAY_KNOW.get(name).stream())
                .map(other -> ROOT + other)
                .collect(Collectors.toSet());
        classes()
                .that()
                .resideInAPackage(ROOT + name)
                .should()
                .onlyDependOnClassesThat(
                        resideOutsideOfPackage(ROOT + "..").or(resideInAnyPackage(allowed.toArray(String[]::new))))
                .check(LIBRARY);
    }

    /** Who does not use them needs not have them. */
    @ParameterizedTest
    @CsvSource({"io.micrometer..,.micrometer", "jdk.jfr..,.internal.jfr"})
    void optionalLibrary_isKnownToOnePackageOnly(String library, String adapter) {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + adapter)
                .and()
                .haveNameNotMatching(".*\\.(CloseRecord|DrainSequence)") // which fill the events in
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library)
                .check(LIBRARY);
    }

    static Stream<String> adapters() {
        return ADAPTERS_MAY_KNOW.keySet().stream();
    }

    /** On Netty 4.1 the adapters are not compiled. */
    @ParameterizedTest
    @MethodSource("adapters")
    void adapter_knowsItsOwnFrameworkAndWhatTheMapSays(String name) {
        Adapter adapter = ADAPTERS_MAY_KNOW.get(name);
        String[] allowed = Stream.concat(Stream.of(name), adapter.library().stream())
                .map(other -> ROOT + other)
                .toArray(String[]::new);
        classes()
                .that()
                .resideInAPackage(ROOT + name)
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(allowed)
                        .or(resideInAnyPackage(adapter.framework()))
                        .or(resideInAnyPackage("java..", "io.netty..", "org.slf4j..", "org.jspecify..")))
                .allowEmptyShould(!Files.exists(CLASSES.resolve(name.substring(1))))
                .check(LIBRARY);
    }

    @Test
    void packages_haveNoCycle() {
        slices().assignedFrom(new SliceAssignment() {
                    @Override
                    public SliceIdentifier getIdentifierOf(JavaClass type) {
                        return SliceIdentifier.of(type.getPackageName());
                    }

                    @Override
                    public String getDescription() {
                        return "the packages";
                    }
                })
                .should()
                .beFreeOfCycles()
                .check(LIBRARY);
    }

    @Test
    void everyPackage_isOnTheMap_andNoneIsTooFull() throws Exception {
        Map<String, Long> files = new TreeMap<>();
        for (Path root : new Path[] {SOURCES, ADAPTERS}) {
            try (Stream<Path> sources = Files.walk(root)) {
                sources.filter(file -> file.toString().endsWith(".java")
                                && file.getParent().getNameCount() > 3)
                        .forEach(file -> files.merge(
                                root.relativize(file.getParent()).toString().replace('/', '.'), 1L, Long::sum));
            }
        }
        assertEquals(
                Stream.concat(packages(), adapters())
                        .map(name -> ROOT + name)
                        .collect(Collectors.toCollection(TreeSet::new)),
                files.keySet());
        files.forEach((name, count) -> assertTrue(count <= MOST_FILES, name + " has " + count + " files"));
    }
}
