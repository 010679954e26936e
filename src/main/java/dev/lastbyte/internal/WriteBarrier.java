package dev.lastbyte.internal;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import org.jspecify.annotations.Nullable;

/**
 * A message without content that is written behind all others, to learn when they have left. It is no buffer, so encoders pass it on,
 * as they do with all that is not theirs, and no frame of it reaches the peer. What holds writes back in their order, as chunked
 * writers and traffic shapers do, holds it back too. It becomes an empty buffer where only bytes are taken: in front of TLS, which
 * holds writes back until its handshake is done, and nearest the transport. Immutable.
 */
public final class WriteBarrier {
    private static final WriteBarrier INSTANCE = new WriteBarrier();
    private static final String NAME = WriteBarrier.class.getName();
    private static final String TLS_NAME = NAME + "#tls";

    private WriteBarrier() {}

    /**
     * Writes the barrier from the end of the pipeline, and flushes.
     *
     * @param last the handler behind which it becomes bytes, or null if that is nearest the transport
     */
    public static ChannelFuture writeAndFlush(Channel channel, @Nullable ChannelHandlerContext last) {
        ChannelPipeline pipeline = channel.pipeline();
        if (pipeline.context(NAME) == null) {
            if (last == null) {
                pipeline.addFirst(NAME, new End());
            } else {
                pipeline.addAfter(last.name(), NAME, new End());
            }
        }
        ChannelHandlerContext tls = OptionalHandlers.innermostTls(pipeline);
        if (tls != null && pipeline.context(TLS_NAME) == null) {
            pipeline.addAfter(tls.name(), TLS_NAME, new End());
        }
        return channel.writeAndFlush(INSTANCE);
    }

    @Override
    public String toString() {
        return "WriteBarrier";
    }

    /** Makes an empty buffer of the barrier. Stateless. */
    private static final class End extends ChannelOutboundHandlerAdapter {
        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            ctx.write(message == INSTANCE ? Unpooled.EMPTY_BUFFER : message, promise);
        }
    }
}
