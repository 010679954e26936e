package dev.lastbyte.drain;

import dev.lastbyte.CloseCause;
import dev.lastbyte.CloseListener;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.internal.Checks;
import dev.lastbyte.internal.SystemView;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The connections of a server, or of a client, and their common end: hands out the handlers that make each close graceful,
 * bounds what all closes hold together, and drains the whole without losing a client.
 *
 * <pre>{@code
 * GracefulCloseManager manager = GracefulCloseManager.builder().build();
 * Channel listener = new ServerBootstrap()
 *         .group(group)
 *         .channel(EpollServerSocketChannel.class)
 *         .childHandler(manager.childHandler(new MyInitializer()))
 *         .bind(8080).sync().channel();
 * manager.manage(listener);
 * manager.installShutdownHook(Duration.ofSeconds(25)); // SIGTERM drains
 * }</pre>
 *
 * <p>A drain goes through the phases of {@link DrainPhase} within the times of a {@link DrainPolicy}: it announces itself,
 * stops accepting without resetting whoever waits in the kernel's accept queue, asks the protocols to finish ({@link
 * DrainEvent}), closes idle connections, waits for busy ones, closes the rest, and ends what is left at its deadline. The
 * {@link DrainReport} says what became of whom. docs/draining.md explains how to choose the times.
 *
 * <p>A connection is <i>busy</i> while an exchange is open ({@link GracefulCloseHandler#exchangeStarted}), while output is
 * queued, and until it has been silent for {@link DrainPolicy#idleAfter()}; long-lived ones ({@link
 * GracefulCloseHandler#longLived}) have a time of their own.
 *
 * <p>One manager serves any number of listeners and connections; each connection costs it less than 100 bytes. Thread-safe.
 */
public final class GracefulCloseManager implements AutoCloseable {
    static final int DEFAULT_MAX_CLOSING = 10_000;
    static final long DEFAULT_MAX_CLOSING_BYTES = 1L << 30;

    /** With 0 an event loop of Netty 4.2 may terminate without closing its channels. */
    private static final long SHUTDOWN_QUIET_MILLIS = 100;

    private static final long SHUTDOWN_TIMEOUT_MILLIS = 5000;

    private final GracefulCloseConfig connections;
    private final ConnectionRegistry registry;
    private final Drains drains;

    private GracefulCloseManager(Builder builder) {
        this(builder, SystemView.REAL);
    }

    GracefulCloseManager(Builder builder, SystemView system) {
        connections = builder.connections;
        registry = new ConnectionRegistry(system, new ClosingBudget(builder.maxClosing, builder.maxClosingBytes));
        drains = new Drains(registry, builder.drainPolicy, builder.drainListener);
    }

    /** A manager with every default. */
    public static GracefulCloseManager create() {
        return builder().build();
    }

    /** A builder that starts with every default. */
    public static Builder builder() {
        return new Builder();
    }

    // ---- connections -----------------------------------------------------------------------------------------------

    /**
     * A handler for one connection, with the limits of {@link Builder#connections}. It belongs first in the pipeline: {@code
     * pipeline.addFirst(manager.newHandler())}. The connection is known from the moment it is active.
     */
    public GracefulCloseHandler newHandler() {
        return newHandler(connections);
    }

    /**
     * A handler for one connection, with limits of its own.
     *
     * @throws NullPointerException if {@code config} is null
     */
    public GracefulCloseHandler newHandler(GracefulCloseConfig config) {
        Objects.requireNonNull(config, "config");
        return new GracefulCloseHandler(new ManagedConnection(config, registry));
    }

    /**
     * A child handler for {@code ServerBootstrap} that puts a {@link #newHandler()} first in each pipeline and then does what
     * the given one does.
     *
     * @throws NullPointerException if {@code initializer} is null
     */
    public ChannelHandler childHandler(ChannelHandler initializer) {
        return new Initializer(this, Objects.requireNonNull(initializer, "initializer"));
    }

    /**
     * Makes a drain stop this listener, with no client lost where the transport allows it (see docs/draining.md). A
     * listener that is managed while a drain runs is stopped with the others, or at once. A second call does nothing.
     *
     * @param listener a bound server channel of any transport, TCP or Unix
     * @return this manager
     * @throws NullPointerException if {@code listener} is null
     * @throws IllegalArgumentException if it is no server channel
     */
    public GracefulCloseManager manage(Channel listener) {
        Objects.requireNonNull(listener, "listener");
        if (!(listener instanceof ServerChannel)) {
            throw new IllegalArgumentException(
                    "listener: " + listener + " (expected: a ServerChannel, as bind() returns it;"
                            + " connections are managed by newHandler() in their pipeline)");
        }
        drains.manage(listener);
        return this;
    }

    /** How many connections are open, closing ones included. */
    public long openConnections() {
        return registry.counts().open();
    }

    /** How many connections are in their close sequence. */
    public long closingConnections() {
        return registry.budget().closing();
    }

    // ---- the drain -------------------------------------------------------------------------------------------------

    /** Whether no drain has begun: what a readiness probe should say. */
    public boolean isReady() {
        return phase() == DrainPhase.READY;
    }

    /** The phase of the drain; {@link DrainPhase#READY} without one. */
    public DrainPhase phase() {
        return drains.phase();
    }

    /** Drains with the policy of {@link Builder#drainPolicy}; see {@link #drain(DrainPolicy)}. */
    public CompletableFuture<DrainReport> drain() {
        return drains.drain();
    }

    /**
     * Ends all connections and listeners, without losing a client, by {@link DrainPolicy#drainTimeout()} at the latest, or a
     * second later if an event loop is blocked and its connections cannot be ended. Does
     * not block and may be called from any thread. While a drain runs, and when it has run, a further call joins it, and its
     * policy is ignored. A drain that was cancelled may be followed by another.
     *
     * @return the report, when every {@link CloseListener} has been told of its connection; it never fails, and completing or cancelling this future changes nothing for others
     * @throws NullPointerException if {@code policy} is null
     */
    public CompletableFuture<DrainReport> drain(DrainPolicy policy) {
        return drains.drain(Objects.requireNonNull(policy, "policy"));
    }

    /**
     * Takes a drain back while it is in {@link DrainPhase#ANNOUNCING}. Its future then completes with {@link
     * DrainReport.Outcome#CANCELLED}. Refused once the JVM is ending and {@link #installShutdownHook} has begun to drain.
     *
     * @return whether there was such a drain, and it was taken back
     */
    public boolean cancelDrain() {
        return drains.cancel();
    }

    /**
     * Drains, then shuts the event loops down, unless the drain is cancelled. Netty's {@code shutdownGracefully()} alone cancels all timers and closes every
     * channel at once: it is called here when nothing is left to lose.
     *
     * @param groups the groups of the listeners and of the connections
     * @return the report, when all groups have terminated; or about five seconds after the drain if one of their event
     *     loops is blocked
     * @throws NullPointerException if {@code groups} or one of them is null
     */
    public CompletableFuture<DrainReport> drainAndShutdown(EventLoopGroup... groups) {
        EventLoopGroup[] all = groups.clone();
        for (EventLoopGroup group : all) {
            Objects.requireNonNull(group, "groups");
        }
        return drain().thenCompose(report -> report.outcome() == DrainReport.Outcome.CANCELLED
                ? CompletableFuture.completedFuture(report)
                : shutdown(all).thenApply(done -> report));
    }

    /** Completes when all groups have terminated, or when they should have: an event loop that is blocked never does. */
    private static CompletableFuture<Void> shutdown(EventLoopGroup[] groups) {
        CompletableFuture<?>[] ends = new CompletableFuture<?>[groups.length];
        for (int i = 0; i < groups.length; i++) {
            CompletableFuture<Void> end = new CompletableFuture<>();
            ends[i] = end;
            groups[i].terminationFuture().addListener(terminated -> end.complete(null));
            groups[i].shutdownGracefully(SHUTDOWN_QUIET_MILLIS, SHUTDOWN_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
        }
        return CompletableFuture.allOf(ends)
                .completeOnTimeout(null, SHUTDOWN_QUIET_MILLIS + SHUTDOWN_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
    }

    /**
     * Makes the end of the JVM (SIGTERM, SIGINT, {@code System.exit}) drain first: the JVM waits until the report is out.
     * {@code System.exit} must not be called on an event loop then, which the drain would wait for. Other shutdown hooks run
     * at the same time, so what requests in progress need must not be closed by one of them. A
     * drain that runs already is made to end within the limit too; when one has ended, the hook does nothing. A second call replaces the limit of the first.
     *
     * @param drainTimeout the limit of that drain, in place of {@link DrainPolicy#drainTimeout()}; some seconds less than the
     *     platform waits before it kills
     * @throws NullPointerException if {@code drainTimeout} is null
     * @throws IllegalArgumentException if it is out of the range of {@link DrainPolicy.Builder#drainTimeout}
     * @throws IllegalStateException if the manager's policy does not fit into it, see {@link DrainPolicy.Builder#build}, or
     *     if the JVM is ending already
     */
    public void installShutdownHook(Duration drainTimeout) {
        drains.installShutdownHook(drainTimeout);
    }

    /**
     * Drains and waits for the report: {@link #drain()} for code that may block. If interrupted it returns at once, with the
     * thread's interrupt flag set, and the drain goes on.
     *
     * @throws IllegalStateException on an event loop that the drain would wait for; use {@link #drain()} there
     */
    @Override
    public void close() {
        drains.drainBlocking();
    }

    @Override
    public String toString() {
        return "GracefulCloseManager{" + phase() + ", " + openConnections() + " open, " + closingConnections()
                + " closing}";
    }

    /** Puts a managed handler in front of what a server's own child handler adds. Thread-safe. */
    @ChannelHandler.Sharable
    private static final class Initializer extends ChannelInitializer<Channel> {
        private final GracefulCloseManager manager;
        private final ChannelHandler next;

        private Initializer(GracefulCloseManager manager, ChannelHandler next) {
            this.manager = manager;
            this.next = next;
        }

        @Override
        protected void initChannel(Channel channel) {
            channel.pipeline().addFirst(manager.newHandler()).addLast(next);
        }
    }

    /**
     * Collects what a {@link GracefulCloseManager} works with. Each setter checks its value at once and throws {@link
     * NullPointerException} or {@link IllegalArgumentException} with the parameter's name, the value and the range. Not
     * thread-safe.
     */
    public static final class Builder {
        private GracefulCloseConfig connections = GracefulCloseConfig.defaults();
        private DrainPolicy drainPolicy = DrainPolicy.defaults();
        private int maxClosing = DEFAULT_MAX_CLOSING;
        private long maxClosingBytes = DEFAULT_MAX_CLOSING_BYTES;
        private @Nullable DrainListener drainListener;

        private Builder() {}

        /** The limits of each connection's close. Default {@link GracefulCloseConfig#defaults()}. */
        public Builder connections(GracefulCloseConfig connections) {
            this.connections = Objects.requireNonNull(connections, "connections");
            return this;
        }

        /** The times of {@link GracefulCloseManager#drain()}. Default {@link DrainPolicy#defaults()}. */
        public Builder drainPolicy(DrainPolicy drainPolicy) {
            this.drainPolicy = Objects.requireNonNull(drainPolicy, "drainPolicy");
            return this;
        }

        /**
         * How many connections may be in their close sequence at once; above it the oldest is ended, with {@link
         * CloseCause#EVICTED}. So peers that never close cannot take all descriptors. At least 1; default 10 000.
         */
        public Builder maxClosing(int maxClosing) {
            this.maxClosing = (int) Checks.atLeast(maxClosing, 1, "maxClosing");
            return this;
        }

        /**
         * How many bytes connections in their close sequence may hold together, in Netty's buffers and, where the kernel tells,
         * unacknowledged in the kernel; above it the oldest is ended. At least 1; default 1 GiB.
         */
        public Builder maxClosingBytes(long maxClosingBytes) {
            this.maxClosingBytes = Checks.atLeast(maxClosingBytes, 1, "maxClosingBytes");
            return this;
        }

        /** Who is told how a drain goes. Default: nobody. */
        public Builder drainListener(DrainListener drainListener) {
            this.drainListener = Objects.requireNonNull(drainListener, "drainListener");
            return this;
        }

        /** The manager. */
        public GracefulCloseManager build() {
            return new GracefulCloseManager(this);
        }
    }
}
