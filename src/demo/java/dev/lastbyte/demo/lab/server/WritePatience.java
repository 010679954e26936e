package dev.lastbyte.demo.lab.server;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Closes a channel whose pending output has not shrunk for {@link LabLimits#FLUSH_TIMEOUT}, as a write timeout does: gives
 * the plain server the same patience as the library. Confined to the channel's event loop.
 */
final class WritePatience implements Runnable {
    private static final long LOOK_MILLIS = 100;

    private final Channel channel;
    private long pendingBytes = Long.MAX_VALUE;
    private long progressNanos = System.nanoTime();

    private WritePatience(Channel channel) {
        this.channel = channel;
    }

    static void watch(Channel channel) {
        ScheduledFuture<?> look = channel.eventLoop()
                .scheduleWithFixedDelay(new WritePatience(channel), LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
        channel.closeFuture().addListener(closed -> look.cancel(false));
    }

    @Override
    public void run() {
        ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
        long pendingNow = buffer == null ? 0 : buffer.totalPendingWriteBytes();
        if (pendingNow < pendingBytes) {
            pendingBytes = pendingNow;
            progressNanos = System.nanoTime();
        } else if (System.nanoTime() - progressNanos > LabLimits.FLUSH_TIMEOUT.toNanos()) {
            channel.close();
        }
    }
}
