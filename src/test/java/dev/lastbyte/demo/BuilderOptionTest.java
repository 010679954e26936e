package dev.lastbyte.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseStrategy;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.http.HttpFarewellConfig;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The flags that set a builder's values. */
class BuilderOptionTest {
    @Command
    private static final class Host {
        @Mixin
        private DrainOptions drain = new DrainOptions();

        @Mixin
        private LimitOptions limits = new LimitOptions();

        @Mixin
        private HttpOptions http = new HttpOptions();
    }

    private static Host parse(String... arguments) {
        Host host = new Host();
        new CommandLine(host).parseArgs(arguments);
        return host;
    }

    @Test
    void apply_nothingGiven_keepsEveryDefault() {
        Host host = parse();
        assertEquals(DrainPolicy.defaults().toString(), host.drain.policy().toString());
        assertEquals(
                GracefulCloseConfig.defaults().toString(),
                host.limits.apply(CloseStrategy.FULL).build().toString());
        assertEquals(
                HttpFarewellConfig.defaults().toString(), host.http.farewell().toString());
    }

    @Test
    void apply_everyDrainTimeGiven_setsEachOne() {
        DrainPolicy policy = parse(
                        "--announce-delay=1s",
                        "--accept-timeout=2s",
                        "--idle-after=3s",
                        "--close-spread=4s",
                        "--grace-period=5s",
                        "--long-lived-period=6s",
                        "--drain-timeout=8s",
                        "--progress-interval=9s",
                        "--max-blockers=10")
                .drain
                .policy();
        DrainPolicy expected = DrainPolicy.builder()
                .announceDelay(Duration.ofSeconds(1))
                .acceptTimeout(Duration.ofSeconds(2))
                .idleAfter(Duration.ofSeconds(3))
                .closeSpread(Duration.ofSeconds(4))
                .gracePeriod(Duration.ofSeconds(5))
                .longLivedPeriod(Duration.ofSeconds(6))
                .drainTimeout(Duration.ofSeconds(8))
                .progressInterval(Duration.ofSeconds(9))
                .maxBlockers(10)
                .build();
        assertEquals(expected.toString(), policy.toString());
    }

    @Test
    void apply_everyLimitGiven_setsEachOne() {
        GracefulCloseConfig config = parse(
                        "--flush-timeout=1s",
                        "--eof-timeout=2s",
                        "--stall-timeout=1500ms",
                        "--quiet-period=3ms",
                        "--delivered-timeout=4s",
                        "--max-discarded-bytes=1MiB",
                        "--discard-rate=unlimited",
                        "--close-timeout=9s")
                .limits
                .apply(CloseStrategy.DRAIN)
                .build();
        GracefulCloseConfig expected = GracefulCloseConfig.builder()
                .strategy(CloseStrategy.DRAIN)
                .flushTimeout(Duration.ofSeconds(1))
                .eofTimeout(Duration.ofSeconds(2))
                .stallTimeout(Duration.ofMillis(1500))
                .quietPeriod(Duration.ofMillis(3))
                .deliveredTimeout(Duration.ofSeconds(4))
                .maxDiscardedBytes(1 << 20)
                .unlimitedDiscardRate()
                .closeTimeout(Duration.ofSeconds(9))
                .build();
        assertEquals(expected.toString(), config.toString());
    }

    @Test
    void apply_everyHttpLimitGiven_setsEachOne() {
        HttpFarewellConfig config =
                parse("--min-idle-protection=250ms", "--answer-timeout=5s").http.farewell();
        assertEquals(Optional.of(Duration.ofMillis(250)), config.minIdleProtection());
        assertEquals(Duration.ofSeconds(5), config.answerTimeout());
        assertEquals(
                Optional.empty(),
                parse("--min-idle-protection=0s").http.farewell().minIdleProtection());
    }

    @Test
    void description_namesTheLibrarysDefault() throws Exception {
        for (BuilderOption<?, ?> option : LimitOptions.OPTIONS) {
            if (!option.name().equals("--discard-rate")) {
                assertDefault(GracefulCloseConfig.defaults(), option);
            }
        }
        for (BuilderOption<?, ?> option : DrainOptions.TIMES) {
            assertDefault(DrainPolicy.defaults(), option);
        }
        for (BuilderOption<?, ?> option : HttpOptions.OPTIONS) {
            assertDefault(HttpFarewellConfig.defaults(), option);
        }
    }

    private static void assertDefault(Object defaults, BuilderOption<?, ?> option) throws Exception {
        Matcher shown = Pattern.compile("\\(default (\\S+)\\)$").matcher(option.description());
        assertTrue(shown.find(), option.description());
        Object value = defaults.getClass().getMethod(camelCase(option.name())).invoke(defaults);
        if (value instanceof Optional<?> optional) {
            value = optional.orElseThrow();
        }
        assertEquals(value, option.converter().convert(shown.group(1)), option.name());
    }

    private static String camelCase(String flag) {
        List<String> words = List.of(flag.substring(2).split("-", -1));
        return Stream.concat(
                        words.stream().limit(1),
                        words.stream().skip(1).map(w -> w.substring(0, 1).toUpperCase(Locale.ROOT) + w.substring(1)))
                .reduce("", String::concat);
    }
}
