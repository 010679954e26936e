package dev.lastbyte.drain;

import dev.lastbyte.internal.SocketTable;
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

/** The drain of one manager, which is one after another at most, and what can start it. Thread-safe. */
final class Drains {
    private static final DrainListener NOBODY = new DrainListener() {};

    private final ConnectionRegistry registry;
    private final DrainPolicy policy;
    private final DrainNews news;
    private final AcceptWatch acceptWatch;
    private final Set<Channel> listeners = ConcurrentHashMap.newKeySet();
    private volatile @Nullable DrainSequence current; // guarded by this for writing
    private @Nullable ShutdownHook hook; // guarded by this

    Drains(ConnectionRegistry registry, DrainPolicy policy, @Nullable DrainListener listener) {
        this.registry = registry;
        this.policy = policy;
        news = listener == null ? new DrainNews(NOBODY, Runnable::run) : DrainNews.onOwnThread(listener);
        acceptWatch = new AcceptWatch(registry::of);
    }

    void manage(Channel channel) {
        if (!listeners.add(channel)) {
            return;
        }
        AcceptTurns.prepare(channel);
        channel.pipeline().addFirst(acceptWatch);
        channel.closeFuture().addListener(closed -> listeners.remove(channel));
        DrainSequence running;
        synchronized (this) { // a drain that begins has either seen it, or is seen here
            running = current;
        }
        if (running == null || running.phase() == DrainPhase.READY) {
            return;
        }
        if (running.phase() == DrainPhase.DRAINED) {
            channel.close();
        } else {
            running.listener(channel);
        }
    }

    DrainPhase phase() {
        DrainSequence running = current;
        return running == null ? DrainPhase.READY : running.phase();
    }

    /** Begins a drain, with the manager's policy if none is given, or joins the one that has begun. */
    CompletableFuture<DrainReport> drain(@Nullable DrainPolicy wanted) {
        return begin(wanted == null ? policy : wanted).future().copy();
    }

    /** Begins a drain, or makes the one that has begun end as early as that would. */
    CompletableFuture<DrainReport> drainWithin(DrainPolicy limits) {
        DrainSequence running = begin(limits);
        running.tighten(limits);
        return running.future().copy();
    }

    private synchronized DrainSequence begin(DrainPolicy wanted) {
        DrainSequence running = current;
        if (running != null && running.phase() != DrainPhase.READY) {
            return running;
        }
        DrainThread thread = new DrainThread(registry.system());
        HandshakeLooks looks = new HandshakeLooks(registry.system(), SocketTable.SYSTEM);
        DrainSequence begun = new DrainSequence(
                wanted, registry, listeners, new DrainSequence.Tools(thread, news, (channel, by) -> ListenerStop.start(
                                channel, by, registry.system(), thread.listeners(), looks)
                        .thenApply(ListenerReport::new)));
        current = begun;
        begun.start();
        begun.future().thenAccept(this::ended);
        return begun;
    }

    private synchronized void ended(DrainReport report) {
        ShutdownHook installed = hook;
        if (installed != null && report.outcome() != DrainOutcome.CANCELLED) {
            installed.remove();
            hook = null;
        }
    }

    synchronized boolean cancel() {
        DrainSequence running = current;
        boolean ending = hook != null && hook.isRunning();
        return !ending && running != null && running.cancel();
    }

    void drainBlocking() {
        if (registry.loops().stream().anyMatch(loop -> loop.runsByItself() && loop.isInLoop())
                || listeners.stream()
                        .anyMatch(l -> l.isRegistered() && l.eventLoop().inEventLoop())) {
            throw new IllegalStateException(
                    "close() would wait for the event loop that calls it: call drain() there, or close() from another thread");
        }
        try {
            DrainReport report = drain(null).get();
            while (report.outcome() == DrainOutcome.CANCELLED) {
                report = drain(null).get(); // somebody took it back: this call means it
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException("the drain failed", e.getCause());
        }
    }

    /** Waits a moment for the listener to hear the end. */
    void awaitNews() {
        news.await();
    }

    synchronized void installShutdownHook(Duration drainTimeout) {
        DrainPolicy hooked = policy.toBuilder().drainTimeout(drainTimeout).build();
        ShutdownHook installed = hook;
        if (installed != null) {
            installed.policy(hooked);
        } else {
            hook = ShutdownHook.install(this, hooked);
        }
    }
}
