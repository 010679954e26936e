package dev.lastbyte.drain;

import dev.lastbyte.internal.EventLoops;
import dev.lastbyte.internal.Loggers;
import dev.lastbyte.internal.SocketTable;
import dev.lastbyte.internal.SystemView;
import dev.lastbyte.internal.listener.AcceptTurns;
import dev.lastbyte.internal.listener.AcceptWatch;
import dev.lastbyte.internal.listener.HandshakeLooks;
import dev.lastbyte.internal.listener.ListenerStop;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/** The drains of one manager, one at a time, with its listeners and all that can begin a drain. Thread-safe. */
final class Drains {
    private static final Logger LOG = Loggers.of(Drains.class);

    private final ConnectionRegistry registry;
    private final DrainPolicy policy;
    private final DrainNews news = new DrainNews();
    private final AcceptWatch acceptWatch;
    private final Set<Channel> listeners = ConcurrentHashMap.newKeySet();
    private volatile @Nullable DrainSequence current; // guarded by this for writing
    private @Nullable Thread shutdownHook; // guarded by this
    private volatile DrainPolicy shutdownPolicy;
    private volatile boolean shuttingDown;

    Drains(ConnectionRegistry registry, DrainPolicy policy, @Nullable DrainListener listener) {
        this.registry = registry;
        this.policy = policy;
        shutdownPolicy = policy;
        if (listener != null) {
            news.add(listener);
        }
        acceptWatch = new AcceptWatch(registry::of);
    }

    /** Knows a listener from now on; one that is not bound yet serves from its activation on, or is forgotten when it closes. */
    void manage(Channel channel) {
        if (!listeners.add(channel)) {
            return;
        }
        if (channel.pipeline().get(AcceptWatch.class) != null) {
            listeners.remove(channel);
            throw new IllegalArgumentException("listener: " + channel
                    + " (expected: one without a manager; another GracefulCloseManager has it already)");
        }
        AcceptTurns.prepare(channel);
        channel.pipeline().addFirst(acceptWatch);
        channel.closeFuture().addListener(closed -> listeners.remove(channel));
        DrainSequence running;
        synchronized (this) { // a drain that begins has either seen the listener, or is seen here
            running = current;
        }
        if (running == null || running.phase() == DrainPhase.READY) {
            return;
        }
        if (running.phase() == DrainPhase.DRAINED) {
            EventLoops.close(channel);
        } else {
            running.listener(channel);
        }
    }

    DrainNews news() {
        return news;
    }

    /** How far the drain is that runs or has run, or null while the server serves. */
    @Nullable
    DrainProgress progress() {
        DrainSequence running = current;
        return running == null || running.phase() == DrainPhase.READY ? null : running.progress();
    }

    DrainPhase phase() {
        DrainSequence running = current;
        return running == null ? DrainPhase.READY : running.phase();
    }

    /** Begins a drain with the manager's policy, or joins the one that has begun. */
    CompletableFuture<DrainReport> drain() {
        return drain(policy);
    }

    /** Begins a drain, or joins the one that has begun. */
    CompletableFuture<DrainReport> drain(DrainPolicy wanted) {
        return begin(wanted).future().copy();
    }

    private synchronized DrainSequence begin(DrainPolicy wanted) {
        DrainSequence running = current;
        if (running != null && running.phase() != DrainPhase.READY) {
            return running;
        }
        listeners.removeIf(
                l -> !l.isOpen() && EventLoops.hasNone(l)); // its close future has nobody to tell its listeners
        SystemView system = registry.system();
        DrainThread.Started thread = new DrainThread.Started(system);
        HandshakeLooks looks = new HandshakeLooks(system, SocketTable.SYSTEM);
        DrainSequence.Stopper stopper = (listener, deadlineNanos) -> ListenerStop.start(
                        listener, deadlineNanos, system, thread.listeners(), looks)
                .thenApply(ListenerReport::new);
        DrainSequence begun =
                new DrainSequence(wanted, registry, listeners, new DrainSequence.Tools(thread, news, stopper));
        current = begun;
        begun.start();
        begun.future().thenAccept(this::ended);
        return begun;
    }

    synchronized boolean cancel() {
        DrainSequence running = current;
        return !shuttingDown && running != null && running.cancel();
    }

    void drainBlocking() {
        if (registry.loops().stream().anyMatch(loop -> loop.runsByItself() && loop.isInLoop())
                || listeners.stream()
                        .anyMatch(l -> l.isRegistered() && l.eventLoop().inEventLoop())) {
            throw new IllegalStateException(
                    "close() would wait for the event loop that calls it: call drain() there, or close() from another thread");
        }
        try {
            DrainReport report = drain().get();
            while (report.outcome() == DrainReport.Outcome.CANCELLED) {
                report = drain().get(); // somebody cancelled it, but this call must drain
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException("the drain failed", e.getCause());
        }
    }

    // ---- the end of the JVM ----------------------------------------------------------------------------------------

    synchronized void installShutdownHook(Duration drainTimeout) {
        shutdownPolicy = policy.toBuilder().drainTimeout(drainTimeout).build();
        if (shutdownHook == null) {
            Thread hook = new Thread(this::shutdown, "lastbyte-shutdown");
            Runtime.getRuntime().addShutdownHook(hook);
            shutdownHook = hook;
        }
    }

    /** Drains, and delays the end of the JVM until the report is out. */
    private void shutdown() {
        shuttingDown = true;
        if (drainForShutdown().outcome() == DrainReport.Outcome.CANCELLED) {
            drainForShutdown(); // that one was cancelled just before; this one cannot be
        }
    }

    /** Drains; a drain that runs already must end as early as this one would. */
    private DrainReport drainForShutdown() {
        DrainPolicy limits = shutdownPolicy;
        DrainSequence running = begin(limits);
        running.tighten(limits);
        return running.future().join();
    }

    private synchronized void ended(DrainReport report) {
        if (shutdownHook != null && report.outcome() != DrainReport.Outcome.CANCELLED) {
            try {
                Runtime.getRuntime().removeShutdownHook(shutdownHook); // it would keep the manager from being collected
            } catch (IllegalStateException e) {
                LOG.trace("the JVM is ending");
            }
            shutdownHook = null;
        }
    }
}
