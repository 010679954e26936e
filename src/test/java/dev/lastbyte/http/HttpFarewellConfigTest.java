package dev.lastbyte.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseOverride;
import dev.lastbyte.internal.DurationText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The handler's configuration: what it refuses, what it keeps, and that code, Javadoc and docs name the same defaults. */
class HttpFarewellConfigTest {
    static Stream<Arguments> durations() {
        return Stream.of(
                duration("minIdleProtection", HttpFarewellConfig.Builder::minIdleProtection),
                duration("answerTimeout", HttpFarewellConfig.Builder::answerTimeout));
    }

    private static Arguments duration(String name, BiConsumer<HttpFarewellConfig.Builder, Duration> setter) {
        return Arguments.of(name, setter);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("durations")
    void duration_outOfRange_isRefused(String name, BiConsumer<HttpFarewellConfig.Builder, Duration> setter) {
        HttpFarewellConfig.Builder builder = HttpFarewellConfig.builder();
        for (Duration wrong : new Duration[] {
            Duration.ZERO, Duration.ofNanos(999_999), Duration.ofHours(24).plusNanos(1)
        }) {
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> setter.accept(builder, wrong));
            assertEquals(name + ": " + DurationText.of(wrong) + " (expected: 1 ms to 24 h)", e.getMessage());
        }
        NullPointerException e = assertThrows(NullPointerException.class, () -> setter.accept(builder, null));
        assertEquals(name, e.getMessage());
        setter.accept(builder, Duration.ofMillis(1));
        setter.accept(builder, Duration.ofHours(24));
    }

    @Test
    void toBuilder_keepsEveryValue() {
        CloseOverride limits = CloseOverride.of(builder -> builder);
        HttpFarewellConfig config = HttpFarewellConfig.builder()
                .minIdleProtection(Duration.ofMillis(11))
                .answerTimeout(Duration.ofMillis(12))
                .earlyAnswers(limits)
                .withoutHalfClose()
                .build()
                .toBuilder()
                .build();
        assertEquals(Optional.of(Duration.ofMillis(11)), config.minIdleProtection());
        assertEquals(Duration.ofMillis(12), config.answerTimeout());
        assertSame(limits, config.earlyAnswers().orElseThrow());
        assertEquals(
                "HttpFarewellConfig{minIdleProtection=11 ms, answerTimeout=12 ms, earlyAnswers=overridden,"
                        + " halfClose=false}",
                config.toString());
    }

    @Test
    void nothingSet_hasTheDefaults() {
        HttpFarewellConfig config = HttpFarewellConfig.builder().build();
        assertEquals(HttpFarewellConfig.defaults().toString(), config.toString());
        assertEquals(Optional.empty(), config.earlyAnswers());
        assertTrue(config.servesHalfClosedClients());
        assertEquals(
                Optional.empty(),
                config.toBuilder().withoutIdleProtection().build().minIdleProtection());
        NullPointerException e = assertThrows(
                NullPointerException.class, () -> HttpFarewellConfig.builder().earlyAnswers(null));
        assertEquals("earlyAnswers", e.getMessage());
    }

    static Stream<Arguments> defaults() {
        HttpFarewellConfig defaults = HttpFarewellConfig.defaults();
        return Stream.of(
                Arguments.of("minIdleProtection", defaults.minIdleProtection().orElseThrow()),
                Arguments.of("answerTimeout", defaults.answerTimeout()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("defaults")
    void default_isTheSameInCodeJavadocAndDocs(String name, Duration value) throws IOException {
        String text = value.toSeconds() + " s";
        assertEquals(value, Duration.ofSeconds(value.toSeconds()));
        String source = Files.readString(Path.of("src/main/java/dev/lastbyte/http/HttpFarewellConfig.java"));
        int setter = source.indexOf("        public Builder " + name + "(");
        String setterDoc = source.substring(source.lastIndexOf("/**", setter), setter);
        assertTrue(setterDoc.contains("Default " + text + "."), setterDoc);
        int getter = source.indexOf("> " + name + "()");
        getter = getter < 0 ? source.indexOf("Duration " + name + "()") : getter;
        String getterDoc = source.substring(source.lastIndexOf("/**", getter), getter);
        assertTrue(getterDoc.contains("; " + text + " by default"), getterDoc);
        String docs = Files.readString(Path.of("docs/configuration.md"));
        assertTrue(docs.lines().anyMatch(line -> line.startsWith("| `" + name + "` | " + text + " |")), name);
    }
}
