package dev.lastbyte.http2;

import dev.lastbyte.ConnectionEvents;
import dev.lastbyte.GracefulCloseHandler;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Ends an HTTP/2 connection so that its peer knows for each request whether it was served (RFC 9113, 6.8). It belongs directly behind
 * the {@code Http2ConnectionHandler}, such as {@code Http2FrameCodec}; only an {@code Http2MultiplexHandler} may stand between:
 *
 * <pre>{@code
 * pipeline.addFirst(new GracefulCloseHandler(config)); // or manager.childHandler(...)
 * pipeline.addLast(sslHandler);
 * pipeline.addLast(Http2FrameCodecBuilder.forServer().build());
 * pipeline.addLast(new Http2FarewellHandler());
 * pipeline.addLast(new Http2MultiplexHandler(new MyStreamInitializer()));
 * }</pre>
 *
 * With ALPN, add it together with the codec. For an upgrade from HTTP/1.1, make it one of the extra handlers of {@code
 * Http2ServerUpgradeCodec}, or let it wait in the pipeline until the codec is put in front of it.
 *
 * <p>On a drain or on {@code close()}, a server sends GOAWAY with the highest stream id, and a PING. Streams that the peer opens before
 * it reads them are served. When the PING is acknowledged, or after {@code pingTimeout}, GOAWAY with the last stream's id follows:
 * later streams are refused with RST_STREAM, and the peer may safely repeat them elsewhere. The connection is closed when the streams
 * have ended, {@code limit} after {@code close()}, or after half of the time that a drain has left. This close bypasses the codec's own
 * {@code close()}, which would wait for its {@code gracefulShutdownTimeoutMillis}. In a drain all of this begins at once, or, with
 * {@link dev.lastbyte.drain.DrainPolicy#closeSpread()} and no open stream, when the manager closes the connection.
 *
 * <p>A client sends one GOAWAY on {@code close()} and waits for its requests in the same way; a drain closes it when it is idle.
 *
 * <p>HTTP/2 has no half-close: a peer that ends its side of the connection has gone. It gets the last GOAWAY, its streams are cancelled,
 * and the connection is closed, without waiting for an answer or for a window that can open no more.
 *
 * <p>Each open stream is an exchange of the connection, so a drain waits for it, and you need report nothing. {@link
 * dev.lastbyte.CloseReport#farewell()} says whether the peer acknowledged the PING, how many streams were refused, and how many were
 * lost: open, and not answered completely, when this side closed the connection.
 *
 * <p>A place in front of the connection handler, behind another handler, without a codec or without a {@code GracefulCloseHandler} is
 * refused with an {@link IllegalStateException}: when the handler is added, or, if others may still come, when input does.
 *
 * <p>One instance serves one connection. Confined to the channel's event loop.
 */
public final class Http2FarewellHandler extends ChannelDuplexHandler {
    static final Duration DEFAULT_PING_TIMEOUT = Duration.ofSeconds(1);
    static final Duration DEFAULT_LIMIT = Duration.ofSeconds(30);

    private static final Duration MIN = Duration.ofMillis(1);
    private static final Duration MAX = Duration.ofHours(24);

    private final Duration pingTimeout;
    private final Duration limit;
    private @Nullable GoAwaySequence sequence;
    private ConnectionEvents.@Nullable Drain drain;
    private boolean placeKnown;
    private boolean misplaced;

    /** A handler that waits 1 s for the PING and 30 s in all. */
    public Http2FarewellHandler() {
        this(DEFAULT_PING_TIMEOUT, DEFAULT_LIMIT);
    }

    /**
     * A handler with the given limits. A drain shortens them, to a quarter and to half of the time that it has left.
     *
     * @param pingTimeout how long the peer may take to acknowledge the PING before GOAWAY names the last stream; at least 1 ms and
     *     less than {@code limit}; by default 1 s
     * @param limit how long PING and streams together hold {@code close()} back; at most 24 h; by default 30 s
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if an argument is out of range
     */
    public Http2FarewellHandler(Duration pingTimeout, Duration limit) {
        Objects.requireNonNull(pingTimeout, "pingTimeout");
        Objects.requireNonNull(limit, "limit");
        if (limit.compareTo(MIN) <= 0 || limit.compareTo(MAX) > 0) {
            throw new IllegalArgumentException(
                    "limit: " + limit + " (expected: more than " + MIN + ", to " + MAX + ")");
        }
        if (pingTimeout.compareTo(MIN) < 0 || pingTimeout.compareTo(limit) >= 0) {
            throw new IllegalArgumentException(
                    "pingTimeout: " + pingTimeout + " (expected: from " + MIN + ", less than limit, " + limit + ")");
        }
        this.pingTimeout = pingTimeout;
        this.limit = limit;
    }

    /**
     * Looks for the connection handler in front; it may come later.
     *
     * @throws IllegalStateException if this is the wrong place, with what to do
     */
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        Http2Place.check(ctx);
        attach(ctx);
        GracefulCloseHandler.listen(ctx, new Events());
    }

    /** {@inheritDoc} */
    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (sequence != null) {
            sequence.leave();
        }
    }

    /** {@inheritDoc} */
    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        GoAwaySequence found = look(ctx);
        if (found == null) {
            ctx.close(promise);
        } else {
            found.close(promise);
        }
    }

    /** {@inheritDoc} */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        look(ctx); // an upgrade tells that the codec is there
        ctx.fireUserEventTriggered(event);
    }

    /** {@inheritDoc} */
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        checkPlace(ctx, message instanceof ByteBuf);
        ctx.fireChannelRead(message);
    }

    /** {@inheritDoc} */
    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        look(ctx);
        checkPlace(ctx, false);
        ctx.fireChannelReadComplete();
    }

    /** {@inheritDoc} */
    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (sequence != null) {
            sequence.inactive();
        }
        ctx.fireChannelInactive();
    }

    /** The pipeline is complete when input comes. */
    private void checkPlace(ChannelHandlerContext ctx, boolean getsBytes) {
        if (misplaced || (placeKnown && !getsBytes)) {
            return;
        }
        placeKnown = true;
        try {
            Http2Place.check(ctx, getsBytes);
        } catch (IllegalStateException e) {
            misplaced = true;
            ctx.fireExceptionCaught(e);
        }
    }

    /** What happens to the connection while there is a sequence; what happened before is replayed. */
    private final class Events implements ConnectionEvents {
        @Override
        public void drain(ChannelHandlerContext ctx, Drain begun) {
            boolean known = sequence != null;
            drain = begun;
            GoAwaySequence found = look(ctx);
            if (known && found != null) {
                found.drain(begun);
            }
        }

        @Override
        public void closeStarted(ChannelHandlerContext ctx) {
            GoAwaySequence found = look(ctx);
            if (found != null) {
                found.closeStarted();
            }
        }

        @Override
        public void peerEnded(ChannelHandlerContext ctx) {
            GoAwaySequence found = look(ctx);
            if (found != null) {
                found.inputEnded();
            }
        }
    }

    /** The sequence, as soon as there is a connection handler. A wrong place is reported once. */
    private @Nullable GoAwaySequence look(ChannelHandlerContext ctx) {
        if (sequence == null && !misplaced && ctx.channel().isActive()) {
            try {
                attach(ctx);
            } catch (IllegalStateException e) {
                misplaced = true;
                ctx.fireExceptionCaught(e);
            }
        }
        return sequence;
    }

    private void attach(ChannelHandlerContext ctx) {
        ChannelHandlerContext codec = Http2Place.connectionHandler(ctx);
        if (codec != null) {
            GoAwaySequence begun = new GoAwaySequence(codec, pingTimeout, limit);
            sequence = begun;
            begun.attach();
            if (drain != null) {
                begun.drain(drain);
            }
        }
    }
}
