package dev.lastbyte.demo.lab.server;

import dev.lastbyte.demo.lab.peer.Request;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelOption;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;

/**
 * Makes the first reads of a channel take the request and not a byte more, so that a body behind it stays unread in the
 * kernel; later reads are Netty's usual ones. With a fixed small buffer the discarding of an upload would be measured with
 * 100-byte reads. Thread-safe.
 */
@SuppressWarnings("deprecation") // how Netty spells this differs between versions, the way in is the same in all
final class RequestOnlyAllocator implements RecvByteBufAllocator {
    private final AdaptiveRecvByteBufAllocator usual = new AdaptiveRecvByteBufAllocator();

    static void use(ServerBootstrap bootstrap) {
        bootstrap.childOption(ChannelOption.RCVBUF_ALLOCATOR, new RequestOnlyAllocator());
    }

    @Override
    public Handle newHandle() {
        return new RequestFirst(usual.newHandle());
    }

    /** Counts the request's bytes. Confined to the channel's event loop. */
    private static final class RequestFirst implements ExtendedHandle {
        private final ExtendedHandle usual;
        private int missing = Request.LENGTH;
        private boolean readsRequest;

        RequestFirst(Handle usual) {
            this.usual = (ExtendedHandle) usual;
        }

        @Override
        public ByteBuf allocate(ByteBufAllocator alloc) {
            return missing > 0 ? alloc.ioBuffer(missing, missing) : usual.allocate(alloc);
        }

        @Override
        public int guess() {
            return missing > 0 ? missing : usual.guess();
        }

        @Override
        public void reset(ChannelConfig config) {
            readsRequest = missing > 0;
            usual.reset(config);
        }

        @Override
        public void incMessagesRead(int count) {
            usual.incMessagesRead(count);
        }

        @Override
        public void lastBytesRead(int bytes) {
            missing -= Math.max(0, Math.min(bytes, missing));
            usual.lastBytesRead(bytes);
        }

        @Override
        public int lastBytesRead() {
            return usual.lastBytesRead();
        }

        @Override
        public void attemptedBytesRead(int bytes) {
            usual.attemptedBytesRead(bytes);
        }

        @Override
        public int attemptedBytesRead() {
            return usual.attemptedBytesRead();
        }

        @Override
        public boolean continueReading() {
            return !readsRequest && usual.continueReading();
        }

        @Override
        public boolean continueReading(UncheckedBooleanSupplier maybeMoreData) {
            return !readsRequest && usual.continueReading(maybeMoreData);
        }

        @Override
        public void readComplete() {
            usual.readComplete();
        }
    }
}
