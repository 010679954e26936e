package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The drain's times: what is refused, what is kept, and that code, Javadoc and docs name the same defaults. */
class DrainPolicyTest {
    static Stream<Arguments> durations() {
        return Stream.of(
                duration("announceDelay", true, DrainPolicy.Builder::announceDelay),
                duration("acceptTimeout", false, DrainPolicy.Builder::acceptTimeout),
                duration("idleAfter", false, DrainPolicy.Builder::idleAfter),
                duration("closeSpread", true, DrainPolicy.Builder::closeSpread),
                duration("gracePeriod", false, DrainPolicy.Builder::gracePeriod),
                duration("unansweredPeriod", true, DrainPolicy.Builder::unansweredPeriod),
                duration("longLivedPeriod", false, DrainPolicy.Builder::longLivedPeriod),
                duration("drainTimeout", false, DrainPolicy.Builder::drainTimeout),
                duration("progressInterval", false, DrainPolicy.Builder::progressInterval));
    }

    private static Arguments duration(String name, boolean zero, BiConsumer<DrainPolicy.Builder, Duration> setter) {
        return Arguments.of(name, zero, setter);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("durations")
    void duration_outOfRange_isRefused(String name, boolean zero, BiConsumer<DrainPolicy.Builder, Duration> setter) {
        DrainPolicy.Builder builder = DrainPolicy.builder();
        for (Duration wrong : new Duration[] {
            Duration.ofNanos(999_999),
            Duration.ofSeconds(-1),
            Duration.ofHours(24).plusNanos(1)
        }) {
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> setter.accept(builder, wrong));
            String range = zero ? "0, or 1 ms to 24 h" : "1 ms to 24 h";
            assertEquals(name + ": " + DurationText.of(wrong) + " (expected: " + range + ")", e.getMessage());
        }
        assertEquals(
                name,
                assertThrows(NullPointerException.class, () -> setter.accept(builder, null))
                        .getMessage());
        setter.accept(builder, Duration.ofHours(24));
        if (zero) {
            setter.accept(builder, Duration.ZERO);
        } else {
            assertThrows(IllegalArgumentException.class, () -> setter.accept(builder, Duration.ZERO));
        }
    }

