package dev.lastbyte.drain;

import dev.lastbyte.CloseCause;
import dev.lastbyte.CloseOutcome;
import dev.lastbyte.CloseReport;
import dev.lastbyte.FarewellReport;
import dev.lastbyte.drain.LoopCounters.Count;
import dev.lastbyte.internal.EventLoops;
import dev.lastbyte.internal.Loggers;
import dev.lastbyte.internal.LoopEnds;
import io.netty.channel.EventLoop;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * The connections of one manager on one event loop, each in the list of its state. Confined to the event loop, except the methods that
 * are marked otherwise.
 */
final class LoopConnections implements LoopEnds.Listener {
    private static final Logger LOG = Loggers.of(LoopConnections.class);
    private static final int EVICTION_LOOKS = 64;

    /** At work, or not looked at yet; oldest first. */
    final ConnectionList<ManagedConnection> open = new ConnectionList<>();

    /** Found idle by a drain, and closed in turn. */
    final ConnectionList<ManagedConnection> idle = new ConnectionList<>();

    /** Streams and tunnels. */
    final ConnectionList<ManagedConnection> longLived = new ConnectionList<>();

    /** A drain has called {@code close()}; protocols may still send their farewell. */
    final ConnectionList<ManagedConnection> leaving = new ConnectionList<>();

    /** In their close sequence; the one that began first is first. */
    final ConnectionList<ManagedConnection> closing = new ConnectionList<>();

    /** Evicted, or about to be; their close may take a moment to end. */
    final ConnectionList<ManagedConnection> ending = new ConnectionList<>();

    private final List<ConnectionList<ManagedConnection>> lists =
            List.of(open, idle, longLived, leaving, closing, ending);
    private final EventLoop loop;
    private final ConnectionRegistry registry;
    private volatile LoopCounters counters = new LoopCounters();
    private volatile @Nullable LoopDrain drain; // written on the event loop
    private volatile long oldestCloseNanos;
    private volatile boolean closingAny;

    LoopConnections(EventLoop loop, ConnectionRegistry registry) {
        this.loop = loop;
        this.registry = registry;
    }

    // ---- from any thread -------------------------------------------------------------------------------------------

    LoopCounters counters() {
        return counters;
    }

    /** Runs a task on the event loop; returns false if that has ended. */
    boolean execute(Runnable task) {
        boolean accepted = EventLoops.execute(loop, task);
        if (!accepted) {
            LOG.debug("{} does not run any more", loop);
        }
        return accepted;
    }

    /** Whether a drain has asked every idle connection here to close, or cannot any more. */
    boolean hasShed() {
        LoopDrain running = drain;
        return !hasOpen() || loop.isShutdown() || (running != null && running.hasShed());
    }

    /** The oldest open connections here, as the drain saw them last. */
    List<OpenConnection> blockers() {
        LoopDrain running = drain;
        return running == null ? List.of() : running.blockers();
    }

    /** Whether everything that was open at the deadline of a drain is closed. */
    boolean hasForced() {
        LoopDrain running = drain;
        return running != null && running.hasForced();
    }

    /**
     * Runs a task when the event loop has terminated, on a thread that serves all terminated loops: the lists and the counters have one
     * writer at any time.
     */
    void executeAfterEnd(Runnable task) {
        loop.terminationFuture().addListener(ended -> task.run());
    }

    @Override
    public void loopEnded() {
        registry.retire(this);
    }

    /** The event loop has terminated: connections that close later are counted with those of other terminated loops. */
    void retire(LoopCounters retired) {
        retired.addAll(counters);
        counters = retired;
    }

    /** Whether the current thread is the event loop's. */
    boolean isInLoop() {
        return loop.inEventLoop();
    }

    /** Whether the event loop has a thread; that of an embedded channel runs when it is told to. */
    boolean runsByItself() {
        return loop.parent() != null;
    }

    boolean hasOpen() {
        return counters.open() > 0;
    }

    boolean isClosingAny() {
        return closingAny;
    }

    /** When the oldest close here began. */
    long oldestCloseNanos() {
        return oldestCloseNanos;
    }

    // ---- on the event loop -----------------------------------------------------------------------------------------

    EventLoop loop() {
        return loop;
    }

    ConnectionRegistry registry() {
        return registry;
    }

    List<ConnectionList<ManagedConnection>> lists() {
        return lists;
    }

