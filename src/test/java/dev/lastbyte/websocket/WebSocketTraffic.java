package dev.lastbyte.websocket;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import java.util.concurrent.TimeUnit;

/**
 * An application that sends numbered messages, some in fragments, from the handshake until it cannot any more, and counts
 * those that it receives. Confined to the channel's event loop, but for the counts.
 */
final class WebSocketTraffic extends SimpleChannelInboundHandler<WebSocketFrame> {
    private static final long PACE_MICROS = 500;
    private static final int FRAGMENTS = 3;

    private volatile long sent;
    private volatile long received;
    private volatile boolean inOrder = true;
    private long next;
    private int fragment;

    /** The text of the server's message with this number; clients make it up again. */
    static String message(long number) {
        return ("m" + number + ":").concat("x".repeat((int) (number * 97 % 3000)));
    }

    /** Messages that were written as a whole. */
    long sent() {
        return sent;
    }

    /** Messages of the peer that came as a whole. */
    long received() {
        return received;
    }

    /** Whether the peer's messages came in their order. */
    boolean isInOrder() {
        return inOrder;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof WebSocketServerProtocolHandler.HandshakeComplete) {
            send(ctx);
        }
        ctx.fireUserEventTriggered(event);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame frame) {
        if (frame instanceof TextWebSocketFrame text) {
            inOrder &= text.text().equals("c" + received);
            received++;
        }
    }

    private void send(ChannelHandlerContext ctx) {
        String message = message(next);
        int length = message.length();
        boolean whole = next % 2 == 0;
        String part =
                whole ? message : message.substring(length * fragment / FRAGMENTS, length * (fragment + 1) / FRAGMENTS);
        boolean last = whole || fragment == FRAGMENTS - 1;
        WebSocketFrame frame =
                fragment == 0 ? new TextWebSocketFrame(last, 0, part) : new ContinuationWebSocketFrame(last, 0, part);
        fragment = last ? 0 : fragment + 1;
        next += last ? 1 : 0;
        ctx.writeAndFlush(frame).addListener(written -> {
            if (written.isSuccess()) {
                sent += last ? 1 : 0;
                ctx.executor().schedule(() -> send(ctx), PACE_MICROS, TimeUnit.MICROSECONDS);
            }
        });
    }
}
