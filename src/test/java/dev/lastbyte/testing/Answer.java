package dev.lastbyte.testing;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.util.AttributeKey;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.function.Consumer;

/** An application that acts once, on the first thing that a connection sends it. Confined to the event loop. */
public final class Answer extends ChannelInboundHandlerAdapter {
    /** The number that the peer gave itself in its request. */
    public static final AttributeKey<Integer> PEER_ID = AttributeKey.valueOf(Answer.class, "id");

    private static final int CHUNK = 64 * 1024;

    private final Consumer<ChannelHandlerContext> action;
    private boolean done;

    public Answer(Consumer<ChannelHandlerContext> action) {
        this.action = action;
    }

    /** Stops reading, answers with so many bytes and closes, without waiting for any write. */
    public static Answer thenClose(long length) {
        return new Answer(ctx -> {
            ctx.channel().config().setAutoRead(false);
            write(ctx, length);
            ctx.flush();
            ctx.channel().close();
        });
    }

    /** Writes an answer in pieces, without flushing. */
    public static void write(ChannelHandlerContext ctx, long length) {
        for (long offset = 0; offset < length; offset += CHUNK) {
            ctx.write(BytePattern.slice(ctx.alloc(), offset, (int) Math.min(CHUNK, length - offset)));
        }
    }

    /** Sends single bytes, each when the kernel has the one before, as send(2) in a loop does it. */
    public static ChannelFuture sendEach(Channel channel, int count) {
        ChannelFuture sent = channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[1]));
        if (count == 1) {
            return sent;
        }
        ChannelPromise last = channel.newPromise();
        sent.addListener(f -> sendEach(channel, count - 1).addListener(g -> last.setSuccess()));
        return last;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        boolean first = !done;
        done = true;
        if (first && message instanceof ByteBuf && ((ByteBuf) message).readableBytes() >= Integer.BYTES) {
            ctx.channel().attr(PEER_ID).set(((ByteBuf) message).getInt(((ByteBuf) message).readerIndex()));
        }
        ReferenceCountUtil.release(message);
        if (first) {
            action.accept(ctx);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!(cause instanceof IOException)) {
            ctx.fireExceptionCaught(cause);
        }
    }
}
