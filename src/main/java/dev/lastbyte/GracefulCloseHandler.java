package dev.lastbyte;

import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ServerChannel;
import io.netty.util.concurrent.Future;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes every {@code close()} of its channel graceful: what was written, flushed or not, reaches the peer within the limits
 * of the {@link GracefulCloseConfig}, or the {@link CloseReport} says what did not.
 *
 * <p>It must stand <b>first</b> in the pipeline, nearest the transport and in front of {@code SslHandler}, so that TLS,
 * HTTP/2 and WebSocket have said goodbye when {@code close()} arrives:
 *
 * <pre>{@code
 * pipeline.addFirst(new GracefulCloseHandler(config));
 * }</pre>
 *
 * <p>From then on {@code channel.close()}, {@code ctx.close()} of a handler behind it, and {@code
 * ChannelFutureListener.CLOSE} run the close sequence, from any thread. The close promise completes when the channel is
 * closed; a second {@code close()} joins the first and completes with it. While the sequence runs, {@code isActive()} stays
 * true, input is dropped, new writes fail at once with a {@code ClosedChannelException}, and {@link CloseStartedEvent} has
 * told the other handlers. {@code ctx.close()} of a handler in front of this one, and closes by the transport itself (write
 * errors, {@code EventLoopGroup.shutdownGracefully()}), do not pass here and are not graceful; the report says so.
 *
 * <p>An open connection pays one skipped context per event: none of the read and write callbacks is overridden. While the
 * channel is being closed, a handler of this class that does override them has taken its place and its name: whoever wants to remove
 * it then must do so by name or class.
 *
 * <p>One instance serves one channel. The static methods may be called from any thread; everything else is confined to the
 * channel's event loop.
 */
public sealed class GracefulCloseHandler extends ChannelDuplexHandler permits ClosingHandler {
    private final CloseTerms terms;
    private final ResetSign resetSign;
    private final @Nullable PeerHalfCloses halfCloses; // none once it closes
    private @Nullable ChannelHandlerContext ctx;
    private @Nullable CloseOverride override;
    private int openExchanges;
    private boolean wasActive;
    private boolean wasUnregistered;
    private boolean bypassed;
    private boolean handedOver;

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

    GracefulCloseHandler(GracefulCloseConfig config, SystemView system) {
        this(CloseTerms.of(Objects.requireNonNull(config, "config"), system));
    }

    private GracefulCloseHandler(CloseTerms terms) {
        this.terms = terms;
        resetSign = new ResetSign();
        halfCloses = new PeerHalfCloses(terms.config(), terms.system());
    }

    /** Goes on in the place of one that has begun to close. */
    GracefulCloseHandler(CloseTerms terms, ResetSign resetSign, int openExchanges) {
        this.terms = terms;
        this.resetSign = resetSign;
        this.openExchanges = openExchanges;
        halfCloses = null;
        wasActive = true;
    }

