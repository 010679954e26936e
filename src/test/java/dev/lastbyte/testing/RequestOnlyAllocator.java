package dev.lastbyte.testing;

import io.netty.channel.ChannelConfig;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;

/** Reads the request alone in the first read, so that what stands behind it stays unread. Thread-safe. */
public final class RequestOnlyAllocator extends DefaultMaxMessagesRecvByteBufAllocator {
    @Override
    @SuppressWarnings("deprecation")
    public Handle newHandle() {
        return new RequestFirst();
    }

    private final class RequestFirst extends MaxMessageHandle {
        private boolean requestRead;
        private boolean readingRequest;

        @Override
        public int guess() {
            return requestRead ? 64 * 1024 : PeerRun.REQUEST;
        }

        @Override
        public void reset(ChannelConfig config) {
            readingRequest = !requestRead;
            super.reset(config);
        }

        @Override
        public void lastBytesRead(int bytes) {
            requestRead |= bytes > 0;
            super.lastBytesRead(bytes);
        }

        @Override
        public boolean continueReading() {
            return !readingRequest && super.continueReading();
        }

        @Override
        public boolean continueReading(UncheckedBooleanSupplier maybeMore) {
            return !readingRequest && super.continueReading(maybeMore);
        }
    }
}
