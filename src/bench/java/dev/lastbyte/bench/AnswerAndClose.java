package dev.lastbyte.bench;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;

/** A server that answers the first bytes of an upload and closes: the close sequence discards the rest. Confined to the event loop. */
final class AnswerAndClose extends ChannelInboundHandlerAdapter {
    private final DiscardMeter meter;

    AnswerAndClose(DiscardMeter meter) {
        this.meter = meter;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ReferenceCountUtil.release(message);
        meter.begin();
        ctx.write(Unpooled.wrappedBuffer(new byte[] {'n', 'o', '\n'}));
        ctx.close();
    }

    /** Stands nearest the transport and counts the reads; one call for each is all it costs. */
    ChannelHandler counter() {
        return new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                meter.read();
                ctx.fireChannelRead(message);
            }
        };
    }
}
