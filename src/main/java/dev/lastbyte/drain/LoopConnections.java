package dev.lastbyte.drain;

import dev.lastbyte.CloseReport;
import dev.lastbyte.FarewellReport;
import dev.lastbyte.drain.LoopCounters.Count;
import dev.lastbyte.internal.EventLoops;
import dev.lastbyte.internal.Loggers;
import io.netty.channel.EventLoop;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * The connections of one manager on one event loop, each in the list of its state. Confined to the event loop, but for the
 * methods that say otherwise.
 */
final class LoopConnections {
    private static final Logger LOG = Loggers.of(LoopConnections.class);
    private static final int EVICTION_LOOKS = 64;

    /** At work, or not looked at yet, in the order of their age. */
    final ConnectionList<ManagedConnection> open = new ConnectionList<>();

    /** Found idle by a drain; to be closed in their turn. */
    final ConnectionList<ManagedConnection> idle = new ConnectionList<>();

    /** Streams and tunnels. */
    final ConnectionList<ManagedConnection> longLived = new ConnectionList<>();

    /** {@code close()} was called by a drain; protocols may still be saying goodbye. */
    final ConnectionList<ManagedConnection> leaving = new ConnectionList<>();

    /** In their close sequence, in the order in which it began. */
    final ConnectionList<ManagedConnection> closing = new ConnectionList<>();

    /** Told to end, which may take a moment; no longer to be evicted. */
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

    /** Runs on the event loop; returns false if that has been shut down and takes no more tasks. */
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

    /** Whether all that a drain told to end has ended. */
    boolean hasForced() {
        LoopDrain running = drain;
        return running != null && running.hasForced();
    }

    /**
     * Runs when the event loop has terminated, on a thread that serves all terminated loops: the lists and the counters have one
     * writer at any time.
     */
    void executeAfterEnd(Runnable task) {
        loop.terminationFuture().addListener(ended -> task.run());
    }

    /** The event loop has terminated: what still ends here is counted with those of other terminated loops. */
    void retire(LoopCounters retired) {
        retired.addAll(counters);
        counters = retired;
    }

    /** Whether the current thread is the event loop's. */
    boolean isInLoop() {
        return loop.inEventLoop();
    }

    /** Whether it has a thread; an embedded channel's event loop runs when it is told to. */
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

    /** A new connection. */
    void add(ManagedConnection connection) {
        (connection.isLongLived() ? longLived : open).add(connection);
        counters.add(Count.OPENED, 1);
        if (connection.hasOpenExchange()) {
            counters.add(Count.IN_EXCHANGE, 1);
        }
    }

    /** A new connection whose handlers know that it is active. */
    void announced(ManagedConnection connection) {
        if (registry.plan() == null) {
            return;
        }
        if (drain == null) {
            lookAround(); // the loop was unknown when the drain began
        }
        LoopDrain running = drain;
        if (running != null && connection.list != null) {
            running.arrived(connection);
        }
    }

    /** Another state. */
    void move(ManagedConnection connection, ConnectionList<ManagedConnection> to) {
        ConnectionList<ManagedConnection> from = connection.list;
        if (from != null && from != to) {
            from.remove(connection);
            to.add(connection);
            publish(from == closing || to == closing);
        }
    }

    /** The end; without a report if the handler was removed. */
    void remove(ManagedConnection connection, @Nullable CloseReport report) {
        ConnectionList<ManagedConnection> from = connection.list;
        if (from == null) {
            return;
        }
        from.remove(connection);
        publish(from == closing);
        if (connection.hasOpenExchange()) {
            counters.add(Count.IN_EXCHANGE, -1);
        }
        LoopDrain running = drain;
        if (running != null) {
            running.closed(connection, report); // before it is counted: a report is made from the counters
        }
        if (report != null) {
            report.farewell().ifPresent(this::count); // before the end is: a report is made from the counters
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

    private void count(FarewellReport farewell) {
        counters.add(Count.REFUSED, farewell.refusedRequests());
        counters.add(Count.LOST, farewell.lostRequests());
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

    /** Ends the oldest close here, if there are still too many; if there is none here, the next loop is asked. */
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

    /** Ends the oldest close that began before the given moment and has nothing left to send; returns whether there was one. */
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

    /** Looks through the connections for what the drain asks for now; not at all without a drain. */
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
