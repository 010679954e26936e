package dev.lastbyte;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Tells {@link SegmentPolicy#CORK} where messages end: everything that is written here up to, and with, an object that the
 * given test accepts is one message. It stands where messages pass as objects, in front of what writes them and behind the
 * encoder:
 *
 * <pre>{@code
 * SegmentPolicy.CORK.applyTo(channel);
 * pipeline.addLast(new HttpServerCodec());
 * pipeline.addLast(new MessageEndHandler(message -> message instanceof LastHttpContent));
 * pipeline.addLast(new ChunkedWriteHandler(), new MyHandler());
 * }</pre>
 *
 * <p>Without the policy on its channel it does nothing. One instance serves one channel. Confined to the channel's event loop.
 */
public final class MessageEndHandler extends ChannelOutboundHandlerAdapter {
    private final Predicate<Object> isEnd;
    private boolean warned;

    /**
     * A handler that knows the end of a message.
     *
     * @param isEnd accepts the last object of a message; called for every object that is written, must not block. If it
     *     throws, the object ends its message, and the first such exception of a channel is logged
     * @throws NullPointerException if {@code isEnd} is null
     */
    public MessageEndHandler(Predicate<Object> isEnd) {
        this.isEnd = Objects.requireNonNull(isEnd, "isEnd");
    }

    /** {@inheritDoc} */
    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (message == Unpooled.EMPTY_BUFFER) { // a barrier, as SendQueue writes it: part of no message
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
                CloseLog.LOG.warn(
                        "{} the test for the end of a message failed; taking it for the end", ctx.channel(), e);
            }
            return true;
        }
    }
}
