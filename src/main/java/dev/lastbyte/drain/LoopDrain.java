package dev.lastbyte.drain;

import dev.lastbyte.CloseCause;
import dev.lastbyte.CloseReport;
import dev.lastbyte.internal.EventLoops;
import dev.lastbyte.internal.Loggers;
import dev.lastbyte.internal.LoopTimer;
import dev.lastbyte.internal.listener.AcceptWatch;
import io.netty.channel.Channel;
import io.netty.channel.ServerChannel;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * One event loop's part of a drain. It goes through the connections several times a second and does with each what the phase requires, in
 * portions, so that the event loop goes on serving in between. Confined to the event loop.
 */
final class LoopDrain {
    private static final Logger LOG = Loggers.of(LoopDrain.class);
    private static final long ROUND_NANOS = 100_000_000;
    private static final long MIN_ROUND_NANOS = 5_000_000;

    /** How long one portion may take. Thousands of closes in one task would stall the event loop for a fifth of a second. */
    private static final long PORTION_NANOS = 2_000_000;

    private static final int PORTION = 256;

    /** At the deadline nothing is served any more: input that arrives between portions would only delay the end. */
    private static final long LAST_PORTION_NANOS = 50_000_000;

    private final LoopConnections connections;
    private final DrainPlan plan;
    private final LoopShedding shedding;
    private final Map<ManagedConnection, OpenConnection> forcing = new HashMap<>();
    private @Nullable Future<?> scheduled;
    private long scheduledNanos;
    private DrainPhase roundPhase = DrainPhase.READY;
    private DrainEvent.@Nullable Times times;
    private long nextLookNanos;
    private int foundInRound;
    private boolean inRound;
    private boolean undone;
    private volatile boolean shed;
    private volatile boolean forced;
    private volatile List<OpenConnection> blockers = List.of();

    LoopDrain(LoopConnections connections, DrainPlan plan) {
        this.connections = connections;
        this.plan = plan;
        shedding = new LoopShedding(connections, plan);
    }

    DrainPlan plan() {
        return plan;
    }

    // ---- readable from any thread ----------------------------------------------------------------------------------

    /** Whether every idle connection has been asked to close. */
    boolean hasShed() {
        return shed;
    }

    /** Whether everything that was open at the deadline is closed. */
    boolean hasForced() {
        return forced;
    }

    /** The oldest open connections, as of the last round. */
    List<OpenConnection> blockers() {
        return blockers;
    }

    // ---- events ----------------------------------------------------------------------------------------------------

    /** A connection arrived during the drain. */
    void arrived(ManagedConnection connection) {
        DrainPhase phase = plan.phase();
        if (undone || phase.isAccepting() || phase == DrainPhase.STOP_ACCEPTING) {
            return;
        }
        checkListener(connection.parent());
        connection.tell(plan.event());
        boolean tooLate = phase == DrainPhase.FORCING || phase == DrainPhase.DRAINED;
        if (tooLate && connection.list == connections.open) {
            connection.leave(connections);
        }
    }

    /** Warns, once, of a listener that goes on accepting because it is not managed. */
    private void checkListener(@Nullable Channel listener) {
        boolean managed = listener != null && listener.pipeline().get(AcceptWatch.class) != null;
        if (!managed && listener instanceof ServerChannel && listener.isOpen() && plan.mayWarn()) {
            LOG.warn(
                    "{} still accepts connections during the drain: call GracefulCloseManager.manage(listener) after bind()",
                    listener);
        }
    }

    /**
     * A connection is closed: by force, by its own timer at the same deadline, or otherwise. It is no longer in a list, but still counted
     * as open.
     *
     * @return whether it was closed at the deadline
     */
    boolean closed(ManagedConnection connection, @Nullable CloseReport report) {
        OpenConnection straggler = forcing.remove(connection);
        boolean evicted = report != null && report.cause() == CloseCause.EVICTED; // its end was decided before
        if (report == null || evicted || (straggler == null && report.cause() != CloseCause.DRAIN_DEADLINE)) {
            return false;
        }
        OpenConnection known = straggler != null
                ? straggler
                : connection.describe(connections, plan.system().nanoTime());
        plan.straggler(known.closed(report));
        return true;
    }

    /** The drain was cancelled: removes what it has put in place, a portion at a time. */
    void undo() {
        if (!undone) {
            undone = true;
            roundPhase = DrainPhase.READY;
            connections.lists().forEach(ConnectionList::rewind);
            portion();
        }
    }

    /** Another drain takes over, including what this one has put in place. */
    void end() {
        undone = true;
        cancelTimer();
    }

    // ---- rounds ----------------------------------------------------------------------------------------------------

    /** Begins a round now, unless one of the same phase is under way. */
    void lookAround() {
        DrainPhase phase = plan.phase();
        if (undone || (inRound && phase == roundPhase && plan.times().equals(times))) {
            return;
        }
        inRound = true;
        boolean fresh = phase != roundPhase || !plan.times().equals(times);
        roundPhase = phase;
        times = plan.times();
        long now = plan.system().nanoTime();
        if (fresh || phase == DrainPhase.FORCING) {
            connections.lists().forEach(ConnectionList::rewind); // one may have moved from list to list
            foundInRound = 0;
            nextLookNanos = now;
        } else if (now - nextLookNanos >= 0) {
            connections.open.rewind();
            connections.longLived.rewind();
        }
        if (fresh && phase == DrainPhase.FORCING) {
            schedule(this::portion, 0); // what has arrived is read before the first connection is forced
        } else {
            portion();
        }
    }

