package dev.lastbyte.systemd;

import dev.lastbyte.drain.DrainListener;
import dev.lastbyte.drain.DrainPhase;
import dev.lastbyte.drain.DrainProgress;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.internal.Loggers;
import java.time.Duration;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Tells systemd how a service is, as sd_notify(3) describes: that it is ready, that it is stopping, and during a drain how far that is and how
 * much longer it may take, so that a drain that is longer than {@code TimeoutStopSec} is not killed. docs/systemd.md has a unit.
 *
 * <pre>{@code
 * SystemdNotifier systemd = SystemdNotifier.install(manager);
 * …bind…
 * systemd.ready();
 * }</pre>
 *
 * <p>Where the environment has no {@code NOTIFY_SOCKET}, nothing is done: the process is no service of {@code Type=notify}. Thread-safe.
 */
public final class SystemdNotifier implements DrainListener {
    private static final Logger LOG = Loggers.of(SystemdNotifier.class);

    /** What is allowed on top of the drain's deadline: for the report, the event loops and the end of the JVM. */
    private static final Duration MARGIN = Duration.ofSeconds(10);

    private final @Nullable NotifySocket socket;

    private SystemdNotifier(@Nullable NotifySocket socket) {
        this.socket = socket;
    }

    /**
     * A notifier that follows the drains of a manager, for the socket that the environment names.
     *
     * @throws NullPointerException if {@code manager} is null
     */
    public static SystemdNotifier install(GracefulCloseManager manager) {
        return install(manager, System::getenv);
    }

    static SystemdNotifier install(GracefulCloseManager manager, UnaryOperator<@Nullable String> environment) {
        Objects.requireNonNull(manager, "manager");
        String path = environment.apply("NOTIFY_SOCKET");
        NotifySocket socket = path == null || path.isEmpty() ? null : NotifySocket.open(path);
        SystemdNotifier notifier = new SystemdNotifier(socket);
        if (socket != null) {
            manager.addDrainListener(notifier);
        }
        return notifier;
    }

    /** Whether systemd is listening. */
    public boolean isActive() {
        return socket != null;
    }

    /** The service is up: its listeners are bound. Does nothing without systemd. */
    public void ready() {
        send("READY=1\nSTATUS=serving");
    }

    /**
     * STOPPING is told when the drain cannot be cancelled any more: systemd takes it for the beginning of the end, and would kill a service that
     * goes on serving.
     */
    @Override
    public void onPhase(DrainPhase phase) {
        if (phase == DrainPhase.READY) {
            send("STATUS=serving");
        } else if (phase == DrainPhase.STOP_ACCEPTING) {
            send("STOPPING=1");
        }
    }

    /** Asks for the time that the drain has left, and some more, each time anew. */
    @Override
    public void onProgress(DrainProgress progress) {
        if (progress.phase() != DrainPhase.READY) {
            long micros = progress.timeLeft().plus(MARGIN).toNanos() / 1000;
            send("EXTEND_TIMEOUT_USEC=" + micros + "\nSTATUS=" + status(progress));
        }
    }

    private static String status(DrainProgress progress) {
        return "drain " + progress.phase() + ": " + progress.open() + " open, " + progress.busy() + " busy, "
                + progress.closing() + " closing, " + progress.allClosed() + " closed, " + progress.forced()
                + " forced, "
                + progress.timeLeft().toSeconds() + " s left";
    }

    @Override
    public void onReport(DrainReport report) {
        if (report.outcome() != DrainReport.Outcome.CANCELLED) {
            send("STATUS=drained: " + report.outcome() + ", " + report.lostRequests() + " requests lost, "
                    + report.forced() + " connections forced");
        }
    }

    private void send(String state) {
        if (socket != null) {
            LOG.debug("{}", state);
            socket.send(state);
        }
    }

    @Override
    public String toString() {
        return "SystemdNotifier{" + (socket == null ? "off" : socket) + "}";
    }
}
