package dev.lastbyte;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;

/**
 * Cuts the application off from a connection that is being closed: input is counted and dropped, writes fail at once.
 * Stands right behind the {@link GracefulCloseHandler}, only while it closes. Confined to the channel's event loop.
 */
final class InboundDiscard extends ChannelDuplexHandler {
    private final CloseSequence sequence;
    private final @Nullable TlsWatch tls;

    InboundDiscard(CloseSequence sequence, @Nullable TlsWatch tls) {
        this.sequence = sequence;
        this.tls = tls;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        long bytes = 0;
        try {
            if (message instanceof ByteBuf buffer) {
                bytes = buffer.readableBytes();
                if (tls != null) {
                    tls.onDropped(buffer);
                }
            } else if (message instanceof ByteBufHolder holder) {
                bytes = holder.content().readableBytes();
            } else {
                PassedDescriptor.close(ctx.channel(), message);
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
        sequence.onRead(bytes);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        sequence.onReadComplete();
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        ReferenceCountUtil.release(message);
        promise.tryFailure(new ClosedForWritingException());
    }

    @Override
    public void flush(ChannelHandlerContext ctx) {
        // Everything that will be sent is behind the barrier already.
    }

    @Override
    public void read(ChannelHandlerContext ctx) {
        // The sequence alone decides when to read: the requests of the application and of autoRead end here.
    }
}