    /** The next connection of a pass over all lists, or null at its end. */
    @Nullable
    ManagedConnection next() {
        for (ConnectionList<ManagedConnection> list : lists) {
            ManagedConnection found = list.next();
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    /** Adds a new connection. */
    void add(ManagedConnection connection) {
        (connection.isLongLived() ? longLived : open).add(connection);
        counters.add(Count.OPENED, 1);
        countServing(connection, null, connection.list);
        if (connection.hasOpenExchange()) {
            counters.add(Count.IN_EXCHANGE, 1);
        }
    }

    /** All handlers know that a new connection is active. */
    void announced(ManagedConnection connection) {
        if (registry.plan() == null) {
            return;
        }
        if (connection.list == open) {
            connection.watchSilence(registry.system().nanoTime(), true);
        }
        if (drain == null) {
            lookAround(); // the loop was unknown when the drain began
        }
        LoopDrain running = drain;
        if (running != null && connection.list != null) {
            running.arrived(connection);
        }
    }

    /** Moves a connection to the list of another state. */
    void move(ManagedConnection connection, ConnectionList<ManagedConnection> to) {
        ConnectionList<ManagedConnection> from = connection.list;
        if (from != null && from != to) {
            from.remove(connection);
            to.add(connection);
            countServing(connection, from, to);
            publish(from == closing || to == closing);
        }
    }

    /** Removes a connection that is closed; without a report if its handler was removed. */
    void remove(ManagedConnection connection, @Nullable CloseReport report) {
        ConnectionList<ManagedConnection> from = connection.list;
        if (from == null) {
            return;
        }
        from.remove(connection);
        countServing(connection, from, null);
        publish(from == closing);
        if (connection.hasOpenExchange()) {
            counters.add(Count.IN_EXCHANGE, -1);
        }
        LoopDrain running = drain;
        boolean forced = running != null
                && running.closed(connection, report); // before it is counted: a report is made from the counters
        if (report != null) {
            report.farewell().ifPresent(this::count); // before the close is counted, for the same reason
            count(connection, report, forced);
            counters.closed(report.outcome());
        } else {
            counters.add(Count.RELEASED, 1);
        }
        if (running != null && isEmpty()) {
            running.plan().news();
        }
        if (!runsByItself() && isEmpty()) {
            registry.retire(this); // an embedded channel's event loop ends with its channel
        }
    }

    private void countServing(
            ManagedConnection connection,
            @Nullable ConnectionList<ManagedConnection> from,
            @Nullable ConnectionList<ManagedConnection> to) {
        int change = serving(to) - serving(from);
        if (change != 0 && connection.isAccepted()) {
            counters.add(Count.SERVING, change);
        }
    }

    /** 1 if a connection in this list may still get answers. */
    private int serving(@Nullable ConnectionList<ManagedConnection> list) {
        return list == null || list == closing || list == ending ? 0 : 1;
    }

    private void count(FarewellReport farewell) {
        counters.add(Count.REFUSED, farewell.refusedRequests());
        counters.add(Count.LOST, farewell.lostRequests());
    }

    /** Counts what the end of a connection cost its peer. */
    private void count(ManagedConnection connection, CloseReport report, boolean forced) {
        if (report.outcome().isDelivered()) {
            counters.add(Count.ACKNOWLEDGED, connection.answered());
        }
        Silence.Answer atEnd = connection.answerAtEnd();
        boolean agreed = report.farewell()
                .filter(farewell -> farewell.outcome() == FarewellReport.Outcome.ANSWERED)
                .isPresent(); // a peer that has answered the farewell waits for nothing
        if (atEnd == Silence.Answer.TRUNCATED || (!forced && isTruncated(connection, report))) {
            counters.add(Count.INTERRUPTED, 1);
        } else if (atEnd == Silence.Answer.OWED && !agreed) {
            counters.add(Count.POSSIBLY_UNANSWERED, 1);
        } else if (atEnd == Silence.Answer.UNKNOWN && !agreed) {
            counters.add(Count.UNJUDGED, 1);
        }
    }

    /** Whether this side has truncated output, or may have with an exchange open. */
    private static boolean isTruncated(ManagedConnection connection, CloseReport report) {
        if (report.outcome() == CloseOutcome.RESET_BY_PEER || report.cause() == CloseCause.TRANSPORT) {
            return false; // the peer's doing
        }
        boolean unsure =
                report.outcome() == CloseOutcome.UNDELIVERED || report.cause() == CloseCause.EVENT_LOOP_SHUTDOWN;
        return report.unsentBytes() > 0
                || report.outcome() == CloseOutcome.ABORTED
                || (unsure && connection.hasOpenExchange());
    }

    private boolean isEmpty() {
        return lists.stream().allMatch(list -> list.size() == 0);
    }

    private void publish(boolean closingChanged) {
        counters.set(Count.IDLE, idle.size());
        counters.set(Count.CLOSING, leaving.size() + closing.size() + ending.size());
        if (closingChanged) {
            ManagedConnection oldest = closing.first();
            closingAny = oldest != null;
            oldestCloseNanos = oldest == null ? 0 : oldest.closingSinceNanos();
        }
    }

    /** Cuts the oldest close here short if there are too many; if there are still too many, asks the next event loop. */
    void evictOldest() {
        if (!registry.budget().isExceeded()) {
            return;
        }
        boolean evicted = false;
        for (ManagedConnection oldest = closing.first(); oldest != null && !evicted; oldest = closing.first()) {
            move(oldest, ending);
            evicted = oldest.evict();
        }
        if (registry.budget().isExceeded()) {
            registry.budget().evictOldest(registry);
        }
    }

    /** Cuts the oldest close short that began before the given moment and only waits for its peer; returns whether there was one. */
    boolean evictWaiting(long beforeNanos) {
        ManagedConnection oldest = closing.first();
        for (int i = 0; i < EVICTION_LOOKS && oldest != null; i++, oldest = oldest.next) {
            if (oldest.closingSinceNanos() - beforeNanos > 0) {
                return false;
            }
            if (oldest.isWaiting()) {
                move(oldest, ending);
                return oldest.evict();
            }
        }
        return false;
    }

    /** Looks through the connections as the drain requires now; does nothing without a drain. */
    void lookAround() {
        DrainPlan plan = registry.plan();
        LoopDrain running = drain;
        if (running != null && plan == null) {
            running.undo();
            return;
        }
        if (running != null && running.plan() != plan) {
            running.end();
            running = null;
        }
        if (running == null && plan != null) {
            running = new LoopDrain(this, plan);
            drain = running;
        }
        if (running != null) {
            running.lookAround();
        }
    }
}
