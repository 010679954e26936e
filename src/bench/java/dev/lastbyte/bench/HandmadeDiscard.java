package dev.lastbyte.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;

/**
 * The same without the library and without any limit: half-closes after the answer and drops input until EOF. What it takes is
 * Netty's own part. Confined to the event loop.
 */
final class HandmadeDiscard extends ChannelInboundHandlerAdapter {
    private final DiscardMeter meter;
    private boolean answered;
    private long bytes;

    HandmadeDiscard(DiscardMeter meter) {
        this.meter = meter;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf buffer = (ByteBuf) message;
        long size = buffer.readableBytes();
        buffer.release();
        if (answered) {
            dropped(size);
            return;
        }
        answered = true;
        meter.begin();
        ctx.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {'n', 'o', '\n'}))
                .addListener(f -> ((DuplexChannel) ctx.channel()).shutdownOutput());
    }

    /** Something that another handler has taken from the socket by a call of its own. */
    void dropped(long size) {
        bytes += size;
        meter.read();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        meter.end(bytes);
    }
}
