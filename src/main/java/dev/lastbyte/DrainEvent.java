package dev.lastbyte;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import java.time.Duration;
import java.util.Optional;

/**
 * User event that asks the handlers of a connection to finish: the server is being drained. It travels once through each
 * pipeline, from its head, when the server has stopped accepting, or at once if the connection comes later. A handler should take no new work now
 * (HTTP: {@code Connection: close} on the next response) and close the channel when the work in hand is done; the manager
 * closes what is idle by itself, and whatever is left when its time is over. Thread-safe.
 */
public final class DrainEvent {
    private static final AttributeKey<DrainEvent> KEY = AttributeKey.valueOf("dev.lastbyte.DRAIN");

    private final SystemView system;
    private final DrainPlan plan;

    DrainEvent(SystemView system, DrainPlan plan) {
        this.system = system;
        this.plan = plan;
    }

    /**
     * The event that a channel's pipeline has heard, for handlers that come later, as after an upgrade of the protocol; empty
     * if it has heard none. From any thread.
     *
     * @throws NullPointerException if {@code channel} is null
     */
    public static Optional<DrainEvent> heardBy(Channel channel) {
        return Optional.ofNullable(channel.hasAttr(KEY) ? channel.attr(KEY).get() : null);
    }

    /** Tells a whole pipeline, from its head. On its event loop. */
    void tell(Channel channel) {
        channel.attr(KEY).set(this);
        channel.pipeline().fireUserEventTriggered(this);
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

    /** Over what time the closes of idle connections are spread, see {@link DrainPolicy#closeSpread()}; zero if they are not. */
    public Duration closeSpread() {
        return plan.policy().closeSpread();
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
