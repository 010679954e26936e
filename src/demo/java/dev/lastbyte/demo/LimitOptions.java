package dev.lastbyte.demo;

import dev.lastbyte.CloseStrategy;
import dev.lastbyte.GracefulCloseConfig;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/** The flags for the limits of a graceful close; what is not given keeps the library's default. Filled by picocli. */
public final class LimitOptions {
    @Option(
            names = "--flush-timeout",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "longest flush without a byte leaving (default 30s)")
    private @Nullable Duration flushTimeout;

    @Option(
            names = "--eof-timeout",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "longest wait in total for the peer's FIN after ours (default 30s)")
    private @Nullable Duration eofTimeout;

    @Option(
            names = "--stall-timeout",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "longest time after our FIN without a byte either way (default 5s)")
    private @Nullable Duration stallTimeout;

    @Option(
            names = "--quiet-period",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "silence after which a peer that has everything is let go (default 250ms)")
    private @Nullable Duration quietPeriod;

    @Option(
            names = "--delivered-timeout",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "how long a peer that has everything may go on talking (default 5s)")
    private @Nullable Duration deliveredTimeout;

    @Option(
            names = "--max-discarded-bytes",
            paramLabel = "SIZE",
            converter = Sizes.class,
            description = "most bytes of input read and dropped (default 64MiB)")
    private @Nullable Long maxDiscardedBytes;

    @Option(
            names = "--discard-rate",
            paramLabel = "SIZE",
            converter = Rate.class,
            description = "most bytes of input dropped per second, or 'unlimited' (default 8MiB)")
    private @Nullable Long discardRate;

    @Option(
            names = "--close-timeout",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "absolute limit of the whole close (default 60s)")
    private @Nullable Duration closeTimeout;

    /**
     * The configuration of these limits and a strategy, without a listener.
     *
     * @throws IllegalArgumentException if a value is out of its range
     * @throws IllegalStateException if values contradict each other
     */
    public GracefulCloseConfig.Builder apply(CloseStrategy strategy) {
        GracefulCloseConfig.Builder builder = GracefulCloseConfig.builder().strategy(strategy);
        if (flushTimeout != null) {
            builder.flushTimeout(flushTimeout);
        }
        if (eofTimeout != null) {
            builder.eofTimeout(eofTimeout);
        }
        if (stallTimeout != null) {
            builder.stallTimeout(stallTimeout);
        }
        if (quietPeriod != null) {
            builder.quietPeriod(quietPeriod);
        }
        if (deliveredTimeout != null) {
            builder.deliveredTimeout(deliveredTimeout);
        }
        if (maxDiscardedBytes != null) {
            builder.maxDiscardedBytes(maxDiscardedBytes);
        }
        if (discardRate != null) {
            if (discardRate == Rate.UNLIMITED) {
                builder.unlimitedDiscardRate();
            } else {
                builder.discardRate(discardRate);
            }
        }
        if (closeTimeout != null) {
            builder.closeTimeout(closeTimeout);
        }
        return builder;
    }

    /** Reads a rate in bytes per second: a size or the word {@code unlimited}. */
    static final class Rate implements ITypeConverter<Long> {
        static final long UNLIMITED = Long.MAX_VALUE;

        @Override
        public Long convert(String text) {
            return text.equals("unlimited") ? UNLIMITED : new Sizes().convert(text);
        }
    }
}
