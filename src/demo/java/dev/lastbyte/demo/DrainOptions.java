package dev.lastbyte.demo;

import static dev.lastbyte.demo.BuilderOption.count;
import static dev.lastbyte.demo.BuilderOption.size;
import static dev.lastbyte.demo.BuilderOption.time;

import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.GracefulCloseManager;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * The flags for a server's drain and for what all closes may hold together; what is not given keeps the library's default. A
 * mixin.
 */
@Command
public final class DrainOptions {
    static final List<BuilderOption<DrainPolicy.Builder, ?>> TIMES = List.of(
            time(
                    "--announce-delay",
                    DrainPolicy.Builder::announceDelay,
                    "how long to serve on after SIGTERM before anything changes (default 0s)"),
            time(
                    "--accept-timeout",
                    DrainPolicy.Builder::acceptTimeout,
                    "longest time to take over what the kernel has accepted (default 3s)"),
            time(
                    "--idle-after",
                    DrainPolicy.Builder::idleAfter,
                    "silence after which a connection without a request is idle (default 5s)"),
            time(
                    "--close-spread",
                    DrainPolicy.Builder::closeSpread,
                    "spread the closes of idle connections over this time (default 0s)"),
            time(
                    "--grace-period",
                    DrainPolicy.Builder::gracePeriod,
                    "how long busy connections may go on (default 20s)"),
            time(
                    "--long-lived-period",
                    DrainPolicy.Builder::longLivedPeriod,
                    "how long long-lived connections may go on (default 20s)"),
            time(
                    "--drain-timeout",
                    DrainPolicy.Builder::drainTimeout,
                    "absolute limit of the whole drain (default 30s)"),
            time(
                    "--progress-interval",
                    DrainPolicy.Builder::progressInterval,
                    "how often the progress is brought up to date (default 1s)"),
            count(
                    "--max-blockers",
                    DrainPolicy.Builder::maxBlockers,
                    "how many of the oldest open connections a progress line names (default 5)"));

    static final List<BuilderOption<GracefulCloseManager.Builder, ?>> BOUNDS = List.of(
            count(
                    "--max-closing",
                    GracefulCloseManager.Builder::maxClosing,
                    "most connections that close at once; more cut the oldest close short (default 10000)"),
            size(
                    "--max-closing-bytes",
                    GracefulCloseManager.Builder::maxClosingBytes,
                    "most bytes that closing connections may hold together (default 1GiB)"));

    private @Nullable CommandSpec command;

    @Spec(Spec.Target.MIXEE)
    void addTo(CommandSpec mixee) {
        command = mixee;
        BuilderOption.add(mixee, "The drain on SIGTERM and Ctrl-C:", TIMES);
        BuilderOption.add(mixee, "What closing connections may take together:", BOUNDS);
    }

    /**
     * The times of the drain.
     *
     * @throws IllegalArgumentException if a value is out of its range
     * @throws IllegalStateException if values contradict each other
     */
    public DrainPolicy policy() {
        return BuilderOption.apply(command(), TIMES, DrainPolicy.builder()).build();
    }

    /**
     * A manager's builder with these times and bounds.
     *
     * @throws IllegalArgumentException if a value is out of its range
     * @throws IllegalStateException if values contradict each other
     */
    public GracefulCloseManager.Builder apply() {
        return BuilderOption.apply(command(), BOUNDS, GracefulCloseManager.builder())
                .drainPolicy(policy());
    }

    private CommandSpec command() {
        return Objects.requireNonNull(command, "command");
    }
}
