package dev.lastbyte.drain;

import dev.lastbyte.GracefulCloseConfig;
import org.jspecify.annotations.Nullable;

/**
 * Closes the connections of one event loop at the times that a drain prescribes: idle ones in turn, long-lived ones before their time
 * ends, busy ones when they become idle or their time is over. Each step deals with one connection. Confined to the event loop.
 */
final class LoopShedding {
    /** A close gets at least this time to wait for a peer that has everything. */
    private static final long MIN_WAIT_NANOS =
            GracefulCloseConfig.defaults().quietPeriod().toNanos();

    private final LoopConnections connections;
    private final DrainPlan plan;
    private @Nullable EvenSpread idleSpread;
    private @Nullable EvenSpread longLivedSpread;
    private long lastIdleNanos;
    private long lastLongLivedNanos;
    private boolean looked;
    private boolean wantsTurn;

    LoopShedding(LoopConnections connections, DrainPlan plan) {
        this.connections = connections;
        this.plan = plan;
    }

    /** Deals with the next connection of a round; returns false when there is nothing more to do now. */
    boolean step(long now) {
        if (lookAtOpen(now)) {
            looked = true;
            return true;
        }
        if (tellLongLived() || handDown()) {
            return true;
        }
        if (looked && isDue(now)) {
            wantsTurn = true;
            return true;
        }
        return isDue(now) && hasRoom(now) && (shedIdle(now) || shedLongLived(now) || endGrace(now));
    }

    /** A turn of the event loop begins. */
    void beginTurn() {
        looked = false;
        wantsTurn = false;
    }

    /**
     * Whether the event loop should read first: input that arrived while it was blocked makes a connection busy that seems idle.
     */
    boolean wantsTurn() {
        return wantsTurn;
    }

    private boolean isDue(long now) {
        return nextDue(now + 1) - now <= 0;
    }

    /** A drain truncates no answers to make room for its closes, but a close that only waits for its peer may be cut short. */
    private boolean hasRoom(long now) {
        return connections.registry().budget().hasRoom(connections.registry())
                || connections.evictWaiting(now - MIN_WAIT_NANOS);
    }

    /** Sends the event to a connection, and finds out whether it is idle. */
    private boolean lookAtOpen(long now) {
        ManagedConnection connection = connections.open.next();
        if (connection == null) {
            return false;
        }
        connection.tell(plan.event());
        if (connection.list == connections.open && connection.isIdle(now, plan) && !isAwaited(connection, now)) {
            connections.move(connection, connections.idle);
        }
        return true;
    }

    /** Whether requests that this side still serves may need the connection: it leads to another server. */
    private boolean isAwaited(ManagedConnection connection, long now) {
        return !connection.isAccepted()
                && now - plan.times().graceEndNanos() < 0
                && connections.registry().isServing();
    }

    private boolean tellLongLived() {
        ManagedConnection connection = connections.longLived.next();
        if (connection != null) {
            connection.tell(plan.event());
        }
        return connection != null;
    }

    /** Gives the deadline to a close that began before the drain. */
    private boolean handDown() {
        ManagedConnection connection = connections.closing.next();
        if (connection != null) {
            connection.limit(plan.deadlineNanos());
        }
        return connection != null;
    }

    private boolean shedIdle(long now) {
        ManagedConnection connection = connections.idle.first();
        if (connection == null) {
            return false;
        }
        long due = nextIdle();
        if (now - due < 0) {
            return false;
        }
        if (connection.isStillIdle(now, plan) && !isAwaited(connection, now)) {
            lastIdleNanos = due;
            connection.leaveIdle(connections);
        } else {
            connections.move(connection, connections.open);
        }
        return true;
    }

    private boolean shedLongLived(long now) {
        ManagedConnection connection = connections.longLived.first();
        if (connection == null) {
            return false;
        }
        long due = nextLongLived();
        if (now - due < 0) {
            return false;
        }
        lastLongLivedNanos = due;
        connection.leave(connections);
        return true;
    }

    /** Closes a busy connection when the grace period is over. */
    private boolean endGrace(long now) {
        ManagedConnection connection = connections.open.first();
        if (connection == null || now - plan.times().graceEndNanos() < 0) {
            return false;
        }
        connection.leaveBusy(connections, now);
        return true;
    }

    /** When something is due next, if that is before the given moment. */
    long nextDue(long otherwise) {
        long next = otherwise;
        next = connections.idle.size() > 0 ? DrainEvent.Times.earlier(next, nextIdle()) : next;
        next = connections.longLived.size() > 0 ? DrainEvent.Times.earlier(next, nextLongLived()) : next;
        return connections.open.size() > 0
                ? DrainEvent.Times.earlier(next, plan.times().graceEndNanos())
                : next;
    }

    private long nextIdle() {
        EvenSpread spread = idleSpread;
        if (spread == null) {
            long start = plan.shedNanos();
            spread = new EvenSpread(start, start + plan.policy().closeSpreadNanos());
            idleSpread = spread;
            lastIdleNanos = start;
        }
        return spread.next(lastIdleNanos, connections.idle.size());
    }

    private long nextLongLived() {
        long end = plan.times().longLivedEndNanos();
        EvenSpread spread = longLivedSpread;
        if (spread == null || spread.endNanos() != end) {
            spread = new EvenSpread(end - plan.policy().closeSpreadNanos(), end);
            longLivedSpread = spread;
            lastLongLivedNanos = spread.startNanos();
        }
        return spread.next(lastLongLivedNanos, connections.longLived.size());
    }

    /**
     * Decides when the next of a number of closes is due so that all of them are spread evenly over a span of time. Connections that
     * join later share the time that is left. Immutable.
     *
     * @param startNanos when the span begins
     * @param endNanos when it ends; from then on everything is due
     */
    record EvenSpread(long startNanos, long endNanos) {
        /**
         * When the next one is due.
         *
         * @param lastNanos when the one before was closed, or the span began
         * @param waiting how many are left, this one included
         */
        long next(long lastNanos, int waiting) {
            long from = lastNanos - startNanos < 0 ? startNanos : lastNanos;
            long left = endNanos - from;
            return left <= 0 ? from : from + left / (waiting + 1);
        }
    }
}
