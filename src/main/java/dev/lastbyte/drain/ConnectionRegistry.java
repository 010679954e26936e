package dev.lastbyte.drain;

import dev.lastbyte.CloseListener;
import dev.lastbyte.CloseReport;
import dev.lastbyte.internal.Loggers;
import dev.lastbyte.internal.LoopEnds;
import dev.lastbyte.internal.SystemView;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * All connections of one manager, kept by event loop. The event loops share only this map, which a known loop only reads. Thread-safe.
 */
final class ConnectionRegistry {
    private static final Logger LOG = Loggers.of(ConnectionRegistry.class);

    private final SystemView system;
    private final ClosingBudget budget;
    private final @Nullable FarewellInstaller farewells;
    private final Map<EventLoop, LoopConnections> loops = new ConcurrentHashMap<>();
    private final LoopCounters retired = new LoopCounters();
    private final List<CloseListener> closeListeners = new CopyOnWriteArrayList<>();
    private final AtomicBoolean warnedOfAnother = new AtomicBoolean();
    private volatile @Nullable DrainPlan plan;

    ConnectionRegistry(SystemView system, ClosingBudget budget) {
        this(system, budget, null);
    }

    ConnectionRegistry(SystemView system, ClosingBudget budget, @Nullable FarewellInstaller farewells) {
        this.system = system;
        this.budget = budget;
        this.farewells = farewells;
    }

    List<CloseListener> closeListeners() {
        return closeListeners;
    }

    /** Tells the manager's listeners that one of its connections is closed. On the channel's event loop. */
    void tellClosed(Channel channel, CloseReport report) {
        for (CloseListener listener : closeListeners) {
            try {
                listener.onClose(channel, report);
            } catch (Throwable t) {
                LOG.warn("{} a close listener threw; its exception changes nothing: {}", channel, listener, t);
            }
        }
    }

    SystemView system() {
        return system;
    }

    ClosingBudget budget() {
        return budget;
    }

    /** What puts farewells into connections, or null. */
    @Nullable
    FarewellInstaller farewells() {
        return farewells;
    }

    /** The connections of an event loop, with the drain under way, if there is one. */
    LoopConnections of(EventLoop loop) {
        LoopConnections known = loops.get(loop);
        if (known != null) {
            return known;
        }
        LoopConnections fresh = new LoopConnections(loop, this);
        LoopConnections earlier = loops.putIfAbsent(loop, fresh);
        if (earlier != null) {
            return earlier;
        }
        if (fresh.runsByItself()) {
            LoopEnds.tell(fresh, loop);
        }
        return fresh;
    }

    /** An event loop has ended. */
    void retire(LoopConnections gone) {
        synchronized (retired) {
            gone.retire(retired);
            loops.remove(gone.loop());
        }
    }

    /** Whether a connection that stays with another manager is to be warned of: the first one is. */
    boolean mayWarnOfAnother() {
        return warnedOfAnother.compareAndSet(false, true);
    }

    Collection<LoopConnections> loops() {
        return loops.values();
    }

    LoopCounters.Totals counts() {
        synchronized (retired) { // no loop is counted twice, or not at all
            List<LoopCounters> all = new ArrayList<>();
            all.add(retired);
            loops.values().forEach(loop -> all.add(loop.counters()));
            return LoopCounters.Totals.read(all);
        }
    }

    /** Whether any event loop that runs has an accepted connection that is not in its close sequence. */
    boolean isServing() {
        return loops.values().stream().anyMatch(loop -> loop.counters().serving() > 0);
    }

    /** The drain that runs or has run; null while the server serves. */
    @Nullable
    DrainPlan plan() {
        return plan;
    }

    /**
     * Begins a drain or, with null, cancels it. A connection reads the plan after it has entered its list, and each list is read after this
     * call, so no connection is missed.
     */
    void plan(@Nullable DrainPlan next) {
        plan = next;
    }

    /** Makes every event loop look through its connections. */
    void lookAround() {
        loops.values().forEach(loop -> loop.execute(loop::lookAround));
    }
}
