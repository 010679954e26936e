package dev.lastbyte.websocket;

import dev.lastbyte.ConnectionEvents;
import dev.lastbyte.FarewellReport;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.farewell.FarewellExchange;
import dev.lastbyte.internal.EventLoops;
import dev.lastbyte.internal.HeldCloses;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrameEncoder;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Says the farewell of a server's WebSocket: {@code close()} writes a Close frame with a status and a reason, waits within a limit
 * for the peer's Close, and goes on to the {@link GracefulCloseHandler}. It belongs behind Netty's codec and in front of the handlers
 * that call {@code close()}:
 *
 * <pre>{@code
 * pipeline.addFirst(manager.newHandler());
 * pipeline.addLast(new HttpServerCodec(), new HttpObjectAggregator(65536));
 * pipeline.addLast(new WebSocketServerProtocolHandler("/chat"));
 * pipeline.addLast(new WebSocketFarewellHandler(config));
 * pipeline.addLast(new MyHandler());
 * }</pre>
 *
 * With a bare {@code WebSocketServerHandshaker} it stands behind the HTTP codec; add it at the start or at the end of the handshake.
 * Before the handshake it passes {@code close()} on and does nothing. A place in front of the codec, behind the application, without a
 * codec or without a {@code GracefulCloseHandler} is refused with an {@link IllegalStateException}: when the handler is added, or, if
 * others may still come, when the first message does.
 *
 * <p>Exactly one Close frame is sent, whoever writes it first: this handler, the application, {@code
 * WebSocketServerProtocolHandler} (whose own Close on {@code close()} comes too late here, and need not be switched off), or the frame
 * decoder on a violation. A frame that is written after it, even a pong, fails with a {@code ClosedChannelException} and is not sent.
 * While a message is being sent in fragments, the Close frame waits for the last one, within {@link
 * WebSocketFarewellConfig#messageTimeout()}. While this side waits for the peer's Close, the peer's messages still reach the
 * application.
 *
 * <p>The {@link dev.lastbyte.CloseReport} says ANSWERED if the peer's Close came after ours and carries its status, as RFC 6455
 * (5.5.1) expects of an answer. It says UNANSWERED if the peer's Close did not come, or had another status, because it may have
 * crossed ours; and SAID if the peer's Close was first and has been answered. A peer that closes by itself in the same moment, with
 * the same status, cannot be told from one that answers.
 *
 * <p>A peer that ends its side of the connection without a Close frame has gone: the connection is closed at once.
 *
 * <p>From the handshake on the connection is {@linkplain GracefulCloseHandler#longLived long-lived}: a drain closes it within
 * {@link dev.lastbyte.drain.DrainPolicy#longLivedPeriod()}.
 *
 * <p>One instance serves one channel. Confined to the channel's event loop.
 */
public final class WebSocketFarewellHandler extends ChannelDuplexHandler {
    private final WebSocketFarewellConfig config;
    private final FrameGate gate = new FrameGate(this::releaseHeld);
    private final PeerCloseWatch watch = new PeerCloseWatch();
    private final HeldCloses held = new HeldCloses(); // until the message that is being sent is complete
    private @Nullable ChannelHandlerContext ctx;
    /** From the handshake on: until then an HTTP handler in front has one of its own. */
    private @Nullable FarewellExchange farewell;

    private ConnectionEvents.@Nullable Drain drain;
    private @Nullable Integer peerStatus;
    private FarewellReport.Outcome reached = FarewellReport.Outcome.UNANSWERED;
    private boolean inputEnded;
    private boolean peerGone;
    private boolean placeKnown;
    private long heldSinceNanos;

    /** A handler with {@link WebSocketFarewellConfig#defaults()}: status 1001, going away. */
    public WebSocketFarewellHandler() {
        this(WebSocketFarewellConfig.defaults());
    }

    /**
     * A handler with the given configuration.
     *
     * @throws NullPointerException if {@code config} is null
     */
    public WebSocketFarewellHandler(WebSocketFarewellConfig config) {
        this.config = Objects.requireNonNull(config, "config");
    }

    // ---- the pipeline ----------------------------------------------------------------------------------------------

    /**
     * {@inheritDoc}
     *
     * @throws IllegalStateException if this is the wrong place, with what to do
     */
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        WebSocketPlace.check(ctx);
        this.ctx = ctx;
        ChannelHandlerContext codec = ctx.pipeline().context(WebSocketServerProtocolHandler.class);
        ctx.pipeline().addBefore(codec == null ? ctx.name() : codec.name(), null, watch);
        begin();
        GracefulCloseHandler.listen(ctx, new Events());
    }

    /** {@inheritDoc} */
    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        releaseHeld();
        if (farewell != null) {
            farewell.leave();
        }
        remove(ctx.pipeline(), watch);
        remove(ctx.pipeline(), gate);
    }

    private static void remove(ChannelPipeline pipeline, ChannelHandler handler) {
        if (pipeline.context(handler) != null) {
            pipeline.remove(handler);
        }
    }

    /** {@inheritDoc} */
    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        FarewellExchange begun = begin();
        if (begun == null || peerGone) {
            ctx.close(promise);
        } else if (gate.isInMessage()
                && !begun.isBegun()
                && !inputEnded
                && ctx.channel().isActive()) {
            hold(promise);
        } else {
            begun.say(promise, this::sayClose);
        }
    }

    /** {@inheritDoc} */
    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (message instanceof WebSocketFrame || isUpgrade(message)) {
            begin();
        }
        ctx.write(message, promise);
    }

    /** A bare handshaker fires no event, but its frame encoder is in the pipeline when it writes this. */
    private static boolean isUpgrade(Object message) {
        return message instanceof HttpResponse response
                && response.status().code() == HttpResponseStatus.SWITCHING_PROTOCOLS.code();
    }

    /** {@inheritDoc} */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof WebSocketServerProtocolHandler.HandshakeComplete) {
            begin();
        }
        ctx.fireUserEventTriggered(event);
    }

    /** {@inheritDoc} */
    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        endInput();
        ctx.fireChannelInactive();
    }

    /** The pipeline is complete now: a wrong place is reported, once. */
    private void checkPlace(Object firstMessage) {
        try {
            WebSocketPlace.check(context(), firstMessage);
        } catch (IllegalStateException e) {
            context().fireExceptionCaught(e);
        }
    }

    // ---- the handshake and the drain -------------------------------------------------------------------------------

    /** The farewell, as soon as there is a WebSocket; null before. */
    private @Nullable FarewellExchange begin() {
        if (farewell != null) {
            return farewell;
        }
        ChannelHandlerContext ours = context();
        ChannelHandlerContext encoder = ours.pipeline().context(WebSocketFrameEncoder.class);
        if (encoder == null || !isInFront(encoder, ours)) {
            return null;
        }
        ours.pipeline().addAfter(encoder.name(), null, gate);
        FarewellExchange begun = FarewellExchange.on(ours, "websocket", config.answerTimeout());
        farewell = begun;
        GracefulCloseHandler.longLived(ours.channel());
        if (drain != null) {
            beginDrain(begun, drain);
        }
        return begun;
    }

    private static boolean isInFront(ChannelHandlerContext one, ChannelHandlerContext other) {
        List<String> names = one.pipeline().names();
        return names.indexOf(one.name()) < names.indexOf(other.name());
    }

    private final class Events implements ConnectionEvents {
        @Override
        public void drain(ChannelHandlerContext ctx, Drain begun) {
            drain = begun;
            if (farewell == null) {
                begin();
            } else {
                beginDrain(farewell, begun);
            }
            if (!held.isEmpty()) {
                limitHold();
            }
        }

        /** A WebSocket is not half-closed (RFC 6455, 7.1.1): the peer has gone, and gets no Close frame, which it cannot answer. */
        @Override
        public void peerEnded(ChannelHandlerContext ctx) {
            boolean said = farewell != null && farewell.isBegun();
            peerGone = farewell != null && !said;
            if (peerGone) {
                gate.shut(); // Netty's protocol handler has a Close frame of its own
            }
            endInput();
            if (peerGone) {
                ctx.channel().close();
            }
        }
    }

    private void beginDrain(FarewellExchange begun, ConnectionEvents.Drain drain) {
        begun.drain(drain);
        if (config
                .isFarewellAtDrain()) { // later: the others hear of the drain, or send the end of the handshake, first
            EventLoops.execute(context().executor(), context().channel()::close);
        }
    }

    // ---- the close -------------------------------------------------------------------------------------------------

    private void hold(ChannelPromise promise) {
        boolean first = held.isEmpty();
        held.add(promise);
        if (first) {
            heldSinceNanos = System.nanoTime();
            limitHold();
        }
    }

    /** Half of what a drain has left is kept for the Close frame and all that follows. */
    private void limitHold() {
        long left = heldSinceNanos + config.messageTimeout().toNanos() - System.nanoTime();
        long limit = drain == null ? left : Math.min(left, drain.timeLeft().toNanos() / 2);
        held.limit(context().executor(), this::releaseHeld, limit);
    }

    private void releaseHeld() {
        held.release().forEach(promise -> {
            if (peerGone) {
                context().close(promise);
            } else {
                farewell().say(promise, this::sayClose);
            }
        });
    }

    private void sayClose() {
        if (gate.isClosed()) {
            context().flush(); // the application has written one, and may not have flushed it
        } else {
            context().writeAndFlush(closeFrame()).addListener(written -> {
                if (!written.isSuccess()) {
                    farewell().leave(); // the peer cannot answer what it does not get
                }
            });
        }
        if (inputEnded) {
            end(farewell());
        }
    }

    /** Our Close, or the echo of the peer's. */
    private CloseWebSocketFrame closeFrame() {
        Integer status = peerStatus;
        if (status == null) {
            return new CloseWebSocketFrame(config.status(), config.reason());
        }
        return status < 0 ? new CloseWebSocketFrame() : new CloseWebSocketFrame(status, ""); // < 0: the peer gave none
    }

    // ---- the end of input ------------------------------------------------------------------------------------------

    private void endInput() {
        inputEnded = true;
        if (farewell != null) {
            farewell.inputEnded();
        }
        releaseHeld();
    }

    /** Nothing more will be read. */
    private void end(FarewellExchange begun) {
        begun.soFar(reached);
        begun.done();
    }

    /**
     * Sees the peer's Close frame, and a violation that makes input unreadable, before Netty's protocol handler does, which answers
     * the one and closes on the other.
     */
    private final class PeerCloseWatch extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (!placeKnown) {
                placeKnown = true;
                checkPlace(message);
            }
            if (message instanceof WebSocketFrame) {
                begin();
            }
            if (message instanceof CloseWebSocketFrame close) {
                onClose(close.statusCode());
                ctx.fireChannelRead(message);
                afterInputEnd();
            } else {
                ctx.fireChannelRead(message);
            }
        }

        /** Nothing that follows will be read. Netty's protocol handler may answer next, and close. */
        private void onClose(int status) {
            peerStatus = status;
            if (!gate.isClosed()) {
                reached = FarewellReport.Outcome.SAID;
            } else if (gate.isAnswer(status)) {
                reached = FarewellReport.Outcome.ANSWERED;
            }
            inputEnded = true;
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            if (cause instanceof CorruptedWebSocketFrameException) {
                inputEnded = true; // the decoder takes nothing more: a Close of the peer will not be read
                ctx.fireExceptionCaught(cause);
                afterInputEnd();
            } else {
                ctx.fireExceptionCaught(cause);
            }
        }

        /** All others have heard of it, and may have called {@code close()}. */
        private void afterInputEnd() {
            releaseHeld();
            if (farewell != null && farewell.isBegun()) {
                end(farewell);
            }
        }
    }

    private FarewellExchange farewell() {
        return Objects.requireNonNull(farewell, "no WebSocket yet");
    }

    private ChannelHandlerContext context() {
        return Objects.requireNonNull(ctx, "not in a pipeline");
    }
}
