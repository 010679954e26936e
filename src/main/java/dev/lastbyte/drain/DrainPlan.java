package dev.lastbyte.drain;

import dev.lastbyte.internal.SystemView;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * One drain as its event loops see it: what they have to do and by when, and where they put what they find. Thread-safe; the drain's own
 * thread moves the phase, and any thread may cancel.
 */
final class DrainPlan {
    private final DrainPolicy policy;
    private final SystemView system;
    private final Runnable onNews;
    private volatile DrainEvent.Times times;
    private final DrainEvent event;
    private final Collection<OpenConnection> stragglers = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean warned = new AtomicBoolean();
    private final AtomicInteger forced = new AtomicInteger();
    private final AtomicReference<DrainPhase> phase = new AtomicReference<>(DrainPhase.ANNOUNCING);
    private volatile long shedNanos;

    DrainPlan(DrainPolicy policy, SystemView system, long startNanos, Runnable onNews) {
        this.policy = policy;
        this.system = system;
        this.onNews = onNews;
        times = DrainEvent.Times.of(policy, startNanos);
        event = new DrainEvent(policy.closeSpread(), system::nanoTime, this::times);
    }

    DrainPolicy policy() {
        return policy;
    }

    SystemView system() {
        return system;
    }

    /** The end of the whole drain. */
    long deadlineNanos() {
        return times.deadlineNanos();
    }

    /** The moments at which its parts end. */
    DrainEvent.Times times() {
        return times;
    }

    /** Moves the ends of the parts; the event loops see it when they look around. On the drain's thread only. */
    void times(DrainEvent.Times next) {
        times = next;
    }

    DrainEvent event() {
        return event;
    }

    DrainPhase phase() {
        return Objects.requireNonNull(phase.get());
    }

    /** Moves to the next phase, unless the drain has been cancelled; the event loops see it when they look around. */
    boolean enter(DrainPhase from, DrainPhase next, long now) {
        if (next == DrainPhase.SHEDDING) {
            shedNanos = now;
        }
        return phase.compareAndSet(from, next);
    }

    /** Cancels the drain if it is still being announced. From any thread. */
    boolean cancel() {
        return phase.compareAndSet(DrainPhase.ANNOUNCING, DrainPhase.READY);
    }

    /** When shedding began; the closes of idle connections are spread from then on. */
    long shedNanos() {
        return shedNanos;
    }

    /** Whether this is the first warning of a listener that is not managed. */
    boolean mayWarn() {
        return warned.compareAndSet(false, true);
    }

    /** Wakes the drain's thread: there may be something to do. */
    void news() {
        onNews.run();
    }

    /** A connection was closed by force at the deadline. */
    void straggler(OpenConnection connection) {
        stragglers.add(connection);
        forced.incrementAndGet();
    }

    List<OpenConnection> stragglers() {
        return new ArrayList<>(stragglers);
    }

    int forced() {
        return forced.get();
    }
}
