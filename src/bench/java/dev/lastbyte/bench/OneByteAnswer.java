package dev.lastbyte.bench;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;

/** Answers whatever comes with one byte: each connection has been read from and written to before anything is measured. Stateless. */
@ChannelHandler.Sharable
final class OneByteAnswer extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ReferenceCountUtil.release(message);
        ctx.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {'!'}));
    }
}