    private void portion() {
        cancelTimer();
        shedding.beginTurn();
        long start = plan.system().nanoTime();
        long now = start;
        boolean more = true;
        boolean last = roundPhase == DrainPhase.FORCING;
        int count = last ? Integer.MAX_VALUE : PORTION;
        long nanos = last ? LAST_PORTION_NANOS : PORTION_NANOS;
        for (int i = 0; more && !shedding.wantsTurn() && i < count && now - start < nanos; i++) {
            more = guardedStep(now);
            now = plan.system().nanoTime();
        }
        if (more) {
            schedule(this::portion, 0); // a timer, not a task: input and output get their turn in between
        } else {
            endRound(now);
        }
    }

    /** If one connection fails, the others still get their turn. */
    private boolean guardedStep(long now) {
        try {
            return step(now);
        } catch (Throwable t) {
            LOG.warn("a connection failed in {} of the drain; it goes on with the next", roundPhase, t);
            return true;
        }
    }

    /** Deals with one connection; returns whether there may be more to do in this round. */
    private boolean step(long now) {
        return switch (roundPhase) {
            case READY -> unprepare();
            case ANNOUNCING, STOP_ACCEPTING -> prepare(now);
            case SHEDDING, FINISHING -> shedding.step(now);
            case FORCING -> force(now);
            case DRAINED -> dismiss();
        };
    }

    /** Begins to watch for silence, before anything depends on it. */
    private boolean prepare(long now) {
        ManagedConnection connection = connections.open.next();
        if (connection != null) {
            connection.watchSilence(now, false);
        }
        return connection != null;
    }

    private boolean unprepare() {
        ManagedConnection connection = connections.next();
        if (connection != null) {
            connection.unwatchSilence();
        }
        return connection != null;
    }

    /** Closes the next connection by force, and remembers it as it was. */
    private boolean force(long now) {
        ManagedConnection connection = connections.next();
        if (connection != null && !forcing.containsKey(connection)) {
            forcing.put(connection, connection.describe(connections, now));
            foundInRound++;
            connection.force();
        }
        return connection != null;
    }

    /** Closes what the drain did not wait for: the event loop was blocked, or the connection came at the last moment. */
    private boolean dismiss() {
        for (ConnectionList<ManagedConnection> list :
                List.of(connections.open, connections.idle, connections.longLived)) {
            ManagedConnection connection = list.first();
            if (connection != null) {
                connection.leave(connections);
                return true;
            }
        }
        return false;
    }

    private void endRound(long now) {
        inRound = false;
        if (undone) {
            return;
        }
        if (now - nextLookNanos >= 0) {
            nextLookNanos = now
                    + Math.max(
                            MIN_ROUND_NANOS, Math.min(ROUND_NANOS, plan.policy().idleAfterNanos()));
            blockers = oldest(now);
        }
        boolean shedNow = isShedding() && connections.idle.size() == 0;
        boolean forcedNow = roundPhase == DrainPhase.FORCING && foundInRound == 0 && forcing.isEmpty();
        boolean changed = shedNow != shed || forcedNow != forced;
        shed = shedNow;
        forced = forcedNow;
        if (changed) {
            plan.news();
        }
        if (roundPhase != plan.phase()) {
            schedule(this::lookAround, 0);
        } else if (roundPhase != DrainPhase.DRAINED) {
            schedule(this::lookAround, nextRound(now) - now);
        }
    }

    private boolean isShedding() {
        return roundPhase == DrainPhase.SHEDDING || roundPhase == DrainPhase.FINISHING;
    }

    private long nextRound(long now) {
        if (roundPhase == DrainPhase.FORCING) {
            return now + MIN_ROUND_NANOS;
        }
        long next = isShedding() ? shedding.nextDue(nextLookNanos) : nextLookNanos;
        return Math.max(next - now, MIN_ROUND_NANOS) + now;
    }

    private List<OpenConnection> oldest(long now) {
        int max = plan.policy().maxBlockers();
        List<OpenConnection> found = new ArrayList<>();
        for (ConnectionList<ManagedConnection> list : connections.lists()) {
            ManagedConnection connection = list.first();
            for (int i = 0; i < max && connection != null; i++, connection = connection.next) {
                found.add(connection.describe(connections, now));
            }
        }
        found.sort(Comparator.comparingLong(OpenConnection::ageNanos).reversed());
        return found.size() > max ? List.copyOf(found.subList(0, max)) : found;
    }

    private void schedule(Runnable task, long nanos) {
        cancelTimer();
        scheduledNanos = plan.system().nanoTime() + nanos;
        Future<?> next = EventLoops.schedule(connections.loop(), () -> onTimer(task), nanos);
        if (next == null) {
            LOG.debug("{} does not run any more", connections.loop());
        } else {
            scheduled = next;
        }
    }

    /** If the event loop has stood still, it reads what has come meanwhile before anybody is judged, and silence counts from now. */
    private void onTimer(Runnable task) {
        long now = plan.system().nanoTime();
        if (LoopTimer.isStandstill(scheduledNanos, now)) {
            for (ConnectionList<ManagedConnection> list : List.of(connections.open, connections.idle)) {
                for (ManagedConnection c = list.first(); c != null; c = c.next) {
                    c.stoodStill(now);
                }
            }
            Future<?> next = EventLoops.schedule(connections.loop(), task, 0); // late or not: it is the next turn's
            scheduled = next;
        } else {
            task.run();
        }
    }

    private void cancelTimer() {
        if (scheduled != null) {
            scheduled.cancel(false);
            scheduled = null;
        }
    }
}
