package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.lastbyte.testing.CheckedInFile;
import io.netty.channel.ChannelHandler;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * What a native image, or a tool that shrinks or relocates classes, must know about the library: that nothing is looked up by a
 * name that it cannot see, and which classes Netty itself reflects on.
 */
class NativeImageMetadataTest {
    private static final Path METADATA =
            Path.of("src", "main", "resources", "META-INF", "native-image", "dev.lastbyte", "lastbyte");

    private static final Map<Class<?>, Set<String>> LOOKUPS = Map.of(
            Class.class,
            Set.of(
                    "forName",
                    "getMethod",
                    "getMethods",
                    "getDeclaredMethod",
                    "getDeclaredMethods",
                    "getField",
                    "getFields",
                    "getDeclaredField",
                    "getDeclaredFields",
                    "getConstructor",
                    "getConstructors",
                    "getDeclaredConstructor",
                    "getDeclaredConstructors",
                    "getResource",
                    "getResourceAsStream",
                    "newInstance"),
            ClassLoader.class,
            Set.of("loadClass", "getResource", "getResources", "getResourceAsStream"),
            MethodHandles.Lookup.class,
            Set.of(
                    "findClass",
                    "findVirtual",
                    "findStatic",
                    "findSpecial",
                    "findConstructor",
                    "findGetter",
                    "findSetter",
                    "findVarHandle",
                    "findStaticVarHandle"),
            Proxy.class,
            Set.of("newProxyInstance"),
            ServiceLoader.class,
            Set.of("load"));

    private static final JavaClasses LIBRARY = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("demo-classes"))
            .importPackages("dev.lastbyte");

    private static boolean isLookup(AccessTarget target) {
        return LOOKUPS.entrySet().stream()
                .anyMatch(entry -> target.getOwner().isEquivalentTo(entry.getKey())
                        && entry.getValue().contains(target.getName()));
    }

    @Test
    void library_looksNothingUpByName() {
        Set<String> lookups = LIBRARY.stream()
                .flatMap(type -> type.getAccessesFromSelf().stream())
                .filter(call -> isLookup(call.getTarget()))
                .map(Object::toString)
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(
                Set.of(),
                lookups,
                "a native image, ProGuard or a relocation can make such a lookup fail without a word: name the class as a"
                        + " literal, as OptionalHandlers does");
    }

    @Test
    void lookups_inTheTestItself_areFound() {
        JavaClass self = new ClassFileImporter().importClass(Control.class);
        assertEquals(
                1,
                self.getAccessesFromSelf().stream()
                        .filter(call -> isLookup(call.getTarget()))
                        .count());
    }

    /** Looks a class up. Stateless. */
    private static final class Control {
        static Class<?> find(String name) throws ClassNotFoundException {
            return Class.forName(name, false, Control.class.getClassLoader());
        }
    }

    /** Of the whole jar, as it is published: on Netty 4.1 it is built without the adapters. */
    @Test
    void metadata_namesEveryHandler_whoseMethodsNettyLooksUp() throws Exception {
        assumeTrue(LIBRARY.stream().anyMatch(type -> type.getPackageName().equals("dev.lastbyte.reactor")));
        List<String> handlers = LIBRARY.stream()
                .filter(type -> type.isAssignableTo(ChannelHandler.class))
                .filter(type -> !type.isInterface() && !type.getModifiers().contains(JavaModifier.ABSTRACT))
                .map(JavaClass::getName)
                .sorted()
                .toList();
        assertTrue(handlers.contains(GracefulCloseHandler.class.getName()), handlers::toString);
        new CheckedInFile(METADATA.resolve("reflect-config.json"))
                .assertSame(handlers.stream()
                        .map(name -> "  {\"condition\": {\"typeReachable\": \"" + name + "\"}, \"name\": \"" + name
                                + "\", \"queryAllPublicMethods\": true}")
                        .collect(Collectors.joining(",\n", "[\n", "\n]\n")));
    }

    @Test
    void metadata_keepsTheVersionsOfNetty_thatTheGuardReads() throws Exception {
        new CheckedInFile(METADATA.resolve("resource-config.json"))
                .assertSame(
                        """
                        {
                          "resources": {
                            "includes": [
                              {"condition": {"typeReachable": "dev.lastbyte.internal.NettyGuard"}, "pattern": "\\\\QMETA-INF/io.netty.versions.properties\\\\E"}
                            ]
                          }
                        }
                        """);
    }
}
