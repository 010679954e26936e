package dev.lastbyte;

import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.ChannelOutputShutdownEvent;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.util.Objects;
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
 * <p>An open connection pays one skipped context per event: none of the read and write callbacks is overridden.
 *
 * <p>One instance serves one channel. The static methods may be called from any thread; everything else is confined to the
 * channel's event loop.
 */
public final class GracefulCloseHandler extends ChannelDuplexHandler {
    private final GracefulCloseConfig config;
    private final SystemView system;
    private @Nullable ChannelHandlerContext ctx;
    private @Nullable CloseSequence sequence;
    private @Nullable PeerHalfCloseWatch halfCloseWatch;
    private int openExchanges;
    private boolean ownsHalfClosure;
    private boolean wasActive;
    private boolean resetSeen;
    private boolean bypassed;

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
        this.config = Objects.requireNonNull(config, "config");
        this.system = system;
    }

    // ---- for users -------------------------------------------------------------------------------------------------

    /**
     * Ends a connection without waiting: a running close sequence is cut short, an open connection is closed past all other
     * handlers. Output that has not reached the kernel is lost and the peer gets a reset, so that it cannot take the rest for
     * the whole. Without a handler in the pipeline it is {@code channel.close()}.
     *
     * @return the channel's close future
     */
    public static ChannelFuture closeNow(Channel channel) {
        GracefulCloseHandler handler = find(channel);
        if (handler == null || !channel.isRegistered()) {
            channel.close();
        } else {
            // Not at once: in the listener of a write, that write still counts as pending.
            channel.eventLoop().execute(() -> handler.endNow(CloseCause.FORCED));
        }
        return channel.closeFuture();
    }

    /**
     * The report of a connection's end, now or when it has ended, however it ends. Listeners run on the channel's event
     * loop. Fails with {@link IllegalStateException} if the channel is open and has no {@code GracefulCloseHandler}.
     */
    public static Future<CloseReport> report(Channel channel) {
        GracefulCloseHandler handler = find(channel);
        boolean known = CloseReports.isKnown(channel);
        Promise<CloseReport> report = CloseReports.of(channel);
        if (known) {
            return report;
        }
        if (handler == null) {
            report.tryFailure(new IllegalStateException(
                    "no GracefulCloseHandler in the pipeline of " + channel + ": add it first to get a report"));
        } else {
            channel.closeFuture().addListener(f -> handler.onEventLoop(channel, handler::reportNeverActive));
        }
        return report;
    }

    /** Whether {@code close()} has reached the handler: the channel takes no more output, although it may be active. */
    public static boolean isClosing(Channel channel) {
        GracefulCloseHandler handler = find(channel);
        return handler == null ? !channel.isOpen() : handler.sequence != null;
    }

    /**
     * Tells that a request is being answered, so that a peer that ends its side early still gets the answer (see {@link
     * PeerHalfClose#FINISH_WRITES}). Each call is undone by one {@link #exchangeEnded}. Does nothing without a handler.
     */
    public static void exchangeStarted(Channel channel) {
        countExchange(channel, 1);
    }

    /** Tells that the last byte of an answer has been written. Does nothing without a handler. */
    public static void exchangeEnded(Channel channel) {
        countExchange(channel, -1);
    }

    private static void countExchange(Channel channel, int change) {
        GracefulCloseHandler handler = find(channel);
        if (handler != null) {
            handler.onEventLoop(channel, () -> handler.exchanges(change));
        }
    }

    private static @Nullable GracefulCloseHandler find(Channel channel) {
        return channel.pipeline().get(GracefulCloseHandler.class);
    }

    private void onEventLoop(Channel channel, Runnable task) {
        if (!channel.isRegistered() || channel.eventLoop().inEventLoop()) {
            task.run();
        } else {
            channel.eventLoop().execute(task);
        }
    }

    // ---- the pipeline ----------------------------------------------------------------------------------------------

    /** {@inheritDoc} */
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        Placement.check(ctx);
        this.ctx = ctx;
        wasActive = ctx.channel().isActive();
        HalfClosure halfClosure = new HalfClosure(ctx.channel());
        if (config.peerHalfClose() == PeerHalfClose.FINISH_WRITES && !halfClosure.isAllowed()) {
            ownsHalfClosure = halfClosure.outliveEof();
            NettyGuard.warnOnce(ctx.channel());
        }
    }

    /** {@inheritDoc} */
    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (sequence != null) {
            sequence.force(CloseCause.HANDLER_REMOVED);
        } else if (ctx.channel().isActive()) {
            if (ownsHalfClosure) {
                new HalfClosure(ctx.channel()).endAtEof();
            }
            if (halfCloseWatch != null) {
                halfCloseWatch.stop();
                ctx.channel().close(); // the peer's FIN is over: nothing else would end the channel
            }
        }
    }

    /** {@inheritDoc} */
    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        wasActive = true;
        ctx.fireChannelActive();
    }

    /** {@inheritDoc} */
    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        if (bypassed || (sequence == null && !ctx.channel().isActive())) {
            ctx.close(promise);
        } else if (sequence != null) {
            sequence.join(promise);
        } else if (standsBehindTls(ctx)) {
            bypassed = true;
            ctx.pipeline().addFirst(new GracefulCloseHandler(config, system));
            ctx.close(promise);
        } else {
            begin(ctx).start(promise);
        }
    }

    /** {@inheritDoc} */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        boolean inputShutdown =
                event == ChannelInputShutdownEvent.INSTANCE || event == ChannelInputShutdownReadComplete.INSTANCE;
        if (sequence != null && inputShutdown) {
            sequence.onEof();
        } else if (inputShutdown && ownsHalfClosure && halfCloseWatch == null) {
            onPeerHalfClose(ctx, event);
        } else if (sequence == null || !(event instanceof ChannelOutputShutdownEvent)) {
            ctx.fireUserEventTriggered(event);
        }
    }

    /** {@inheritDoc} */
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (sequence != null && cause instanceof IOException) {
            sequence.onTransportError(cause);
            return;
        }
        resetSeen |= cause instanceof IOException;
        ctx.fireExceptionCaught(cause);
    }

    /** {@inheritDoc} */
    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (halfCloseWatch != null) {
            halfCloseWatch.stop();
        }
        if (sequence != null) {
            sequence.onInactive();
        } else if (!bypassed) {
            CloseEnd.reportWithoutClose(
                    ctx,
                    config,
                    system.nanoTime(),
                    resetSeen ? CloseCause.RESET : CloseEnd.transportCause(ctx.channel()));
        }
        ctx.fireChannelInactive();
    }

    // ---- inside ----------------------------------------------------------------------------------------------------

    boolean isBypassed() {
        return bypassed;
    }

    private CloseSequence begin(ChannelHandlerContext ctx) {
        if (halfCloseWatch != null) {
            halfCloseWatch.stop();
        }
        CloseSequence begun = new CloseSequence(ctx, config, system);
        sequence = begun;
        return begun;
    }

    private void endNow(CloseCause cause) {
        ChannelHandlerContext context = ctx;
        if (context == null || !context.channel().isActive()) {
            return;
        }
        CloseSequence running = sequence;
        (running == null ? begin(context) : running).force(cause);
    }

    /** The peer ended its side first, and the channel is open only because this handler asked for it. */
    private void onPeerHalfClose(ChannelHandlerContext ctx, Object event) {
        boolean waits = OutboundFlush.isPending(ctx) || openExchanges > 0 || config.peerHalfCloseGraceNanos() > 0;
        if (resetSeen || !waits) {
            begin(ctx).endAtPeerEof(resetSeen);
            return;
        }
        PeerHalfCloseWatch watch =
                new PeerHalfCloseWatch(ctx, config, system, () -> begin(ctx).endAtPeerEof(true));
        halfCloseWatch = watch;
        EpollHalfOpenFlush.install(ctx);
        ctx.fireUserEventTriggered(event);
        if (sequence == null) {
            watch.start(openExchanges > 0);
        }
    }

    private void exchanges(int change) {
        openExchanges = Math.max(0, openExchanges + change);
        if (halfCloseWatch != null) {
            halfCloseWatch.exchangeChanged(openExchanges > 0);
        }
    }

    private boolean standsBehindTls(ChannelHandlerContext ctx) {
        ChannelHandlerContext tls = Placement.tlsNearerTransport(ctx);
        if (tls == null) {
            return false;
        }
        CloseLog.LOG.warn(
                "{} '{}' was added in front of the GracefulCloseHandler '{}'; this close uses a second one, first in"
                        + " the pipeline. Add TLS behind it: pipeline.addAfter(\"{}\", ...)",
                ctx.channel(),
                tls.name(),
                ctx.name(),
                ctx.name());
        return true;
    }

    private void reportNeverActive() {
        ChannelHandlerContext context = ctx;
        if (context != null && !wasActive) {
            CloseEnd.reportWithoutClose(context, config, system.nanoTime(), CloseCause.NOT_CONNECTED);
        }
    }
}
