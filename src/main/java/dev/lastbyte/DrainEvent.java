package dev.lastbyte;

import java.time.Duration;

/**
 * User event that asks the handlers of a connection to finish: the server is being drained. It travels once through each
 * pipeline, from its head, when the server has stopped accepting, or at once if the connection comes later. A handler should take no new work now
 * (HTTP: {@code Connection: close} on the next response) and close the channel when the work in hand is done; the manager
 * closes what is idle by itself, and whatever is left when its time is over. Thread-safe.
 */
public final class DrainEvent {
    private final SystemView system;
    private final DrainPlan plan;

    DrainEvent(SystemView system, DrainPlan plan) {
        this.system = system;
        this.plan = plan;
    }

    /**
     * How long the connection may still live, flush and close included; zero when the deadline has passed. The end of the
     * JVM may bring the deadline forward, see {@link GracefulCloseManager#installShutdownHook}.
     */
    public Duration timeLeft() {
        return Duration.ofNanos(Math.max(0, plan.deadlineNanos() - system.nanoTime()));
    }

    /**
     * How long work in hand may still take: then the manager closes the connection as it is, unless it is {@link
     * GracefulCloseHandler#longLived}. Zero when that has passed.
     */
    public Duration graceLeft() {
        return Duration.ofNanos(Math.max(0, plan.times().graceEndNanos() - system.nanoTime()));
    }

    /** The end of the drain on the scale of {@link System#nanoTime()}. */
    public long deadlineNanos() {
        return plan.deadlineNanos();
    }

    @Override
    public String toString() {
        return "DrainEvent(" + timeLeft().toMillis() + " ms left)";
    }
}
