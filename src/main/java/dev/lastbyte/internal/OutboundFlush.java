package dev.lastbyte.internal;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.FileRegion;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Hands everything written to the kernel and tells when it is there. {@code flush()} only starts that; the promise of an
 * empty write behind everything queued, the barrier, ends it. Confined to the channel's event loop.
 */
public final class OutboundFlush {
    private static final long POLL_MILLIS = 5;

    private final ChannelHandlerContext ctx;
    private long pending = -1;
    private long currentProgress;

    public OutboundFlush(ChannelHandlerContext ctx) {
        this.ctx = ctx;
    }

    /** Flushes, unflushed writes included, and returns the barrier. */
    public ChannelFuture start() {
        progressed();
        ChannelFuture barrier;
        if (buffer(ctx) == null) {
            ctx.flush();
            ChannelPromise drained = ctx.newPromise();
            awaitDrained(drained);
            barrier = drained;
        } else {
            barrier = ctx.writeAndFlush(Unpooled.EMPTY_BUFFER);
        }
        return barrier;
    }

    /** Whether everything but the barrier itself is in the kernel. */
    public boolean isOnlyBarrierLeft() {
        ChannelOutboundBuffer buffer = buffer(ctx);
        if (buffer == null) {
            return false;
        }
        buffer.addFlush();
        Object last = buffer.current();
        return buffer.size() <= 1 && (last == null || (last instanceof ByteBuf bytes && !bytes.isReadable()));
    }

    /** Whether something was written behind the barrier, which is done. */
    public boolean hasMore() {
        ChannelOutboundBuffer buffer = buffer(ctx);
        if (buffer == null) {
            return false;
        }
        buffer.addFlush();
        return !buffer.isEmpty(); // not the byte count: what is completing now still counts there
    }

    /** A channel without a buffer of its own (an HTTP/2 stream) takes no empty write, but tells its watermarks. */
    private void awaitDrained(ChannelPromise drained) {
        if (!ctx.channel().isOpen() || pendingBytes(ctx) == 0) {
            drained.trySuccess();
        } else {
            ctx.executor().schedule(() -> awaitDrained(drained), POLL_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /** Whether bytes have left Netty's buffer since the last call. */
    public boolean progressed() {
        ChannelOutboundBuffer buffer = buffer(ctx);
        // A message counts in full until it has left; until then its own progress tells.
        long progress = buffer == null ? 0 : buffer.currentProgress();
        long now = pendingBytes(ctx);
        boolean changed = now != pending || progress != currentProgress;
        pending = now;
        currentProgress = progress;
        return changed;
    }

    /** Bytes that have not reached the kernel, or had not when the channel was closed. */
    public long unsentBytes() {
        ChannelOutboundBuffer buffer = buffer(ctx);
        if (buffer != null) {
            return UnsentOutput.count(buffer);
        }
        return ctx.channel().isOpen()
                ? pendingBytes(ctx)
                : UnsentOutput.of(ctx.channel()).orElse(0);
    }

    /** Whether the channel holds output that has not reached the kernel. */
    public static boolean isPending(ChannelHandlerContext ctx) {
        return pendingBytes(ctx) > 0;
    }

    /** How many bytes those are. */
    public static long pendingBytes(ChannelHandlerContext ctx) {
        return pendingBytes(ctx.channel());
    }

    /** The same; each message counts with what Netty keeps about it, as for the write watermarks. */
    public static long pendingBytes(Channel channel) {
        ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
        if (buffer != null) {
            return buffer.totalPendingWriteBytes();
        }
        if (!channel.isOpen()) {
            return 0;
        }
        long room = channel.bytesBeforeUnwritable();
        if (room > 0) {
            return Math.max(0, channel.config().getWriteBufferHighWaterMark() - room);
        }
        long over = channel.bytesBeforeWritable();
        return over == Long.MAX_VALUE // the output has been shut down, and its queue is gone
                ? 0
                : channel.config().getWriteBufferLowWaterMark() + over;
    }

    private static @Nullable ChannelOutboundBuffer buffer(ChannelHandlerContext ctx) {
        return ctx.channel().unsafe().outboundBuffer();
    }

    /** The payload of a message; 0 where it is of a kind that no transport sends. */
    public static long size(Object message) {
        if (message instanceof ByteBuf bytes) {
            return bytes.readableBytes();
        }
        if (message instanceof FileRegion region) {
            return region.count() - region.transferred();
        }
        return message instanceof ByteBufHolder holder ? holder.content().readableBytes() : 0;
    }
}
