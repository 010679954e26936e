package dev.lastbyte.websocket;

import dev.lastbyte.DrainEvent;
import dev.lastbyte.FarewellExchange;
import dev.lastbyte.GracefulCloseHandler;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrameEncoder;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Says farewell on a server's WebSocket: {@code close()} writes a Close frame with a status and a reason, waits within a limit
 * for the peer's, and goes on to the {@link GracefulCloseHandler}. It belongs behind Netty's codec and in front of the handlers
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
 * With a bare {@code WebSocketServerHandshaker} it stands behind the HTTP codec, from the start or from the end of the
 * handshake on. Before the handshake, and in any other place, it passes {@code close()} on and does nothing.
 *
 * <p>Exactly one Close frame is sent, whoever writes it first: this handler, the application, {@code
 * WebSocketServerProtocolHandler} (whose own status for {@code close()} comes too late here, and need not be switched off), or
 * the frame decoder at a violation. What is written behind it, pongs included, fails with a {@code ClosedChannelException}
 * and is not sent. While a message is being sent in fragments the Close frame waits for the last one, within {@link
 * WebSocketFarewellConfig#messageTimeout()}. While the peer's Close is awaited, what it sends still reaches the application.
 *
 * <p>The {@link dev.lastbyte.CloseReport} says ANSWERED if the peer's Close came behind ours and carries its status, as RFC 6455
 * (5.5.1) expects of an answer; UNANSWERED if it had another one, because it may have crossed ours, or did not come; SAID if the
 * peer's Close was first and has been answered. A peer that closes by itself in the same moment, with the same status, cannot be
 * told from one that answers.
 *
 * <p>From the handshake on the connection is {@linkplain GracefulCloseHandler#longLived long-lived}: a drain closes it within
 * {@link dev.lastbyte.DrainPolicy#longLivedPeriod()}.
 *
 * <p>One instance serves one channel. Confined to the channel's event loop.
 */
public final class WebSocketFarewellHandler extends ChannelDuplexHandler {
    private static final int NONE = -2;

    private final WebSocketFarewellConfig config;
    private final FrameGate gate = new FrameGate(this::releaseHeld);
    private final PeerCloseWatch watch = new PeerCloseWatch(this);
    private @Nullable ChannelHandlerContext ctx;
    private @Nullable HeldCloses held;
    private @Nullable FarewellExchange
            farewell; // from the handshake on: an HTTP handler in front has its own until then
    private @Nullable DrainEvent drain;
    private int peerStatus = NONE;
    private boolean peerWasFirst;
    private boolean answered;
    private boolean inputEnded;

    /** A handler with {@link WebSocketFarewellConfig#defaults()}: 1001, going away. */
    public WebSocketFarewellHandler() {
        this(WebSocketFarewellConfig.defaults());
    }

    /**
     * A handler that says what it is told to.
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
     * @throws IllegalStateException if it was added with an executor of its own
     */
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (ctx.executor() != ctx.channel().eventLoop()) {
            throw new IllegalStateException("WebSocketFarewellHandler was added to " + ctx.channel()
                    + " with an executor of its own: add it without one, it must run on the channel's event loop");
        }
        this.ctx = ctx;
        held = new HeldCloses(ctx.executor(), config.messageTimeout().toNanos(), this::goOn);
        ChannelHandlerContext codec = ctx.pipeline().context(WebSocketServerProtocolHandler.class);
        ctx.pipeline().addBefore(codec == null ? ctx.name() : codec.name(), null, watch);
        begin();
        DrainEvent.heardBy(ctx.channel()).ifPresent(this::drain);
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
        FarewellExchange words = begin();
        if (words == null) {
            ctx.close(promise);
        } else if (gate.isInMessage()
                && !words.isBegun()
                && !inputEnded
                && ctx.channel().isActive()) {
            held().add(promise);
        } else {
            words.say(promise, this::sayClose);
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
        } else if (event == ChannelInputShutdownEvent.INSTANCE || event == ChannelInputShutdownReadComplete.INSTANCE) {
            endInput();
        } else if (event instanceof DrainEvent draining) {
            drain(draining);
        }
        ctx.fireUserEventTriggered(event);
    }

    /** {@inheritDoc} */
    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        endInput();
        ctx.fireChannelInactive();
    }

    // ---- what the parts in front tell ------------------------------------------------------------------------------

    void onFrame() {
        begin();
    }

    /** The peer's Close is read; nothing that follows will be. Netty's protocol handler may answer it next, and close. */
    void onPeerClose(int status) {
        peerStatus = status;
        peerWasFirst = !gate.isClosed();
        answered = gate.isAnswer(status);
        inputEnded = true;
    }

    /** The decoder takes nothing more: a Close of the peer will not be read. */
    void onCorruptInput() {
        inputEnded = true;
    }

    /** Everybody else knows of it, and may have called {@code close()}. */
    void afterInputEnd() {
        releaseHeld();
        FarewellExchange words = farewell;
        if (words != null && words.isBegun()) {
            end(words);
        }
    }

    // ---- inside ----------------------------------------------------------------------------------------------------

    /** The farewell, from the moment on in which there is a WebSocket; null before. */
    private @Nullable FarewellExchange begin() {
        ChannelHandlerContext context = ctx;
        if (farewell != null || context == null) {
            return farewell;
        }
        ChannelHandlerContext encoder = context.pipeline().context(WebSocketFrameEncoder.class);
        if (encoder == null || !isInFront(encoder, context)) {
            return null;
        }
        context.pipeline().addAfter(encoder.name(), null, gate);
        FarewellExchange begun = FarewellExchange.on(context, "websocket", config.answerTimeout());
        farewell = begun;
        if (drain != null) {
            begun.drain(drain);
        }
        GracefulCloseHandler.longLived(context.channel());
        closeIfDraining(context);
        return begun;
    }

    private static boolean isInFront(ChannelHandlerContext one, ChannelHandlerContext other) {
        List<String> names = one.pipeline().names();
        return names.indexOf(one.name()) < names.indexOf(other.name());
    }

    private void drain(DrainEvent event) {
        drain = event;
        FarewellExchange words = farewell;
        if (words == null) {
            begin(); // takes the drain along
        } else {
            words.drain(event);
            closeIfDraining(context());
        }
        held().drain(event);
    }

    /** In a task of its own: the others hear of the drain, or send the end of the handshake, before. */
    private void closeIfDraining(ChannelHandlerContext ctx) {
        if (drain != null && config.isFarewellAtDrain()) {
            ctx.executor().execute(() -> ctx.channel().close());
        }
    }

    private void sayClose() {
        FarewellExchange words = farewell();
        if (gate.isClosed()) {
            context().flush(); // the application has written one, and may not have flushed it
        } else {
            context().writeAndFlush(closeFrame()).addListener(written -> {
                if (!written.isSuccess()) {
                    words.leave(); // the peer cannot answer what it does not get
                }
            });
        }
        if (inputEnded) {
            end(words);
        }
    }

    /** Ours, or the echo of the peer's. */
    private CloseWebSocketFrame closeFrame() {
        if (peerStatus == NONE) {
            return new CloseWebSocketFrame(config.status(), config.reason());
        }
        return peerStatus < 0 ? new CloseWebSocketFrame() : new CloseWebSocketFrame(peerStatus, "");
    }

    /** What the farewell came to when nothing more will be read. */
    private void end(FarewellExchange words) {
        if (answered) {
            words.answered();
        } else if (peerWasFirst) {
            words.said();
        } else {
            words.inputEnded();
        }
    }

    private void endInput() {
        inputEnded = true;
        if (farewell != null) {
            farewell.inputEnded();
        }
        releaseHeld();
    }

    private void releaseHeld() {
        if (held != null) {
            held.release();
        }
    }

    /** A close that was held back. */
    private void goOn(ChannelPromise promise) {
        farewell().say(promise, this::sayClose);
    }

    private FarewellExchange farewell() {
        return Objects.requireNonNull(farewell, "no WebSocket yet");
    }

    private HeldCloses held() {
        return Objects.requireNonNull(held, "not in a pipeline");
    }

    private ChannelHandlerContext context() {
        return Objects.requireNonNull(ctx, "not in a pipeline");
    }
}
