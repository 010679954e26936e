package dev.lastbyte.demo.lab.server;

import dev.lastbyte.CloseStrategy;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.demo.Durations;
import dev.lastbyte.demo.Sizes;
import java.time.Duration;

/**
 * The limits of the lab's server: shorter than the library's defaults, so that a run takes seconds, yet long enough for the
 * slow peer to read everything. Immutable.
 *
 * @param slowRead how long the slow peer needs for an answer, generously
 */
public record LabLimits(Duration slowRead) {
    /** Also how long the plain server waits for a write to make progress. */
    static final Duration FLUSH_TIMEOUT = Duration.ofSeconds(3);

    private static final Duration STALL_TIMEOUT = Duration.ofMillis(500);
    private static final Duration QUIET_PERIOD = Duration.ofMillis(250);
    private static final Duration DELIVERED_TIMEOUT = Duration.ofMillis(500);
    private static final long DISCARD_RATE = 64L << 20;

    /** What the slow peer takes per round trip, and the pause it makes after it. */
    private static final int SLOW_STEP = 16 * 1024;

    private static final Duration SLOW_PAUSE = Duration.ofMillis(2);

    /** The limits for answers of a size over a link with a round trip (zero on loopback). */
    public static LabLimits of(int size, Duration roundTrip) {
        return new LabLimits(SLOW_PAUSE.plus(roundTrip).multipliedBy(2L * size / SLOW_STEP));
    }

    Duration eofTimeout() {
        return Duration.ofSeconds(5).plus(slowRead);
    }

    Duration closeTimeout() {
        return Duration.ofSeconds(8).plus(slowRead);
    }

    /** When the lab ends a peer: clearly later than the server can take. */
    public Duration longestRun() {
        return closeTimeout().plusSeconds(7);
    }

    GracefulCloseConfig config(CloseStrategy strategy) {
        return GracefulCloseConfig.builder()
                .strategy(strategy)
                .flushTimeout(FLUSH_TIMEOUT)
                .eofTimeout(eofTimeout())
                .stallTimeout(STALL_TIMEOUT)
                .quietPeriod(QUIET_PERIOD)
                .deliveredTimeout(DELIVERED_TIMEOUT)
                .discardRate(DISCARD_RATE)
                .closeTimeout(closeTimeout())
                .build();
    }

    public String describe() {
        return "flush " + Durations.format(FLUSH_TIMEOUT) + ", eof " + Durations.format(eofTimeout()) + ", stall "
                + Durations.format(STALL_TIMEOUT) + ", quiet " + Durations.format(QUIET_PERIOD) + ", delivered "
                + Durations.format(DELIVERED_TIMEOUT) + ", close " + Durations.format(closeTimeout())
                + ", discard rate " + Sizes.format(DISCARD_RATE) + "/s";
    }
}
