package dev.lastbyte.websocket;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.util.ReferenceCountUtil;
import java.nio.channels.ClosedChannelException;

/**
 * Lets one Close frame out and nothing after it, whoever wrote it: the application, Netty's protocol handler, or the frame decoder
 * on a violation. Knows whether a message is being sent in fragments. It stands right behind the frame encoder, where all frames
 * pass. Confined to the channel's event loop.
 */
final class FrameGate extends ChannelOutboundHandlerAdapter {
    private final Runnable onMessageEnd;
    private boolean inMessage;
    private boolean closed;
    private boolean closeSent;
    private int status;

    /**
     * A gate that is open.
     *
     * @param onMessageEnd runs when the last fragment of a message, or a Close frame, has been written
     */
    FrameGate(Runnable onMessageEnd) {
        this.onMessageEnd = onMessageEnd;
    }

    /** Whether a message has begun, and its last fragment is still to come. */
    boolean isInMessage() {
        return inMessage && !closed;
    }

    /** Lets nothing more out: there is nobody left to read it. */
    void shut() {
        closed = true;
    }

    /** Whether a Close frame has been written, or the gate was shut. */
    boolean isClosed() {
        return closed;
    }

    /** Whether a Close of the peer with this status may be its answer: ours is in the kernel and had the same status. */
    boolean isAnswer(int peerStatus) {
        return closeSent && status == peerStatus;
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (closed) {
            ReferenceCountUtil.release(message);
            promise.tryFailure(new AfterCloseFrameException());
        } else if (message instanceof CloseWebSocketFrame close) {
            closed = true;
            status = close.statusCode();
            ChannelFuture written = ctx.write(message, promise.unvoid());
            written.addListener(f -> closeSent = f.isSuccess());
            onMessageEnd.run();
        } else {
            boolean wasInMessage = inMessage;
            if (message instanceof WebSocketFrame frame && isData(frame)) {
                inMessage = !frame.isFinalFragment();
            }
            ctx.write(message, promise);
            if (wasInMessage && !inMessage) {
                onMessageEnd.run();
            }
        }
    }

    private static boolean isData(WebSocketFrame frame) {
        return frame instanceof ContinuationWebSocketFrame
                || frame instanceof TextWebSocketFrame
                || frame instanceof BinaryWebSocketFrame;
    }

    /**
     * Fails a frame that was written after the Close frame: it has not been sent (RFC 6455, 5.5.1). Has no stack trace, as it may be
     * thrown often.
     */
    private static final class AfterCloseFrameException extends ClosedChannelException {
        private static final long serialVersionUID = 1;

        @Override
        public String getMessage() {
            return "a Close frame was written to this WebSocket before, or its peer has left; nothing is sent after that";
        }

        @Override
        public Throwable fillInStackTrace() {
            return this;
        }
    }
}
