package dev.lastbyte;

import dev.lastbyte.internal.EventLoops;
import dev.lastbyte.internal.HalfClosure;
import dev.lastbyte.internal.Loggers;
import dev.lastbyte.internal.NettyGuard;
import dev.lastbyte.internal.SocketLinger;
import dev.lastbyte.internal.SystemView;
import dev.lastbyte.internal.TransportKind;
import dev.lastbyte.internal.UnsentOutput;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ServerChannel;
import io.netty.channel.pool.ChannelHealthChecker;
import io.netty.channel.socket.ChannelOutputShutdownEvent;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Makes every {@code close()} of its channel graceful: what was written, flushed or not, reaches the peer within the limits
 * of the {@link GracefulCloseConfig}, or the {@link CloseReport} says what did not.
 *
 * <p>It must stand <b>first</b> in the pipeline, nearest the transport and in front of {@code SslHandler}, so that TLS,
 * HTTP/2 and WebSocket have said their farewell when {@code close()} arrives:
 *
 * <pre>{@code
 * pipeline.addFirst(new GracefulCloseHandler(config));
 * }</pre>
 *
 * <p>From then on {@code channel.close()}, {@code ctx.close()} of a handler behind it, and {@code
 * ChannelFutureListener.CLOSE} run the close sequence, from any thread. The close promise completes when the channel is
 * closed; a second {@code close()} joins the first and completes with it. While the sequence runs, {@code isActive()} stays
 * true, input is dropped, new writes fail at once with a {@code ClosedChannelException}, and handlers that {@linkplain #listen listen}
 * have been told. {@code ctx.close()} of a handler in front of this one, and closes by the transport itself (write
 * errors, {@code EventLoopGroup.shutdownGracefully()}), do not pass here and are not graceful; the report says so.
 *
 * <p>What is put in front of it later with {@code addFirst}, such as TLS, it passes by itself: when the channel becomes active, when a
 * TLS handshake is over, and at {@code close()}, which still travels through what is passed. Netty does not tell a handler that
 * another one was put in front, and an instance cannot be added twice; so a fresh handler of this class takes over at the front.
 *
 * <p>An open connection pays one skipped context per event: none of the read and write callbacks is overridden. While the
 * channel is being closed, a handler of this class that does override them has taken its place and its name. Whoever wants to remove
 * the handler must do so by name or class, as the name stays and the instance may not.
 *
 * <p>One instance serves one channel. The static methods may be called from any thread; everything else is confined to the
 * channel's event loop.
 */
public sealed class GracefulCloseHandler extends ChannelDuplexHandler {
    private static final Logger LOG = Loggers.of(GracefulCloseHandler.class);

    private final SystemView system;
    private Connection connection;
    private @Nullable ChannelHandlerContext ctx;
    private @Nullable PeerFin peerFin; // from a peer's FIN on that was not the end
    private @Nullable Resets resets;
    private int openExchanges;
    private boolean ownsHalfClosure; // the channel outlives its peer's FIN only because we asked for it
    private boolean wasActive;
    private boolean lingeredZero; // SO_LINGER was 0 when the connection became active
    private boolean wasUnregistered;
    private boolean adopted; // the user's own, with the connection of a manager whose handler has left
    private boolean takesOver; // from the handler that has been overtaken
    private boolean bypassed; // of two in the pipeline, this one leaves
    private boolean handedOver; // the handler that closes has taken over, or the one in front
    private boolean inBurst; // what the application has read when the close began may not be completed for it

    /** A handler with {@link GracefulCloseConfig#defaults()}. */
    public GracefulCloseHandler() {
        this(GracefulCloseConfig.defaults());
    }

    /**
     * A handler with the given limits.
     *
     * @throws NullPointerException if {@code config} is null
     */
    public GracefulCloseHandler(GracefulCloseConfig config) {
        this(config, SystemView.REAL);
    }

    /**
     * A handler that tells somebody about its connection. For this library's manager; it is no API.
     *
     * @hidden
     */
    public GracefulCloseHandler(Connection connection) {
        this(connection, SystemView.REAL);
    }

    GracefulCloseHandler(GracefulCloseConfig config, SystemView system) {
        this(new Unmanaged(Objects.requireNonNull(config, "config")), system);
    }

    GracefulCloseHandler(Connection connection, SystemView system) {
        this.connection = connection;
        this.system = system;
    }

    /** Takes over from a handler that has been overtaken. */
    private GracefulCloseHandler(GracefulCloseHandler before) {
        this(before.connection, before.system);
        takesOver = true;
        resets = before.resets;
        openExchanges = before.openExchanges;
        ownsHalfClosure = before.ownsHalfClosure;
        wasActive = before.wasActive;
        lingeredZero = before.lingeredZero;
        adopted = before.adopted;
    }

    /** A connection that nobody else knows. Immutable. */
    private record Unmanaged(GracefulCloseConfig config) implements Connection {}

    // ---- for users -------------------------------------------------------------------------------------------------

    /**
     * Ends a connection without waiting: a running close sequence is cut short, an open connection is closed past all other
     * handlers. Output that has not reached the kernel is lost and the peer gets a reset, so that it cannot take the rest for
     * the whole. Without a handler in the pipeline it is {@code channel.close()}. A second call does nothing more.
     *
     * @return the channel's close future
     * @throws NullPointerException if {@code channel} is null
     */
    public static ChannelFuture closeNow(Channel channel) {
        GracefulCloseHandler handler = find(channel);
        if (handler == null || EventLoops.hasNone(channel)) {
            EventLoops.close(channel);
        } else if (channel.isOpen()) {
            // Not at once: in the listener of a write, that write still counts as pending.
            channel.eventLoop().execute(() -> handler.end(handler.connection.forcedBy()));
        }
        return channel.closeFuture();
    }

    /**
     * Resets a connection, so that the peer cannot take what it has for the whole: a proxy whose upstream has failed. It begins at
     * this handler, below TLS and codecs: no close_notify is sent, no GOAWAY, and nothing is flushed. It may be called in any phase of
     * a close; once the end is decided, or the channel is closed, it does nothing. The report says {@link CloseOutcome#ABORTED}. It
     * says something else where the kernel sends no reset: on Unix sockets, and where both sides have ended and everything is sent.
     * Without a handler in the pipeline SO_LINGER is set to 0 and the channel closed.
     *
     * @return the channel's close future
     * @throws NullPointerException if {@code channel} is null
     */
    public static ChannelFuture abort(Channel channel) {
        if (EventLoops.hasNone(channel)) {
            EventLoops.close(channel);
        } else if (channel.isOpen()) {
            EventLoops.run(channel.eventLoop(), () -> {
                GracefulCloseHandler handler = find(channel);
                if (handler == null) {
                    SocketLinger.resetOnClose(channel);
                    channel.close();
                } else {
                    handler.end(CloseCause.ABORTED);
                }
            });
        }
        return channel.closeFuture();
    }

    /**
     * The report of a connection's end, now or when it has ended, however it ends. Listeners run on the channel's event
     * loop. Fails with {@link IllegalStateException} while the channel has no {@code GracefulCloseHandler}.
     *
     * @throws NullPointerException if {@code channel} is null
     */
    public static Future<CloseReport> report(Channel channel) {
        return CloseRecord.reportOf(channel, find(channel) != null);
    }

    /**
     * Whether {@code close()} has reached the handler, or the channel is closed: it takes no more output, although it may still
     * be active.
     *
     * @throws NullPointerException if {@code channel} is null
     */
    public static boolean isClosing(Channel channel) {
        GracefulCloseHandler handler = find(channel);
        return !channel.isOpen() || handler instanceof Closing;
    }

    /**
     * The check for Netty's channel pools, in place of {@link ChannelHealthChecker#ACTIVE}: {@code new SimpleChannelPool(bootstrap, handler,
     * GracefulCloseHandler.healthChecker())}. A channel that is being closed, or whose peer has ended its side, is active but can carry no
     * request any more; it is refused. Thread-safe.
     */
    public static ChannelHealthChecker healthChecker() {
        return channel -> {
            boolean usable = channel.isActive()
                    && !isClosing(channel)
                    && !HalfClosure.isInputShutdown(channel)
                    && !HalfClosure.isOutputShutdown(channel);
            return channel.eventLoop().newSucceededFuture(usable);
        };
    }

    /**
     * Registers for what happens to a connection: a drain of its server, the begin of its close, the end of its peer. A second
     * registration counts beside the first. From any thread; without a handler in the pipeline there are no events, until one is added.
     *
     * @param ctx the context of the handler that wants to hear it, on whose executor it is told
     * @throws NullPointerException if an argument is null
     */
    public static void listen(ChannelHandlerContext ctx, ConnectionEvents events) {
        EventListeners.add(Objects.requireNonNull(ctx, "ctx"), Objects.requireNonNull(events, "events"));
    }

    /**
     * Tells that a request is being answered, so that a peer that ends its side early still gets the answer (see {@link
     * PeerHalfClose#FINISH_WRITES}), and a drain waits for it. On a channel within a connection, such as an HTTP/2 stream,
     * it counts for the connection too. Each call is undone by one {@link #exchangeEnded}. Does nothing without a handler.
     *
     * @throws NullPointerException if {@code channel} is null
     */
    public static void exchangeStarted(Channel channel) {
        onEventLoop(channel, handler -> handler.countExchange(1));
    }

    /**
     * Tells that the last byte of an answer has been written. Does nothing without a handler.
     *
     * @throws NullPointerException if {@code channel} is null
     */
    public static void exchangeEnded(Channel channel) {
        onEventLoop(channel, handler -> handler.countExchange(-1));
    }

    /**
     * As {@link #exchangeEnded}, for an exchange that will get no complete answer and does not count as answered. For farewells.
     *
     * @hidden
     */
    public static void exchangeAbandoned(Channel channel) {
        onEventLoop(channel, handler -> {
            handler.connection.abandoned();
            handler.countExchange(-1);
        });
    }

    /**
     * Tells that the connection is a stream or a tunnel: a drain does not wait for it to become idle, but closes it within
     * {@link dev.lastbyte.drain.DrainPolicy#longLivedPeriod()}. Each call is undone by one {@link #longLivedEnded}. Does nothing without a
     * handler of a {@link dev.lastbyte.drain.GracefulCloseManager}.
     *
     * @throws NullPointerException if {@code channel} is null
     */
    public static void longLived(Channel channel) {
        onEventLoop(channel, handler -> handler.connection.longLived(true));
    }

    /**
     * Tells that the stream or tunnel has ended, and the connection goes on, as after a stream of events on a connection that is kept
     * alive. Does nothing without a handler of a {@link dev.lastbyte.drain.GracefulCloseManager}.
     *
     * @throws NullPointerException if {@code channel} is null
     */
    public static void longLivedEnded(Channel channel) {
        onEventLoop(channel, handler -> handler.connection.longLived(false));
    }

    /** For the channel, and for the connection that it is a part of, as an HTTP/2 stream is. */
    private static void onEventLoop(Channel channel, Consumer<GracefulCloseHandler> step) {
        for (Channel c = channel; c != null && !(c instanceof ServerChannel); c = c.parent()) {
            GracefulCloseHandler handler = find(c);
            if (handler == null || !c.isOpen()) {
                continue;
            }
            EventExecutor loop = EventLoops.of(c); // before it is registered, whoever sets the channel up
            if (loop.inEventLoop()) {
                step.accept(handler);
                continue;
            }
            Channel there = c;
            EventLoops.execute(loop, () -> {
                GracefulCloseHandler current = find(there); // another one may have taken its place
                step.accept(current == null ? handler : current);
            });
        }
    }

    static boolean isInCloseSequence(Channel channel) {
        return find(channel) instanceof Closing;
    }

    static boolean firesUserEvents(Channel channel) {
        GracefulCloseHandler handler = find(channel);
        return handler != null && handler.connection.config().firesUserEvents();
    }

    private static @Nullable GracefulCloseHandler find(Channel channel) {
        GracefulCloseHandler handler = channel.pipeline().get(GracefulCloseHandler.class);
        if (handler == null) {
            Placeholder moving = channel.pipeline().get(Placeholder.class);
            return moving == null ? null : moving.fresh;
        }
        return handler;
    }

    // ---- the pipeline ----------------------------------------------------------------------------------------------

    /** {@inheritDoc} */
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (takesOver) {
            this.ctx = ctx;
            connection.opened(ctx);
            watchTls(ctx);
            return;
        }
        Placement.check(ctx);
        GracefulCloseHandler other = Placement.otherThan(this, ctx.pipeline());
        if (other == null) {
            Placement.checkTls(ctx);
        } else if (leavesTo(other, ctx)) {
            return;
        }
        this.ctx = ctx;
        Channel channel = ctx.channel();
        UnsentOutput.watch(channel);
        wasActive = channel.isActive();
        if (!channel.isOpen()) {
            reportWithoutClose(ctx, CloseCause.TRANSPORT); // its pipeline may hear of that yet, or may have heard
        } else if (!wasActive) {
            channel.closeFuture().addListener(f -> reportNeverConnected(ctx));
        }
        if (connection.config().peerHalfClose() == PeerHalfClose.FINISH_WRITES && !HalfClosure.isAllowed(channel)) {
            ownsHalfClosure = HalfClosure.outliveEof(channel);
            if (TransportKind.of(channel).ignoresHalfClosure()) {
                NettyGuard.warnOnce(channel);
            }
        }
        if (HalfClosure.isInputShutdown(channel)) {
            EpollHalfOpenFlush.install(ctx);
        }
        if (wasActive) {
            lingeredZero = SocketLinger.read(channel) == 0;
            watchTls(ctx);
            tellOpened(ctx);
            if (adopted) { // the manager's own was in front of what is in front now, which may be an initializer
                EventLoops.execute(ctx.executor(), () -> passOvertakers(ctx));
            }
        }
    }

    /**
     * Of two handlers one must go. If one of them is a manager's, the user's own stays, and the manager adopts its connection; returns
     * whether that is the other one.
     */
    private boolean leavesTo(GracefulCloseHandler other, ChannelHandlerContext ctx) {
        if (other.adopted || other.sequence() != null || other.peerFin != null) {
            throw Placement.second(ctx, other);
        }
        Connection managed = other.connection.adopt(connection);
        if (managed != null) {
            connection = managed;
            adopted = true;
            openExchanges = other.openExchanges;
            ownsHalfClosure |=
                    other.ownsHalfClosure && !ctx.channel().isActive(); // an active one gives it back as it leaves
            other.bypassed = true;
            ctx.pipeline().remove(other);
            return false;
        }
        managed = connection.adopt(other.connection);
        if (managed == null) {
            throw Placement.second(ctx, other);
        }
        bypassed = true;
        ctx.pipeline().remove(this);
        other.adoptedBy(managed);
        return true;
    }

    private void adoptedBy(Connection managed) {
        connection = managed;
        adopted = true;
        ChannelHandlerContext place = ctx;
        if (wasActive && place != null) {
            tellOpened(place);
        }
    }

    private void tellOpened(ChannelHandlerContext ctx) {
        connection.opened(ctx);
        if (openExchanges > 0) {
            connection.exchanges(openExchanges);
        }
        if (!(connection instanceof Unmanaged)) {
            ctx.executor().execute(connection::announced); // when the handlers that are added with it are there too
        }
    }

    /** {@inheritDoc} */
    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (handedOver) {
            return;
        }
        if (ctx.channel().isActive()) {
            if (ownsHalfClosure) {
                HalfClosure.endAtEof(ctx.channel()); // Netty's own way again
            }
            if (peerFin != null) {
                peerFin.stop();
                ctx.channel().close(); // the peer's FIN is over: nothing else would end the channel
            }
        }
        if (!bypassed) {
            connection.released();
        }
    }

    /** {@inheritDoc} */
    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        wasActive = true;
        lingeredZero = SocketLinger.read(ctx.channel()) == 0; // the handlers added with it may have set it
        if (passOvertakers(ctx) == this) {
            connection.opened(ctx);
            watchTls(ctx);
        }
        ctx.fireChannelActive();
        connection.announced();
    }

    /** {@inheritDoc} */
    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        if (bypassed || !ctx.channel().isActive()) {
            ctx.close(promise);
        } else if (moveToFront(ctx) != this) {
            ctx.close(promise); // through what is passed, and so to the one in front
        } else {
            CloseSequence begun = beginHere(ctx);
            if (begun == null) {
                ctx.close(promise);
            } else {
                begun.start(promise);
            }
        }
    }

    /** {@inheritDoc} */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        // NIO reads from a channel that its failed write has just closed, and says that the input has ended.
        if (HalfClosure.isEndOfInput(event) && !bypassed && ctx.channel().isOpen()) {
            if (!isReset()) {
                EventListeners.peerEnded(ctx.channel());
            }
            if (handedOver) {
                return; // a listener has closed the channel
            }
            if (ownsHalfClosure && (peerFin == null || !peerFin.isAtFin())) {
                stopAwaitingWrites();
                onPeerFin(ctx, event);
                return;
            }
            EpollHalfOpenFlush.install(ctx); // whoever lets the channel outlive the FIN, writes must go on
        } else if (Placement.isTlsHandshakeEnd(event)) {
            passOvertakers(ctx);
        }
        ctx.fireUserEventTriggered(event);
    }

    /** {@inheritDoc} */
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        noteReset(ctx, cause);
        ctx.fireExceptionCaught(cause);
    }

    /** {@inheritDoc} */
    @Override
    public void channelUnregistered(ChannelHandlerContext ctx) {
        if (ctx.channel().isOpen() && !wasUnregistered) {
            noteUnregistered(ctx.channel());
        }
        ctx.fireChannelUnregistered();
    }

    private void noteUnregistered(Channel channel) {
        wasUnregistered = true;
        channel.closeFuture().addListener(closed -> reportClosedUnregistered());
    }

    /** {@inheritDoc} */
    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        stopAwaitingWrites();
        if (!bypassed) {
            reportWithoutClose(ctx, isReset() ? CloseCause.RESET : CloseRecord.transportCause(ctx.channel()));
        }
        ctx.fireChannelInactive();
    }

    // ---- the peer ends its side first ------------------------------------------------------------------------------

    private void onPeerFin(ChannelHandlerContext ctx, Object event) {
        if (isReset() || !PeerFin.isOwed(ctx, connection.config(), openExchanges)) {
            endAtPeerEof(ctx, isReset());
            return;
        }
        NettyGuard.warnOnce(ctx.channel());
        PeerFin begun = new PeerFin(
                ctx, connection.config(), system, () -> endAtPeerEof(ctx, true), () -> close(ctx, ctx.newPromise()));
        peerFin = begun;
        EpollHalfOpenFlush.install(ctx);
        ctx.fireUserEventTriggered(event);
        begun.start(openExchanges > 0);
    }

    private void watchTls(ChannelHandlerContext ctx) {
        ChannelHandlerContext tls = Placement.tlsBehind(ctx);
        if (tls != null && ownsHalfClosure) {
            TlsClose.onCloseNotify(tls, () -> EventLoops.run(ctx.executor(), () -> onTlsEnd(ctx)));
        }
    }

    /** The peer has ended TLS, and sends nothing more. Its FIN follows as a rule; some keep the connection open. */
    private void onTlsEnd(ChannelHandlerContext ctx) {
        if (handedOver || bypassed || peerFin != null || !ctx.channel().isActive()) {
            return;
        }
        EventListeners.peerEnded(ctx.channel());
        if (!handedOver) {
            PeerFin begun = PeerFin.atCloseNotify(
                    ctx,
                    connection.config(),
                    system,
                    () -> endAtPeerEof(ctx, true),
                    () -> close(ctx, ctx.newPromise()));
            peerFin = begun;
            begun.start(openExchanges > 0);
        }
    }

    private void endAtPeerEof(ChannelHandlerContext ctx, boolean wasReset) {
        CloseSequence begun = begin(ctx);
        if (begun == null) {
            ctx.close();
        } else {
            begun.endAtPeerEof(wasReset);
        }
    }

    private void stopAwaitingWrites() {
        if (peerFin != null) {
            peerFin.stop();
        }
    }

    /** Notes an exception; returns whether it speaks of a lost connection. */
    private boolean noteReset(ChannelHandlerContext ctx, Throwable cause) {
        if (!Resets.isConnectionLost(cause)) {
            return false;
        }
        Resets known = resets;
        if (known == null) {
            known = new Resets();
            resets = known;
        }
        known.note(ctx);
        return true;
    }

    private boolean isReset() {
        return resets != null && resets.isSeen();
    }

    // ---- the front -------------------------------------------------------------------------------------------------

    /** Moves in front of what has been put in front, unless the peer has ended its side, which is then dealt with here. */
    private GracefulCloseHandler passOvertakers(ChannelHandlerContext ctx) {
        boolean stays = bypassed
                || handedOver
                || ctx.isRemoved()
                || peerFin != null
                || HalfClosure.isInputShutdown(ctx.channel());
        return stays ? this : moveToFront(ctx);
    }

    /**
     * Returns the handler that stands nearest the transport from now on: this one, or a fresh one that takes over its connection and its
     * name. Until the fresh one has the name a placeholder stands there, so that a {@code close()} of another thread meets somebody.
     */
    private GracefulCloseHandler moveToFront(ChannelHandlerContext ctx) {
        List<ChannelHandlerContext> overtakers = Placement.overtakers(ctx);
        if (overtakers.isEmpty()) {
            return this;
        }
        stopAwaitingWrites();
        GracefulCloseHandler fresh = new GracefulCloseHandler(this);
        Placeholder placeholder = new Placeholder(fresh);
        handedOver = true;
        try {
            ctx.pipeline().addBefore(overtakers.get(0).name(), null, placeholder);
            ctx.pipeline().remove(this);
        } catch (NoSuchElementException e) {
            handedOver = false;
            LOG.debug("{} a handler is being removed by another thread", ctx.channel());
            if (ctx.pipeline().context(placeholder) != null) {
                ctx.pipeline().remove(placeholder);
            }
            return this;
        }
        ctx.pipeline().replace(placeholder, ctx.name(), fresh);
        if (wasUnregistered) {
            fresh.noteUnregistered(ctx.channel());
        }
        if (LOG.isDebugEnabled()) {
            LOG.debug("{} '{}' moves to the front, past {}", ctx.channel(), ctx.name(), Placement.names(overtakers));
        }
        return fresh;
    }

    /** Passes a {@code close()} on to the handler that has replaced it when it is executed. Immutable. */
    private static final class Placeholder extends ChannelOutboundHandlerAdapter {
        private final GracefulCloseHandler fresh;

        Placeholder(GracefulCloseHandler fresh) {
            this.fresh = fresh;
        }

        /** Overridden, so that Netty does not skip it. */
        @Override
        public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
            ctx.close(promise);
        }
    }

    // ---- the close begins ------------------------------------------------------------------------------------------

    /** Leaves its place, or the front, to the handler that closes; returns null if somebody is removing this one. */
    private @Nullable CloseSequence begin(ChannelHandlerContext ctx) {
        GracefulCloseHandler front = moveToFront(ctx);
        return front.beginHere(front.ctx == null ? ctx : front.ctx);
    }

    private @Nullable CloseSequence beginHere(ChannelHandlerContext ctx) {
        GracefulCloseConfig limits = CloseOverride.limitsOf(ctx.channel(), connection.config());
        stopAwaitingWrites();
        int linger = SocketLinger.read(ctx.channel());
        if (linger > 0) {
            SocketLinger.finOnClose(ctx.channel()); // what it promises is kept, without blocking
        }
        CloseSequence begun =
                new CloseSequence(ctx, limits, connection, system, linger == 0, linger == 0 && !lingeredZero);
        wasActive = true; // a connect listener may close before channelActive is fired
        handedOver = true;
        try {
            ctx.pipeline().replace(this, ctx.name(), new Closing(this, begun));
        } catch (NoSuchElementException e) {
            handedOver = false;
            LOG.debug("{} the handler is being removed by another thread", ctx.channel());
            return null;
        }
        connection.closing(begun);
        return begun;
    }

    private void countExchange(int change) {
        openExchanges = Math.max(0, openExchanges + change);
        if (peerFin != null) {
            peerFin.exchangeChanged(openExchanges > 0);
        }
        connection.exchanges(openExchanges);
    }

    /** Ends the connection without waiting. */
    private void end(CloseCause cause) {
        ChannelHandlerContext context = ctx;
        if (context == null) {
            return;
        }
        GracefulCloseHandler current = handedOver || bypassed ? find(context.channel()) : this;
        if (current != null && current != this) {
            current.end(cause); // it closes in this one's place
            return;
        }
        CloseSequence running = sequence();
        if (running == null && current != null && !bypassed && context.channel().isActive()) {
            running = begin(context);
        }
        if (running != null) {
            running.force(cause);
        } else {
            if (cause == CloseCause.ABORTED) {
                SocketLinger.resetOnClose(context.channel());
            }
            context.close();
        }
    }

    /** The turn of the event loop in which the close began is over, and with it the burst in which that may have been. */
    void turnEnded() {
        inBurst = false;
    }

    /** The close that runs here, or null while none does. */
    @Nullable
    CloseSequence sequence() {
        return null;
    }

    // ---- reports without a close -----------------------------------------------------------------------------------

    private void reportWithoutClose(ChannelHandlerContext ctx, CloseCause cause) {
        CloseRecord.reportWithoutClose(ctx, connection, system.nanoTime(), cause);
    }

    /** A channel that is closed while it is registered nowhere does not become inactive in its pipeline. */
    private void reportClosedUnregistered() {
        ChannelHandlerContext place = ctx;
        if (place != null && !place.channel().isRegistered() && !handedOver && !bypassed) {
            reportWithoutClose(place, CloseCause.TRANSPORT);
        }
    }

    private void reportNeverConnected(ChannelHandlerContext ctx) {
        if (!wasActive && !bypassed && !handedOver) {
            reportWithoutClose(ctx, CloseCause.NOT_CONNECTED);
        }
    }

    // ---- while the channel is being closed -------------------------------------------------------------------------

    /**
     * Takes the place and the name of the handler while its channel is being closed: brings what happens to the {@link
     * CloseSequence} and, once that has cut the application off, drops input and fails writes. Confined to the channel's event
     * loop.
     */
    private static final class Closing extends GracefulCloseHandler {
        private final CloseSequence sequence;

        Closing(GracefulCloseHandler before, CloseSequence sequence) {
            super(before.connection, before.system);
            this.sequence = sequence;
            super.resets = before.resets;
            super.openExchanges = before.openExchanges;
            super.wasActive = true;
            super.inBurst = true;
        }

        @Override
        CloseSequence sequence() {
            return sequence;
        }

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            sequence.placed(ctx);
            super.ctx = ctx;
            super.connection.opened(ctx);
        }

        @Override
        public void handlerRemoved(ChannelHandlerContext ctx) {
            sequence.force(CloseCause.HANDLER_REMOVED);
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ctx.fireChannelActive();
        }

        @Override
        public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
            sequence.join(promise);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (HalfClosure.isEndOfInput(event)) {
                sequence.onEof(super.isReset());
            } else if (!(event instanceof ChannelOutputShutdownEvent)) {
                ctx.fireUserEventTriggered(event);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            if (super.noteReset(ctx, cause)) {
                sequence.onTransportError(cause);
            } else {
                ctx.fireExceptionCaught(cause);
            }
        }

        @Override
        public void channelUnregistered(ChannelHandlerContext ctx) {
            ctx.fireChannelUnregistered();
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            sequence.onInactive(super.isReset());
            ctx.fireChannelInactive();
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (!sequence.isCutOff()) {
                ctx.fireChannelRead(message);
                return;
            }
            try {
                if (message instanceof ByteBuf buffer) {
                    sequence.onRead(buffer.readableBytes(), buffer);
                } else if (message instanceof ByteBufHolder holder) {
                    sequence.onRead(holder.content().readableBytes(), null);
                } else {
                    PassedDescriptor.close(ctx.channel(), message);
                }
            } finally {
                ReferenceCountUtil.release(message);
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            boolean cutOff = sequence.isCutOff();
            if (!cutOff || super.inBurst) {
                super.inBurst = false;
                ctx.fireChannelReadComplete();
            }
            if (cutOff) {
                sequence.onReadComplete();
            }
        }

        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            if (sequence.isCutOff()) {
                ReferenceCountUtil.release(message);
                promise.tryFailure(new ClosedForWritingException());
            } else {
                ctx.write(message, promise);
            }
        }

        /** Everything that will be sent is behind the barrier already. */
        @Override
        public void flush(ChannelHandlerContext ctx) {
            if (!sequence.isCutOff()) {
                ctx.flush();
            }
        }

        /** The sequence alone decides when to read: the requests of the application and of autoRead end here. */
        @Override
        public void read(ChannelHandlerContext ctx) {
            if (!sequence.isCutOff()) {
                ctx.read();
            }
        }
    }

    /** Closes file descriptors that a peer passed over a Unix domain socket and nobody will take. Stateless. */
    private static final class PassedDescriptor {
        static void close(Channel channel, Object message) {
            TransportKind kind = TransportKind.of(channel);
            if (kind.isUnixSocket() && kind != TransportKind.NIO_UNIX && message instanceof FileDescriptor descriptor) {
                try {
                    descriptor.close();
                } catch (IOException e) {
                    LOG.debug("{} cannot close a passed descriptor", channel, e);
                }
            }
        }
    }

    /**
     * Fails a write that came after {@code close()}: the close sequence takes no more output. Without a stack trace, as it may
     * be thrown often. Immutable.
     */
    static final class ClosedForWritingException extends ClosedChannelException {
        private static final long serialVersionUID = 1;

        @Override
        public String getMessage() {
            return "close() was called on this channel before the write; the graceful close sends only what was written before";
        }

        @Override
        public Throwable fillInStackTrace() {
            return this;
        }
    }
}
