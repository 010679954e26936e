package dev.lastbyte.drain;

import dev.lastbyte.FrozenHandlers;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.internal.listener.AcceptWatch;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.FrozenSystem;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.local.LocalServerChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A server whose time stands still: connections on event loops of their own, a manager's registry, and a drain whose thread is
 * the test.
 */
final class FrozenServer implements DrainThread {
    final FrozenSystem system = new FrozenSystem();
    final ConnectionRegistry registry;
    final List<EmbeddedDuplexChannel> channels = new ArrayList<>();
    final List<DrainPhase> phases = new ArrayList<>();
    final List<DrainProgress> progress = new ArrayList<>();
    final List<Long> phaseMillis = new ArrayList<>();
    private final Channel listener = new LocalServerChannel();
    private final Queue<Runnable> steps = new ArrayDeque<>();
    private final GracefulCloseConfig config;
    private final long beginNanos = system.nanoTime();
    private CompletableFuture<ListenerReport> listenerStop = new CompletableFuture<>();
    private Collection<Channel> listeners = List.of();
    private @Nullable Runnable wakeUp;
    private long wakeNanos;
    private boolean ended;

    FrozenServer() {
        this(GracefulCloseConfig.defaults(), 10_000, Long.MAX_VALUE);
    }

    FrozenServer(GracefulCloseConfig config, long maxClosing, long maxClosingBytes) {
        this.config = config;
        listener.pipeline().addFirst(new AcceptWatch(loop -> {}));
        registry = new ConnectionRegistry(system, new ClosingBudget(maxClosing, maxClosingBytes));
    }

    /** A new connection of a client, with handlers of its own behind ours. */
    EmbeddedDuplexChannel connect(ChannelHandler... handlers) {
        return add(new EmbeddedDuplexChannel().acceptedBy(listener), handlers);
    }

    /** A new connection to another server. */
    EmbeddedDuplexChannel connectTo(ChannelHandler... handlers) {
        return add(new EmbeddedDuplexChannel(), handlers);
    }

    private EmbeddedDuplexChannel add(EmbeddedDuplexChannel channel, ChannelHandler... handlers) {
        GracefulCloseHandler ours = FrozenHandlers.on(system, new ManagedConnection(config, registry));
        ChannelHandler[] all = new ChannelHandler[handlers.length + 1];
        all[0] = ours;
        System.arraycopy(handlers, 0, all, 1, handlers.length);
        channels.add(channel);
        channel.pipeline().addLast(all).fireChannelActive();
        settle();
        return channel;
    }

    /** The listener of the connections has a period of its own. */
    void unansweredPeriod(Duration period) {
        ManagedConnection.unansweredPeriod(listener, period.toNanos());
    }

    /** A listener that takes as long to stop as the test wants. */
    void listener(Channel listener, CompletableFuture<ListenerReport> stop) {
        listeners = List.of(listener);
        listenerStop = stop;
    }

    DrainSequence drain(DrainPolicy policy) {
        DrainListener listener = new DrainListener() {
            @Override
            public void onPhase(DrainPhase phase) {
                phases.add(phase);
                phaseMillis.add(millis());
            }

            @Override
            public void onProgress(DrainProgress now) {
                progress.add(now);
            }
        };
        ended = false;
        DrainNews news = new DrainNews();
        news.add(listener, Runnable::run);
        DrainSequence drain = new DrainSequence(
                policy, registry, listeners, new DrainSequence.Tools(this, news, (channel, by) -> listenerStop));
        drain.start();
        settle();
        return drain;
    }

    /** Lets time pass, for everybody. */
    void pass(long millis) {
        for (long i = 0; i < millis; i++) {
            system.tick();
            List.copyOf(channels).forEach(channel -> channel.pass(1));
            settle();
        }
    }

    /** The process is stopped for so long, just before its timers run. */
    void stop(long millis) {
        for (long i = 0; i < millis; i++) {
            system.tick();
        }
        List.copyOf(channels).forEach(channel -> channel.stop(millis, () -> {}));
        settle();
    }

    /** Milliseconds since the server was made. */
    long millis() {
        return (system.nanoTime() - beginNanos) / 1_000_000;
    }

    /** Runs everything that is due now. */
    void settle() {
        for (int i = 0; i < 20; i++) {
            List.copyOf(channels).forEach(channel -> channel.pass(0));
            for (Runnable step = steps.poll(); step != null; step = steps.poll()) {
                step.run();
            }
            Runnable due = wakeUp;
            if (due != null && !ended && system.nanoTime() - wakeNanos >= 0) {
                wakeUp = null;
                due.run();
            }
        }
    }

    boolean hasEnded() {
        return ended;
    }

    // ---- the drain's thread ----------------------------------------------------------------------------------------

    @Override
    public void execute(Runnable step) {
        if (!ended) {
            steps.add(step);
        }
    }

    @Override
    public void wakeAt(long nanos, Runnable step) {
        wakeNanos = nanos;
        wakeUp = step;
    }

    @Override
    public void end() {
        ended = true;
    }
}
