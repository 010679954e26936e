package dev.lastbyte.spring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.http.HttpFarewellConfig;
import dev.lastbyte.websocket.WebSocketFarewellConfig;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The properties of Spring Boot applications against the library's builders, and against the page that lists them. */
class SpringPropertiesTest {
    private static final Path METADATA = Path.of("target", "classes", "META-INF", "spring-configuration-metadata.json");
    private static final Path PAGE = Path.of("docs", "frameworks", "spring-boot.md");

    /** Setters whose property has another name, because the group says a part of it already. */
    private static final Map<String, String> RENAMED = Map.of(
            "lastbyte.drain.drain-timeout", "lastbyte.drain.timeout",
            "lastbyte.close.close-timeout", "lastbyte.close.timeout",
            "lastbyte.http.without-half-close", "lastbyte.http.half-close");

    /** Setters that take a bean, not a value, or that a value of another property says. */
    private static final Set<String> NO_PROPERTY = Set.of(
            "lastbyte.connections",
            "lastbyte.drain-policy",
            "lastbyte.drain-listener",
            "lastbyte.farewells",
            "lastbyte.close.close-listener",
            "lastbyte.close.with-user-events",
            "lastbyte.http.early-answers",
            "lastbyte.http.without-idle-protection");

    /** Properties without a builder: a switch, and a constructor's parameters. */
    private static final Set<String> OTHERS =
            Set.of("lastbyte.enabled", "lastbyte.http2.ping-timeout", "lastbyte.http2.limit");

    @Test
    void everySetterOfTheBuilders_hasItsProperty() throws Exception {
        assumeTrue(Files.exists(METADATA), "on Netty 4.1 the adapters are not compiled");
        Set<String> expected = new TreeSet<>(OTHERS);
        expected.addAll(setters("lastbyte", GracefulCloseManager.Builder.class));
        expected.addAll(setters("lastbyte.drain", DrainPolicy.Builder.class));
        expected.addAll(setters("lastbyte.close", GracefulCloseConfig.Builder.class));
        expected.addAll(setters("lastbyte.http", HttpFarewellConfig.Builder.class));
        expected.addAll(setters("lastbyte.web-socket", WebSocketFarewellConfig.Builder.class));
        assertEquals(expected, properties());
    }

    @Test
    void everyProperty_isExplainedToEditors_andOnThePage() throws Exception {
        assumeTrue(Files.exists(METADATA), "on Netty 4.1 the adapters are not compiled");
        String metadata = Files.readString(METADATA);
        String page = Files.readString(PAGE);
        for (String property : properties()) {
            assertTrue(page.contains("`" + property + "`"), property + " is not in " + PAGE);
        }
        int properties = metadata.substring(metadata.indexOf("\"properties\"")).split("\"name\"", -1).length;
        int descriptions =
                metadata.substring(metadata.indexOf("\"properties\"")).split("\"description\"", -1).length;
        assertEquals(properties, descriptions, "properties with a description");
    }

    private static Set<String> setters(String group, Class<?> builder) {
        return Stream.of(builder.getDeclaredMethods())
                .filter(m -> Modifier.isPublic(m.getModifiers()) && m.getReturnType() == builder)
                .map(Method::getName)
                .map(name -> group + "." + name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT))
                .filter(name -> !NO_PROPERTY.contains(name))
                .map(name -> RENAMED.getOrDefault(name, name))
                .collect(Collectors.toSet());
    }

    private static Set<String> properties() throws Exception {
        String metadata = Files.readString(METADATA);
        return Pattern.compile("\"name\": \"(lastbyte[^\"]*)\"")
                .matcher(metadata.substring(metadata.indexOf("\"properties\"")))
                .results()
                .map(found -> found.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