    @Test
    void progress_tooOften_isRefused() {
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class, () -> DrainPolicy.builder().progressInterval(Duration.ofMillis(99)));
        assertEquals("progressInterval: 99 ms (expected: 100 ms to 24 h)", e.getMessage());
    }

    @Test
    void blockers_outOfRange_areRefused() {
        for (int wrong : new int[] {-1, 1001}) {
            IllegalArgumentException e = assertThrows(
                    IllegalArgumentException.class, () -> DrainPolicy.builder().maxBlockers(wrong));
            assertEquals("maxBlockers: " + wrong + " (expected: 0 to 1000)", e.getMessage());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0|5|5|0|1|drainTimeout 1 s is too short: needs at least 5.3 s, a twentieth more than announceDelay 0 s and gracePeriod 5 s",
                "0|20|20|0|21|drainTimeout 21 s is too short: needs at least 21.1 s, a twentieth more than announceDelay 0 s and gracePeriod 20 s",
                "10|20|5|0|30|drainTimeout 30 s is too short: needs at least 31.6 s, a twentieth more than announceDelay 10 s and gracePeriod 20 s",
                "10|5|20|0|31|drainTimeout 31 s is too short: needs at least 31.6 s, a twentieth more than announceDelay 10 s and longLivedPeriod 20 s",
                "0|20|20|21|30|closeSpread: 21 s (expected: at most the shorter of gracePeriod and longLivedPeriod, 20 s)",
                "0|20|5|6|30|closeSpread: 6 s (expected: at most the shorter of gracePeriod and longLivedPeriod, 5 s)"
            })
    void times_thatDoNotFit_areRefused(
            long announce, long grace, long longLived, long spread, long drain, String message) {
        DrainPolicy.Builder builder = DrainPolicy.builder()
                .announceDelay(Duration.ofSeconds(announce))
                .gracePeriod(Duration.ofSeconds(grace))
                .longLivedPeriod(Duration.ofSeconds(longLived))
                .closeSpread(Duration.ofSeconds(spread))
                .drainTimeout(Duration.ofSeconds(drain));
        IllegalStateException e = assertThrows(IllegalStateException.class, builder::build);
        assertEquals(message, e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"5000,5300", "20000,21100", "100,106", "9,10", "950,1000"})
    void drainTimeout_leastThatTheMessageNames_isAccepted(long graceMillis, long leastMillis) {
        DrainPolicy.Builder builder = DrainPolicy.builder().gracePeriod(Duration.ofMillis(graceMillis));
        String message = assertThrows(
                        IllegalStateException.class, () -> builder.drainTimeout(Duration.ofMillis(graceMillis))
                                .build())
                .getMessage();
        Duration least = Duration.ofMillis(leastMillis);
        assertTrue(message.contains(" needs at least " + DurationText.of(least) + ","), message);
        assertEquals(least, builder.drainTimeout(least).build().drainTimeout());
    }

    @Test
    void gracePeriod_notSet_followsTheDrainTimeout() {
        DrainPolicy policy = DrainPolicy.builder()
                .announceDelay(Duration.ofSeconds(3))
                .drainTimeout(Duration.ofSeconds(15))
                .build();
        assertEquals(Duration.ofSeconds(8), policy.gracePeriod());
        assertEquals(Duration.ofSeconds(8), policy.longLivedPeriod());
        DrainPolicy shorter =
                policy.toBuilder().drainTimeout(Duration.ofSeconds(6)).build();
        assertEquals(Duration.ofSeconds(2), shorter.gracePeriod());
    }

    @Test
    void longLivedPeriod_notSet_followsTheGracePeriod() {
        DrainPolicy policy =
                DrainPolicy.builder().gracePeriod(Duration.ofSeconds(1)).build();
        assertEquals(Duration.ofSeconds(1), policy.longLivedPeriod());
    }

    @Test
    void unansweredPeriod_notSet_followsTheGracePeriod_andIsNotLonger() {
        DrainPolicy.Builder builder = DrainPolicy.builder().gracePeriod(Duration.ofSeconds(1));
        assertEquals(Duration.ofSeconds(1), builder.build().unansweredPeriod());
        assertEquals(
                Duration.ZERO, builder.unansweredPeriod(Duration.ZERO).build().unansweredPeriod());
        IllegalStateException e =
                assertThrows(IllegalStateException.class, () -> builder.unansweredPeriod(Duration.ofSeconds(2))
                        .build());
        assertEquals("unansweredPeriod: 2 s (expected: at most gracePeriod, 1 s)", e.getMessage());
    }

    @Test
    void toBuilder_keepsEveryField() throws IllegalAccessException {
        DrainPolicy policy = DrainPolicy.builder()
                .announceDelay(Duration.ofMillis(11))
                .acceptTimeout(Duration.ofMillis(12))
                .idleAfter(Duration.ofMillis(13))
                .closeSpread(Duration.ofMillis(14))
                .gracePeriod(Duration.ofMillis(15))
                .longLivedPeriod(Duration.ofMillis(16))
                .unansweredPeriod(Duration.ofMillis(14))
                .drainTimeout(Duration.ofMillis(170))
                .progressInterval(Duration.ofMillis(180))
                .maxBlockers(19)
                .build();
        DrainPolicy copy = policy.toBuilder().build();
        for (Field field : DrainPolicy.class.getDeclaredFields()) {
            if (!Modifier.isStatic(field.getModifiers())) {
                field.setAccessible(true);
                assertEquals(field.get(policy), field.get(copy), field.getName());
                assertTrue(!field.get(policy).equals(field.get(DrainPolicy.defaults())), field.getName());
            }
        }
        assertEquals(policy.toString(), copy.toString());
    }

    @ParameterizedTest
    @CsvSource({
        "announceDelay,0,0",
        "acceptTimeout,3000,3 s",
        "idleAfter,5000,5 s",
        "closeSpread,0,0",
        "gracePeriod,20000,20 s",
        "unansweredPeriod,20000,20 s",
        "longLivedPeriod,20000,20 s",
        "drainTimeout,30000,30 s",
        "progressInterval,1000,1 s"
    })
    void defaults_areTheSameEverywhere(String name, long millis, String written) throws Exception {
        Duration value = (Duration) DrainPolicy.class.getMethod(name).invoke(DrainPolicy.defaults());
        assertEquals(millis, value.toMillis());
        assertDocumented(name, written);
    }

    @Test
    void otherDefaults_areTheSameEverywhere() throws IOException {
        assertEquals(5, DrainPolicy.defaults().maxBlockers());
        assertDocumented("maxBlockers", "5");
        assertEquals(10_000, GracefulCloseManager.DEFAULT_MAX_CLOSING);
        assertDocumented("maxClosing", "10 000");
        assertEquals(1L << 30, GracefulCloseManager.DEFAULT_MAX_CLOSING_BYTES);
        assertDocumented("maxClosingBytes", "1 GiB");
    }

    private static void assertDocumented(String name, String written) throws IOException {
        String docs = Files.readString(Path.of("docs/configuration.md"));
        assertTrue(docs.contains("| `" + name + "` | " + written + " |"), name + " in docs/configuration.md");
        String source = Files.readString(Path.of("src/main/java/dev/lastbyte/drain/DrainPolicy.java"))
                + Files.readString(Path.of("src/main/java/dev/lastbyte/drain/GracefulCloseManager.java"));
        String setter = source.substring(0, source.indexOf("public Builder " + name + "("));
        String javadoc = setter.substring(setter.lastIndexOf("/**")).replaceAll("\\s*\\n\\s*\\*\\s*", " ");
        assertTrue(
                javadoc.contains("efault " + written) || javadoc.contains("default: " + written),
                name + " in the Javadoc: " + javadoc);
    }
}
