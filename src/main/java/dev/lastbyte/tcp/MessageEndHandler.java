package dev.lastbyte.tcp;

import dev.lastbyte.internal.Loggers;
import dev.lastbyte.internal.WriteBarrier;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Tells {@link SegmentPolicy#CORK} where messages end. Everything that is written here, up to and including an object that the
 * given test accepts, is one message. The handler stands where messages pass as objects: in front of what writes them and behind
 * the encoder.
 *
 * <pre>{@code
 * SegmentPolicy.CORK.applyTo(channel);
 * pipeline.addLast(new HttpServerCodec());
 * pipeline.addLast(new MessageEndHandler(message -> message instanceof LastHttpContent));
 * pipeline.addLast(new ChunkedWriteHandler(), new MyHandler());
 * }</pre>
 *
 * <p>If its channel does not have the policy, it does nothing. One instance serves one channel. Confined to the channel's event loop.
 */
public final class MessageEndHandler extends ChannelOutboundHandlerAdapter {
    private static final Logger LOG = Loggers.of(MessageEndHandler.class);

    private final Predicate<Object> isEnd;
    private boolean warned;

    /**
     * A handler with the given test for the end of a message.
     *
     * @param isEnd accepts the last object of a message; it is called for every object that is written, and must not block. If it
     *     throws, the object ends its message, and the first such exception of a channel is logged
     * @throws NullPointerException if {@code isEnd} is null
     */
    public MessageEndHandler(Predicate<Object> isEnd) {
        this.isEnd = Objects.requireNonNull(isEnd, "isEnd");
    }

    /** {@inheritDoc} */
    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (message instanceof WriteBarrier) { // part of no message
            ctx.write(message, promise);
            return;
        }
        boolean ends = ends(ctx, message);
        if (!ends) {
            SegmentPolicy.messageStarted(ctx.channel());
        }
        ctx.write(message, promise);
        if (ends) {
            SegmentPolicy.messageEnded(ctx.channel());
        }
    }

    private boolean ends(ChannelHandlerContext ctx, @Nullable Object message) {
        try {
            return isEnd.test(message);
        } catch (RuntimeException e) {
            if (!warned) {
                warned = true;
                LOG.warn("{} the test for the end of a message failed; taking it for the end", ctx.channel(), e);
            }
            return true;
        }
    }
}
