package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.internal.DurationText;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The configuration: what it refuses, what it keeps, and that code, Javadoc and docs name the same defaults. */
class GracefulCloseConfigTest {
    static Stream<Arguments> durations() {
        return Stream.of(
                duration("flushTimeout", GracefulCloseConfig.Builder::flushTimeout),
                duration("eofTimeout", GracefulCloseConfig.Builder::eofTimeout),
                duration("stallTimeout", GracefulCloseConfig.Builder::stallTimeout),
                duration("quietPeriod", GracefulCloseConfig.Builder::quietPeriod),
                duration("deliveredTimeout", GracefulCloseConfig.Builder::deliveredTimeout),
                duration("closeTimeout", GracefulCloseConfig.Builder::closeTimeout),
                duration("peerHalfCloseGrace", GracefulCloseConfig.Builder::peerHalfCloseGrace),
                duration("peerHalfCloseTimeout", GracefulCloseConfig.Builder::peerHalfCloseTimeout));
    }

    private static Arguments duration(String name, BiConsumer<GracefulCloseConfig.Builder, Duration> setter) {
        return Arguments.of(name, setter);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("durations")
    void duration_outOfRange_isRefused(String name, BiConsumer<GracefulCloseConfig.Builder, Duration> setter) {
        GracefulCloseConfig.Builder builder = GracefulCloseConfig.builder();
        for (Duration wrong : new Duration[] {
            Duration.ZERO,
            Duration.ofNanos(999_999),
            Duration.ofSeconds(-1),
            Duration.ofHours(24).plusNanos(1),
            Duration.ofSeconds(Long.MAX_VALUE)
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
    void numbers_outOfRange_areRefused() {
        GracefulCloseConfig.Builder builder = GracefulCloseConfig.builder();
        assertEquals(
                "maxDiscardedBytes: -1 (expected: >= 0)",
                assertThrows(IllegalArgumentException.class, () -> builder.maxDiscardedBytes(-1))
                        .getMessage());
        assertEquals(
                "discardRate: 1023 (expected: >= 1024)",
                assertThrows(IllegalArgumentException.class, () -> builder.discardRate(1023))
                        .getMessage());
    }

    @Test
    void nulls_areRefusedByName() {
        GracefulCloseConfig.Builder builder = GracefulCloseConfig.builder();
        assertEquals(
                "strategy",
                assertThrows(NullPointerException.class, () -> builder.strategy(null))
                        .getMessage());
        assertEquals(
                "stalledPeer",
                assertThrows(NullPointerException.class, () -> builder.stalledPeer(null))
                        .getMessage());
        assertEquals(
                "peerHalfClose",
                assertThrows(NullPointerException.class, () -> builder.peerHalfClose(null))
                        .getMessage());
        assertEquals(
                "closeListener",
                assertThrows(NullPointerException.class, () -> builder.closeListener(null))
                        .getMessage());
        assertEquals(
                "config",
                assertThrows(NullPointerException.class, () -> new GracefulCloseHandler((GracefulCloseConfig) null))
                        .getMessage());
    }

    @Test
    void contradictions_areRefusedAtBuild() {
        assertContradiction(
                "peerHalfCloseGrace",
                GracefulCloseConfig.builder()
                        .peerHalfClose(PeerHalfClose.CLOSE_NOW)
                        .peerHalfCloseGrace(Duration.ofSeconds(1)));
        assertContradiction(
                "peerHalfCloseGrace",
                GracefulCloseConfig.builder()
                        .peerHalfCloseTimeout(Duration.ofSeconds(1))
                        .peerHalfCloseGrace(Duration.ofSeconds(2)));
        assertContradiction("quietPeriod", GracefulCloseConfig.builder().closeTimeout(Duration.ofMillis(100)));
    }

    private static void assertContradiction(String name, GracefulCloseConfig.Builder builder) {
        IllegalStateException e = assertThrows(IllegalStateException.class, builder::build);
        assertTrue(e.getMessage().startsWith(name + ": ") && e.getMessage().contains("(expected: "), e.getMessage());
    }

    @Test
    void toBuilder_keepsEveryField() throws IllegalAccessException {
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .strategy(CloseStrategy.DRAIN)
                .flushTimeout(Duration.ofMillis(11))
                .eofTimeout(Duration.ofMillis(12))
                .stallTimeout(Duration.ofMillis(13))
                .quietPeriod(Duration.ofMillis(14))
                .deliveredTimeout(Duration.ofMillis(15))
                .maxDiscardedBytes(16)
                .discardRate(1700)
                .closeTimeout(Duration.ofMillis(18))
                .stalledPeer(StalledPeer.RESET)
                .peerHalfCloseGrace(Duration.ofMillis(19))
                .peerHalfCloseTimeout(Duration.ofMillis(20))
                .closeListener((channel, report) -> {})
                .withUserEvents()
                .build();
        GracefulCloseConfig copy = config.toBuilder().build();
        for (Field field : GracefulCloseConfig.class.getDeclaredFields()) {
            if (!Modifier.isStatic(field.getModifiers())) {
                field.setAccessible(true);
                assertEquals(field.get(config), field.get(copy), field.getName());
                if (!field.getName().equals("peerHalfClose")) { // a grace excludes the other value
                    assertNotEquals(
                            field.get(GracefulCloseConfig.defaults()),
                            field.get(config),
                            field.getName() + " is not covered");
                }
            }
        }
        assertEquals(config.toString(), copy.toString());
    }

    @Test
    void accessors_returnWhatWasSet() {
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .unlimitedDiscardRate()
                .peerHalfCloseGrace(Duration.ofSeconds(3))
                .build();
        assertTrue(config.discardRate().isEmpty());
        assertEquals(Duration.ofSeconds(3), config.peerHalfCloseGrace().orElseThrow());
        assertTrue(GracefulCloseConfig.defaults().peerHalfCloseGrace().isEmpty());
        assertTrue(GracefulCloseConfig.defaults().closeListener().isEmpty());
    }

    static Stream<Arguments> defaults() {
        GracefulCloseConfig d = GracefulCloseConfig.defaults();
        return Stream.of(
                Arguments.of("strategy", d.strategy().name(), "{@link CloseStrategy#FULL}"),
                Arguments.of("flushTimeout", text(d.flushTimeout()), "30 s"),
                Arguments.of("eofTimeout", text(d.eofTimeout()), "30 s"),
                Arguments.of("stallTimeout", text(d.stallTimeout()), "5 s"),
                Arguments.of("quietPeriod", text(d.quietPeriod()), "250 ms"),
                Arguments.of("deliveredTimeout", text(d.deliveredTimeout()), "5 s"),
                Arguments.of("maxDiscardedBytes", d.maxDiscardedBytes() / (1 << 20) + " MiB", "64 MiB"),
                Arguments.of("discardRate", d.discardRate().orElseThrow() / (1 << 20) + " MiB/s", "8 MiB/s"),
                Arguments.of("closeTimeout", text(d.closeTimeout()), "60 s"),
                Arguments.of("stalledPeer", d.stalledPeer().name(), "{@link StalledPeer#LEAVE_TO_KERNEL}"),
                Arguments.of("peerHalfClose", d.peerHalfClose().name(), "{@link PeerHalfClose#FINISH_WRITES}"),
                Arguments.of("peerHalfCloseTimeout", text(d.peerHalfCloseTimeout()), "60 s"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("defaults")
    void default_isTheSameInCodeJavadocAndDocs(String name, String code, String javadoc) throws IOException {
        assertTrue(javadoc.contains(code), name);
        String source = Files.readString(Path.of("src/main/java/dev/lastbyte/GracefulCloseConfig.java"));
        int setter = source.indexOf("        public Builder " + name + "(");
        int doc = source.lastIndexOf("/**", setter);
        String text = source.substring(doc, setter).replaceAll("\\s*\\n\\s*\\* ?", " ");
        assertTrue(text.contains("Default " + javadoc), name + " in Javadoc: " + text);
        String docs = Files.readString(Path.of("docs/configuration.md"));
        assertTrue(
                docs.lines().anyMatch(line -> line.startsWith("| `" + name + "` | " + code + " |")), name + " in docs");
    }

    private static String text(Duration duration) {
        return duration.toMillis() < 1000 ? duration.toMillis() + " ms" : duration.toSeconds() + " s";
    }
}
