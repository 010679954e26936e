package dev.lastbyte.drain;

import dev.lastbyte.ConnectionEvents;
import dev.lastbyte.EventListeners;
import dev.lastbyte.GracefulCloseHandler;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Asks the handlers of a connection to finish, because the server is being drained. It comes once to each handler that {@linkplain
 * GracefulCloseHandler#listen listens}, when the server has stopped accepting, or at once if the connection arrives later; with {@link
 * dev.lastbyte.GracefulCloseConfig.Builder#withUserEvents} it travels through the pipeline as a user event too. A handler should take no
 * new work from then on (HTTP: {@code Connection: close} on the next response) and close the channel when the work in progress is done.
 * The manager closes idle connections by itself, and the rest when their time is over. Thread-safe.
 */
public final class DrainEvent implements ConnectionEvents.Drain {

    /**
     * The moments at which the parts of a drain end. The drain may bring them forward. Immutable.
     *
     * @param announcedNanos when the announcement has lasted long enough
     * @param graceEndNanos when busy connections are closed as they are
     * @param unansweredEndNanos when silent connections are closed although their peers may wait for an answer
     * @param longLivedEndNanos when the last long-lived connection is closed
     * @param deadlineNanos when everything is over
     */
    record Times(
            long announcedNanos,
            long graceEndNanos,
            long unansweredEndNanos,
            long longLivedEndNanos,
            long deadlineNanos) {
        static Times of(DrainPolicy policy, long startNanos) {
            long announced = startNanos + policy.announceDelayNanos();
            return new Times(
                    announced,
                    announced + policy.gracePeriodNanos(),
                    announced + policy.unansweredPeriodNanos(),
                    announced + policy.longLivedPeriodNanos(),
                    startNanos + policy.drainTimeoutNanos());
        }

        /** The end of a period that begins with the grace period, and lasts no longer. */
        long afterAnnouncement(long periodNanos) {
            return earlier(announcedNanos + periodNanos, graceEndNanos);
        }

        /** Each of the moments, or that of another drain where it is earlier. */
        Times orEarlier(Times other) {
            return new Times(
                    earlier(announcedNanos, other.announcedNanos),
                    earlier(graceEndNanos, other.graceEndNanos),
                    earlier(unansweredEndNanos, other.unansweredEndNanos),
                    earlier(longLivedEndNanos, other.longLivedEndNanos),
                    earlier(deadlineNanos, other.deadlineNanos));
        }

        static long earlier(long a, long b) {
            return a - b < 0 ? a : b;
        }
    }

    private final Duration closeSpread;
    private final LongSupplier nanoTime;
    private final Supplier<Times> times;

    DrainEvent(Duration closeSpread, LongSupplier nanoTime, Supplier<Times> times) {
        this.closeSpread = closeSpread;
        this.nanoTime = nanoTime;
        this.times = times;
    }

    /**
     * The event that a channel has heard, or empty if it has not. From any thread.
     *
     * @throws NullPointerException if {@code channel} is null
     */
    public static Optional<DrainEvent> heardBy(Channel channel) {
        return EventListeners.drainOf(channel) instanceof DrainEvent heard ? Optional.of(heard) : Optional.empty();
    }

    /** Tells the handlers of a connection. On its event loop. */
    void tell(Channel channel) {
        EventListeners.drain(channel, this);
    }

    /**
     * Time until everything must be closed, which includes flush and close of this connection; zero when the deadline has passed. The end
     * of the JVM may bring the deadline forward, see {@link GracefulCloseManager#installShutdownHook}.
     */
    @Override
    public Duration timeLeft() {
        return Duration.ofNanos(Math.max(0, deadlineNanos() - nanoTime.getAsLong()));
    }

    /**
     * How long work in progress may still take; zero when that time has passed. Then the manager closes the connection, unless it is
     * {@link GracefulCloseHandler#longLived}.
     */
    @Override
    public Duration graceLeft() {
        return Duration.ofNanos(Math.max(0, times.get().graceEndNanos() - nanoTime.getAsLong()));
    }

    /** The time over which the closes of idle connections are spread, see {@link DrainPolicy#closeSpread()}; zero if they are not. */
    @Override
    public Duration closeSpread() {
        return closeSpread;
    }

    /** The end of the drain on the scale of {@link System#nanoTime()}. */
    @Override
    public long deadlineNanos() {
        return times.get().deadlineNanos();
    }

    @Override
    public String toString() {
        return "DrainEvent(" + timeLeft().toMillis() + " ms left)";
    }
}
