package dev.lastbyte;

import io.netty.channel.ChannelHandlerContext;
import org.jspecify.annotations.Nullable;

/**
 * What one close looks at while it waits: output, acknowledgements, input and limits, brought together into "over, because
 * …" and "look again at …". Confined to the channel's event loop.
 */
final class CloseWatch {
    private final OutboundFlush flush;
    private final DeliveryWatch delivery;
    private final DiscardPump pump;
    private final DiscardLimits limits;

    CloseWatch(ChannelHandlerContext ctx, GracefulCloseConfig config, SystemView system, long now) {
        flush = new OutboundFlush(ctx);
        delivery = new DeliveryWatch(ctx.channel(), system);
        pump = new DiscardPump(ctx, config, now);
        limits = new DiscardLimits(config, now);
    }

    OutboundFlush flush() {
        return flush;
    }

    DeliveryWatch delivery() {
        return delivery;
    }

    DiscardPump pump() {
        return pump;
    }

    DiscardLimits limits() {
        return limits;
    }

    /** Asks the kernel how far the peer's acknowledgements have come. */
    void look(long now) {
        delivery.poll();
        limits.rtt(delivery.rttNanos());
        if (delivery.progressed()) {
            limits.outbound(now);
        }
        if (delivery.isDelivered()) {
            limits.delivered(now);
        }
    }

    /** Why the flush is over with bytes left, or null while it may go on. */
    @Nullable
    CloseCause flushEnd(long now) {
        pump.resumeIfDue(now);
        look(now);
        if (flush.progressed()) {
            limits.outbound(now);
        }
        return limits.flushEnd(now);
    }

    /** When the flush is to be looked at again. */
    long nextFlushCheck(long now) {
        long next = limits.nextFlushCheck(now);
        return pump.isPaused() && pump.resumeNanos() - next < 0 ? pump.resumeNanos() : next;
    }

    /** Why the wait after the last byte is over, or null while it goes on. */
    @Nullable
    CloseCause waitEnd(long now) {
        pump.resumeIfDue(now);
        if (delivery.isLost()) {
            return CloseCause.RESET;
        }
        return limits.waitEnd(now, pump, delivery.canTell());
    }

    /** When the wait is to be looked at again. */
    long nextWaitCheck(long now) {
        return limits.nextWaitCheck(now, pump, delivery.canTell());
    }
}
