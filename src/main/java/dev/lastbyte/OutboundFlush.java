package dev.lastbyte;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.FileRegion;

/**
 * Hands everything written to the kernel and tells when it is there. {@code flush()} only starts that; the promise of an
 * empty write behind everything queued, the barrier, ends it. Confined to the channel's event loop.
 */
final class OutboundFlush {
    private final ChannelHandlerContext ctx;
    private long pending = -1;
    private long currentProgress;

    OutboundFlush(ChannelHandlerContext ctx) {
        this.ctx = ctx;
    }

    /** Flushes, unflushed writes included, and returns the barrier. */
    ChannelFuture start() {
        ChannelFuture barrier = ctx.writeAndFlush(Unpooled.EMPTY_BUFFER);
        if (!barrier.isDone()) {
            progressed();
        }
        return barrier;
    }

    /** Whether bytes have left Netty's buffer since the last call; false where the channel does not tell. */
    boolean progressed() {
        ChannelOutboundBuffer buffer = ctx.channel().unsafe().outboundBuffer();
        if (buffer == null) {
            return false;
        }
        // A message counts in full until it has left; until then its own progress tells.
        boolean changed = buffer.totalPendingWriteBytes() != pending || buffer.currentProgress() != currentProgress;
        pending = buffer.totalPendingWriteBytes();
        currentProgress = buffer.currentProgress();
        return changed;
    }

    /** Whether the channel tells how its output gets on. */
    boolean canTell() {
        return ctx.channel().unsafe().outboundBuffer() != null;
    }

    /** Bytes that have not reached the kernel: counted now, or the last known figure once Netty has dropped its queue. */
    long unsentBytes() {
        ChannelOutboundBuffer buffer = ctx.channel().unsafe().outboundBuffer();
        if (buffer == null) {
            return Math.max(0, pending);
        }
        long[] bytes = new long[1];
        try {
            buffer.forEachFlushedMessage(message -> {
                bytes[0] += size(message);
                return true;
            });
        } catch (Exception e) {
            return Math.max(0, pending);
        }
        return bytes[0];
    }

    /** Whether the channel holds output that has not reached the kernel. */
    static boolean isPending(ChannelHandlerContext ctx) {
        ChannelOutboundBuffer buffer = ctx.channel().unsafe().outboundBuffer();
        return buffer != null && buffer.totalPendingWriteBytes() > 0;
    }

    private static long size(Object message) {
        if (message instanceof ByteBuf bytes) {
            return bytes.readableBytes();
        }
        if (message instanceof FileRegion region) {
            return region.count() - region.transferred();
        }
        return message instanceof ByteBufHolder holder ? holder.content().readableBytes() : 0;
    }
}