    static GracefulCloseHandler on(CloseTerms terms) {
        return new GracefulCloseHandler(terms);
    }

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
        if (handler == null) {
            channel.close();
        } else if (channel.isOpen()) {
            // Not at once: in the listener of a write, that write still counts as pending.
            channel.eventLoop().execute(() -> handler.endNow(CloseCause.FORCED));
        }
        return channel.closeFuture();
    }

    /** Closes a channel with other limits. */
    static void closeWith(Channel channel, CloseOverride override) {
        GracefulCloseHandler handler = find(channel);
        if (handler == null || !channel.isRegistered()) {
            channel.close();
        } else if (channel.eventLoop().inEventLoop()) {
            handler.override = override;
            channel.pipeline().close();
        } else {
            channel.eventLoop().execute(() -> closeWith(channel, override));
        }
    }

    /** Gives the next close other limits, if nobody has yet. On the channel's event loop. */
    static void offerOverride(Channel channel, CloseOverride override) {
        GracefulCloseHandler handler = find(channel);
        if (handler != null && handler.override == null) {
            handler.override = override;
        }
    }

    /**
     * The report of a connection's end, now or when it has ended, however it ends. Listeners run on the channel's event
     * loop. Fails with {@link IllegalStateException} while the channel has no {@code GracefulCloseHandler}.
     *
     * @throws NullPointerException if {@code channel} is null
     */
    public static Future<CloseReport> report(Channel channel) {
        boolean promised = find(channel) != null || CloseReports.isKnown(channel);
        return promised ? CloseReports.of(channel) : CloseReports.none(channel);
    }

    /**
     * Whether {@code close()} has reached the handler, or the channel is closed: it takes no more output, although it may still
     * be active.
     *
     * @throws NullPointerException if {@code channel} is null
     */
    public static boolean isClosing(Channel channel) {
        GracefulCloseHandler handler = find(channel);
        return !channel.isOpen() || (handler != null && handler.sequence() != null);
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
     * Tells that the connection is a stream or a tunnel: a drain does not wait for it to become idle, but closes it within
     * {@link DrainPolicy#longLivedPeriod()}. It stays so. Does nothing without a handler of a {@link GracefulCloseManager}.
     *
     * @throws NullPointerException if {@code channel} is null
     */
    public static void longLived(Channel channel) {
        onEventLoop(channel, handler -> handler.terms.watch().longLived());
    }

    /** For the channel, and for the connection that it is a part of, as an HTTP/2 stream is. */
    private static void onEventLoop(Channel channel, Consumer<GracefulCloseHandler> step) {
        for (Channel c = channel; c != null && !(c instanceof ServerChannel); c = c.parent()) {
            GracefulCloseHandler handler = find(c);
            if (handler == null || !c.isOpen()) {
                continue;
            }
            if (c.eventLoop().inEventLoop()) {
                step.accept(handler);
            } else {
                Channel there = c;
                there.eventLoop().execute(() -> {
                    GracefulCloseHandler current = find(there); // another one may have taken its place
                    step.accept(current == null ? handler : current);
                });
            }
        }
    }

    private static @Nullable GracefulCloseHandler find(Channel channel) {
        return channel.pipeline().get(GracefulCloseHandler.class);
    }

    // ---- the pipeline ----------------------------------------------------------------------------------------------

    /** {@inheritDoc} */
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        Placement.check(ctx);
        this.ctx = ctx;
        wasActive = ctx.channel().isActive();
        if (!wasActive) {
            ctx.channel().closeFuture().addListener(f -> reportNeverConnected(ctx));
        }
        if (halfCloses != null) {
            halfCloses.begin(ctx);
        }
        if (wasActive) {
            ConnectionWatch watch = terms.watch();
            watch.opened(ctx);
            if (watch != ConnectionWatch.NONE) {
                ctx.executor().execute(watch::announced); // when the handlers that are added with it are there too
            }
        }
    }

    /** {@inheritDoc} */
    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (handedOver) {
            return;
        }
        if (ctx.channel().isActive() && halfCloses != null) {
            halfCloses.undo(ctx);
        }
        if (!bypassed) {
            terms.watch().released();
        }
    }

    /** {@inheritDoc} */
    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        wasActive = true;
        terms.watch().opened(ctx);
        ctx.fireChannelActive();
        terms.watch().announced();
    }

    /** {@inheritDoc} */
    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        if (bypassed || !ctx.channel().isActive()) {
            ctx.close(promise);
        } else if (Placement.isOvertakenByTls(ctx)) {
            bypassed = true;
            if (halfCloses != null) {
                halfCloses.stop();
            }
            GracefulCloseHandler inFront = new GracefulCloseHandler(terms);
            inFront.override = override;
            ctx.pipeline().addFirst(inFront);
            ctx.close(promise);
        } else {
            CloseSequence begun = begin(ctx);
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
        PeerHalfCloses known = halfCloses;
        if (known != null && PeerHalfCloses.isEndOfInput(event) && known.isOurs() && !bypassed) {
            known.onFin(ctx, event, resetSign.isSeen(), reset -> endAtPeerEof(ctx, reset));
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }

    /** {@inheritDoc} */
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        resetSign.note(ctx, cause);
        ctx.fireExceptionCaught(cause);
    }

    /** {@inheritDoc} */
    @Override
    public void channelUnregistered(ChannelHandlerContext ctx) {
        if (ctx.channel().isOpen() && !wasUnregistered) {
            wasUnregistered = true;
            ctx.channel().closeFuture().addListener(closed -> reportClosedUnregistered(ctx));
        }
        ctx.fireChannelUnregistered();
    }

    /** {@inheritDoc} */
    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (halfCloses != null) {
            halfCloses.stop();
        }
        if (!bypassed) {
            CloseCause cause = resetSign.isSeen() ? CloseCause.RESET : CloseEnd.transportCause(ctx.channel());
            CloseEnd.reportWithoutClose(ctx, terms, cause);
        }
        ctx.fireChannelInactive();
    }

    // ---- inside ----------------------------------------------------------------------------------------------------

    /** Whether a second handler, in front of TLS, has taken over. */
    boolean isBypassed() {
        return bypassed;
    }

    /** The close that runs here, or null while none does. */
    @Nullable
    CloseSequence sequence() {
        return null;
    }

    ResetSign resetSign() {
        return resetSign;
    }

    /** Leaves its place to the handler that closes; returns null if that is gone, for somebody is removing this one. */
    private @Nullable CloseSequence begin(ChannelHandlerContext ctx) {
        CloseTerms termsOfClose = CloseTerms.ofClose(ctx.channel(), terms, override);
        if (halfCloses != null) {
            halfCloses.stop();
        }
        CloseSequence begun = new CloseSequence(ctx, termsOfClose);
        wasActive = true; // a connect listener may close before channelActive is fired
        handedOver = true;
        try {
            ctx.pipeline().replace(this, ctx.name(), new ClosingHandler(terms, resetSign, openExchanges, begun));
        } catch (NoSuchElementException e) {
            handedOver = false;
            CloseLog.LOG.debug("{} the handler is being removed by another thread", ctx.channel());
            return null;
        }
        terms.watch().closing(begun);
        return begun;
    }

    /** It stands where another one stood. */
    void takesOver(ChannelHandlerContext ctx) {
        this.ctx = ctx;
        terms.watch().opened(ctx);
    }

    private void countExchange(int change) {
        openExchanges = Math.max(0, openExchanges + change);
        if (halfCloses != null) {
            halfCloses.exchanges(openExchanges);
        }
        terms.watch().exchanges(openExchanges);
    }

    /** Ends the connection without waiting. */
    void endNow(CloseCause cause) {
        ChannelHandlerContext context = ctx;
        if (context == null) {
            return;
        }
        GracefulCloseHandler current = handedOver || bypassed ? find(context.channel()) : this;
        if (current != null && current != this) {
            current.endNow(cause); // it closes in this one's place
            return;
        }
        CloseSequence running = sequence();
        if (running == null && current != null && !bypassed && context.channel().isActive()) {
            running = begin(context);
        }
        if (running != null) {
            running.force(cause);
        } else {
            context.close();
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

    /** A channel that is closed while it is registered nowhere does not become inactive in its pipeline. */
    private void reportClosedUnregistered(ChannelHandlerContext ctx) {
        if (!ctx.channel().isRegistered() && !handedOver && !bypassed) {
            CloseEnd.reportWithoutClose(ctx, terms, CloseCause.TRANSPORT);
        }
    }

    private void reportNeverConnected(ChannelHandlerContext ctx) {
        if (!wasActive) {
            CloseEnd.reportWithoutClose(ctx, terms, CloseCause.NOT_CONNECTED);
        }
    }
}
