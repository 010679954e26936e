package dev.lastbyte.demo;

import static dev.lastbyte.demo.BuilderOption.size;
import static dev.lastbyte.demo.BuilderOption.time;

import dev.lastbyte.CloseStrategy;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseConfig.Builder;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The flags for the limits of a graceful close; what is not given keeps the library's default. A mixin. */
@Command
public final class LimitOptions {
    static final List<BuilderOption<Builder, ?>> OPTIONS = List.of(
            time("--flush-timeout", Builder::flushTimeout, "longest flush without a byte leaving (default 30s)"),
            time(
                    "--eof-timeout",
                    Builder::eofTimeout,
                    "longest wait in total for the peer's FIN after ours (default 30s)"),
            time(
                    "--stall-timeout",
                    Builder::stallTimeout,
                    "longest time after our FIN without a byte either way (default 5s)"),
            time(
                    "--quiet-period",
                    Builder::quietPeriod,
                    "silence after which a peer that has everything is let go (default 250ms)"),
            time(
                    "--delivered-timeout",
                    Builder::deliveredTimeout,
                    "how long a peer that has everything may go on talking (default 5s)"),
            size(
                    "--max-discarded-bytes",
                    Builder::maxDiscardedBytes,
                    "most bytes of input read and dropped (default 64MiB)"),
            new BuilderOption<>(
                    "--discard-rate",
                    "SIZE",
                    Long.class,
                    new Rate(),
                    "most bytes of input dropped per second, or 'unlimited' (default 8MiB)",
                    LimitOptions::discardRate),
            time("--close-timeout", Builder::closeTimeout, "absolute limit of the whole close (default 60s)"));

    private @Nullable CommandSpec command;

    @Spec(Spec.Target.MIXEE)
    void addTo(CommandSpec mixee) {
        command = mixee;
        BuilderOption.add(mixee, "How one connection is closed:", OPTIONS);
    }

    /**
     * The configuration of these limits and a strategy, without a listener.
     *
     * @throws IllegalArgumentException if a value is out of its range
     */
    public Builder apply(CloseStrategy strategy) {
        Builder builder = GracefulCloseConfig.builder().strategy(strategy);
        return BuilderOption.apply(Objects.requireNonNull(command, "command"), OPTIONS, builder);
    }

    private static void discardRate(Builder builder, long rate) {
        if (rate == Rate.UNLIMITED) {
            builder.unlimitedDiscardRate();
        } else {
            builder.discardRate(rate);
        }
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
