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
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The connections of a server, or of a client. The manager makes the handlers with which each of them closes gracefully, bounds what all
 * closes hold together, and drains the server without losing a client.
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
 * <p>A drain goes through the phases of {@link DrainPhase} within the times of a {@link DrainPolicy}. It announces itself, stops accepting
 * without resetting the clients in the kernel's accept queue, and asks the protocols to finish ({@link DrainEvent}). It closes idle
 * connections, waits for busy ones, closes the rest, and closes what is left by force at its deadline. The {@link DrainReport} says how
 * each of them closed. The page {@code docs/draining.md} explains how to choose the times.
 *
 * <p>A connection is <i>busy</i> while an exchange is open ({@link GracefulCloseHandler#exchangeStarted}), while output is queued, and
 * until it has been silent for {@link DrainPolicy#idleAfter()}, or for {@link DrainPolicy#unansweredPeriod()} if its peer spoke last and
 * nobody counts its exchanges. Long-lived connections ({@link GracefulCloseHandler#longLived}) have a
 * time of their own.
 *
 * <p>One manager serves any number of listeners and connections. Each connection costs it less than 100 bytes. Thread-safe.
 */
public final class GracefulCloseManager implements AutoCloseable {
    static final int DEFAULT_MAX_CLOSING = 10_000;
    static final long DEFAULT_MAX_CLOSING_BYTES = 1L << 30;

    /** With 0, an event loop of Netty 4.2 may terminate without closing its channels. */
    private static final long SHUTDOWN_QUIET_MILLIS = 100;

    private static final long SHUTDOWN_TIMEOUT_MILLIS = 5000;

    private final GracefulCloseConfig connections;
    private final ConnectionRegistry registry;
    private final Drains drains;
    private final ListenerHandler listenerHandler = new ListenerHandler(this);

    private GracefulCloseManager(Builder builder) {
        this(builder, SystemView.REAL);
    }

    GracefulCloseManager(Builder builder, SystemView system) {
        connections = builder.connections;
        registry = new ConnectionRegistry(
                system, new ClosingBudget(builder.maxClosing, builder.maxClosingBytes), builder.farewells);
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
     * pipeline.addFirst(manager.newHandler())}. The manager counts the connection once it is active.
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
     * A child handler for {@code ServerBootstrap} that puts a {@link #newHandler()} first in each pipeline, and the given handler behind
     * it. If that adds a {@link GracefulCloseHandler} of its own, that one stays instead: it keeps its configuration, and this manager
     * counts and drains the connection. One that another manager has made stays with that manager; the first such connection is warned
     * of.
     *
     * @throws NullPointerException if {@code initializer} is null
     */
    public ChannelHandler childHandler(ChannelHandler initializer) {
        return new Initializer(this, Objects.requireNonNull(initializer, "initializer"));
    }

    /**
     * Adds a listener, which a drain stops without losing a client where the transport allows that (see {@code docs/draining.md}). One that is
     * not bound yet is known from now on: a drain that stops accepting before it is bound closes it, and its {@code bind()} fails. A
     * listener that is added while a drain runs is stopped with the others, or at once. One that closes is forgotten. A second call for
     * the same listener does nothing. May be called from any thread.
     *
     * <p>Its connections are managed by {@link #childHandler}; where somebody else sets them up, call {@link #attach} instead.
     *
     * @param listener a server channel of any transport, TCP or Unix
     * @return this manager
     * @throws NullPointerException if {@code listener} is null
     * @throws IllegalArgumentException if it is not a server channel, is closed, or belongs to another manager
     */
    public GracefulCloseManager manage(Channel listener) {
        Objects.requireNonNull(listener, "listener: null (expected: a ServerChannel, as bind().sync().channel() is)");
        if (!(listener instanceof ServerChannel)) {
            throw new IllegalArgumentException(
                    "listener: " + listener + " (expected: a ServerChannel, as bind() returns it;"
                            + " connections are managed by newHandler() in their pipeline)");
        }
        if (!listener.isOpen()) {
            throw new IllegalArgumentException("listener: " + listener
                    + " (expected: open; it is closed, or bind() has failed: look at the future of bind())");
        }
        drains.manage(listener);
        return this;
    }

    /**
     * Adds a listener whose connections have an {@link DrainPolicy.Builder#unansweredPeriod} of their own, in place of the policy's: zero
     * where peers speak last, for example. It ends with the {@link DrainPolicy#gracePeriod} at the latest. A further call for the same
     * listener changes it.
     *
     * @param listener as for {@link #manage(Channel)}
     * @param unansweredPeriod 0, or 1 ms to 24 h
     * @return this manager
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException as {@link #manage(Channel)}, or if the period is out of range
     */
    public GracefulCloseManager manage(Channel listener, Duration unansweredPeriod) {
        long nanos = Checks.nanosOrZero(unansweredPeriod, "unansweredPeriod");
        manage(listener);
        ManagedConnection.unansweredPeriod(listener, nanos);
        return this;
    }

    /**
     * Adds a listener, as {@link #manage} does, and manages every connection that it accepts from now on: a {@link #newHandler()} stands
     * first in the pipeline of each before the server's own code sees the connection, whatever that code is. If the pipeline has, or gets,
     * a {@link GracefulCloseHandler} of the server's own, that one stays instead, as described at {@link #childHandler}. If something is
     * put in front of it with {@code addFirst}, as TLS often is, it moves to the front by itself.
     *
     * <p>On a listener that accepts already it takes effect in the next turn of its event loop. Connections that were accepted before are
     * not managed; how many there are is logged once at INFO where the kernel's table of TCP sockets shows it, on Linux. Attach before
     * {@code bind()}, or use {@link #listenerHandler()}, to have them all. A second call for the same listener does nothing. May be called
     * from any thread.
     *
     * @param listener a server channel of any transport, TCP or Unix, bound or not
     * @return this manager
     * @throws NullPointerException if {@code listener} is null
     * @throws IllegalArgumentException if it is not a server channel, is closed, or belongs to another manager
     */
    public GracefulCloseManager attach(Channel listener) {
        manage(listener); // here, so that the caller gets the exception
        if (listener.pipeline().get(ListenerHandler.class) == null) {
            listener.pipeline().addFirst(listenerHandler);
        }
        return this;
    }

    /**
     * The handler that does what {@link #attach} does, for code that sets a listener up but does not get it in its hands afterwards: {@code
     * ServerBootstrap.handler}, or the factory of the server channel. It belongs into the pipeline of the listener, in front of whatever
     * registers accepted connections; before {@code bind()}, no connection is missed. The same handler may be in any number of listeners.
     * Added to another channel, or to a listener of another manager, it fails with an exception that says so.
     *
     * <pre>{@code
     * new ServerBootstrap().handler(manager.listenerHandler())
     * }</pre>
     */
    public ChannelHandler listenerHandler() {
        return listenerHandler;
    }

    /** What puts the farewell of its protocol into each connection, if anything; see {@link Builder#farewells}. */
    public Optional<FarewellInstaller> farewells() {
        return Optional.ofNullable(registry.farewells());
    }

    /** How many connections are open, closing ones included. */
    public long openConnections() {
        return registry.counts().open();
    }

    /** How many connections are in their close sequence. */
    public long closingConnections() {
        return registry.budget().closing();
    }

    /** How many connections have an open exchange; during a drain, how many are at work, as {@link DrainProgress#busy()} says. */
    public long busyConnections() {
        return drainProgress().map(DrainProgress::busy).orElseGet(() -> registry.counts()
                .of(LoopCounters.Count.IN_EXCHANGE));
    }

    /**
     * Adds a listener that is told of the end of each connection, besides the one of its {@link GracefulCloseConfig}, and after it: of every
     * connection that the manager counts, so not of a channel that was never active, nor of a channel within a connection, such as an HTTP/2
     * stream. For it holds what {@link CloseListener} says. Connections that close meanwhile may be told of or not.
     *
     * @throws NullPointerException if {@code listener} is null
     */
    public void addCloseListener(CloseListener listener) {
        registry.closeListeners().add(Objects.requireNonNull(listener, "listener"));
    }

    /** Removes a listener that {@link #addCloseListener} has added; does nothing if it has not. */
    public void removeCloseListener(CloseListener listener) {
        registry.closeListeners().remove(listener);
    }

    // ---- the drain -------------------------------------------------------------------------------------------------

    /** Whether no drain has begun. A readiness probe should answer this. */
    public boolean isReady() {
        return phase() == DrainPhase.READY;
    }

    /** The phase of the drain, or {@link DrainPhase#READY} without one. */
    public DrainPhase phase() {
        return drains.phase();
    }

    /** How far the drain is that runs, or has run; empty while there is none. From any thread. */
    public Optional<DrainProgress> drainProgress() {
        return Optional.ofNullable(drains.progress());
    }

    /**
     * Adds a listener that follows each drain, besides that of {@link Builder#drainListener}, on a thread of its own.
     *
     * @throws NullPointerException if {@code listener} is null
     */
    public void addDrainListener(DrainListener listener) {
        drains.news().add(Objects.requireNonNull(listener, "listener"));
    }

    /** Removes a listener that {@link #addDrainListener} has added; does nothing if it has not. */
    public void removeDrainListener(DrainListener listener) {
        drains.news().remove(listener);
    }

    /** Drains with the policy of {@link Builder#drainPolicy}; see {@link #drain(DrainPolicy)}. */
    public CompletableFuture<DrainReport> drain() {
        return drains.drain();
    }

    /**
     * Closes all connections and listeners without losing a client, by {@link DrainPolicy#drainTimeout()} at the latest; a second later
     * if an event loop is blocked and its connections cannot be closed. Does not block; may be called from any thread. A further call
     * joins the drain that runs, or has run, and its policy is ignored. A drain that was cancelled may be followed by another.
     *
     * @return the report, after every {@link CloseListener} has been told of its connection. The future never fails. Completing or
     *     cancelling it changes nothing for other callers
     * @throws NullPointerException if {@code policy} is null
     */
    public CompletableFuture<DrainReport> drain(DrainPolicy policy) {
        return drains.drain(Objects.requireNonNull(policy, "policy"));
    }

    /**
     * Cancels a drain that is in {@link DrainPhase#ANNOUNCING}. Its future then completes with {@link DrainReport.Outcome#CANCELLED}.
     * Refused when the JVM is ending and the drain of {@link #installShutdownHook} has begun.
     *
     * @return whether there was such a drain, and it is cancelled
     */
    public boolean cancelDrain() {
        return drains.cancel();
    }

    /**
     * Drains, and then shuts the event loops down, unless the drain is cancelled. Netty's {@code shutdownGracefully()} alone cancels all
     * timers and closes every channel at once; here it is called when every connection is closed.
     *
     * @param groups the groups of the listeners and of the connections
     * @return the report, when all groups have terminated, or about five seconds after the drain if one of their event loops is blocked
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

    /** Completes when all groups have terminated, or should have: an event loop that is blocked never does. */
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
     * Drains when the JVM is told to end (SIGTERM, SIGINT, {@code System.exit}). The JVM waits until the report is out. So {@code
     * System.exit} must not be called on an event loop, which the drain would wait for. Other shutdown hooks run at the same time and
     * must not close what requests in progress need. A drain that already runs must end within this limit too; after a drain the hook
     * does nothing. A second call replaces the limit of the first.
     *
     * @param drainTimeout the limit of that drain, in place of {@link DrainPolicy#drainTimeout()}: some seconds less than the platform
     *     waits before it kills the process
     * @throws NullPointerException if {@code drainTimeout} is null
     * @throws IllegalArgumentException if it is out of the range of {@link DrainPolicy.Builder#drainTimeout}
     * @throws IllegalStateException if the manager's policy does not fit into it, see {@link DrainPolicy.Builder#build}, or if the JVM is
     *     already ending
     */
    public void installShutdownHook(Duration drainTimeout) {
        drains.installShutdownHook(drainTimeout);
    }

    /**
     * Drains and waits for the report: {@link #drain()} for code that may block. If the thread is interrupted, this returns at once with
     * its interrupt flag set, and the drain goes on.
     *
     * @throws IllegalStateException on an event loop that the drain would wait for; call {@link #drain()} there
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

    /** Puts a managed handler in front of the server's own child handler. Thread-safe. */
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
            if (!manager.listenerHandler.hasServed(channel)) {
                channel.pipeline().addFirst(manager.newHandler());
            }
            channel.pipeline().addLast(next);
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
        private @Nullable FarewellInstaller farewells;

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
         * How many connections may be in their close sequence at once. Above that the oldest close is cut short, with {@link
         * CloseCause#EVICTED}, so that peers that never close cannot take all descriptors. At least 1; default 10 000.
         */
        public Builder maxClosing(int maxClosing) {
            this.maxClosing = (int) Checks.atLeast(maxClosing, 1, "maxClosing");
            return this;
        }

        /**
         * How many bytes connections in their close sequence may hold together: in Netty's buffers and, where the kernel tells,
         * unacknowledged in the kernel. Above that the oldest close is cut short. At least 1; default 1 GiB.
         */
        public Builder maxClosingBytes(long maxClosingBytes) {
            this.maxClosingBytes = Checks.atLeast(maxClosingBytes, 1, "maxClosingBytes");
            return this;
        }

        /** The listener that follows a drain. Default: none. */
        public Builder drainListener(DrainListener drainListener) {
            this.drainListener = Objects.requireNonNull(drainListener, "drainListener");
            return this;
        }

        /**
         * What puts the farewell of its protocol into each connection: {@code Farewells.auto()} of the package {@code dev.lastbyte.auto} for
         * HTTP/1.1, HTTP/2 and WebSocket. Default: none; the application adds the farewells to its pipelines.
         */
        public Builder farewells(FarewellInstaller farewells) {
            this.farewells = Objects.requireNonNull(farewells, "farewells");
            return this;
        }

        /** The manager. */
        public GracefulCloseManager build() {
            return new GracefulCloseManager(this);
        }
    }
}
