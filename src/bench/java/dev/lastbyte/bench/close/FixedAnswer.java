package dev.lastbyte.bench.close;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.CharsetUtil;
import io.netty.util.ReferenceCountUtil;

/**
 * Answers the first bytes of a connection with a ready-made HTTP response and closes: nothing but the connection itself costs
 * anything. Confined to the channel's event loop.
 */
final class FixedAnswer extends ChannelInboundHandlerAdapter {
    /** How long every answer's body is, whoever serves it. */
    static final int BODY_BYTES = 1024;

    private static final ByteBuf ANSWER = answer();

    private boolean answered;

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ReferenceCountUtil.release(message);
        if (!answered) {
            answered = true;
            ctx.writeAndFlush(ANSWER.duplicate()).addListener(ChannelFutureListener.CLOSE);
        }
    }

    /** What is served as a body. */
    static String body() {
        return "x".repeat(BODY_BYTES);
    }

    private static ByteBuf answer() {
        String text = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: " + BODY_BYTES
                + "\r\nconnection: close\r\n\r\n" + body();
        ByteBuf direct = Unpooled.directBuffer(text.length()).writeBytes(text.getBytes(CharsetUtil.US_ASCII));
        return Unpooled.unreleasableBuffer(direct.asReadOnly());
    }
}
