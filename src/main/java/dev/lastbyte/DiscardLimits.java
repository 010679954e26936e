package dev.lastbyte;

import org.jspecify.annotations.Nullable;

/**
 * Decides when the waits of one close are over, and when to look again: the limits as plain arithmetic on time stamps.
 * Confined to the channel's event loop.
 */
final class DiscardLimits {
    private static final long MIN_POLL_NANOS = 5_000_000;
    private static final long MAX_POLL_NANOS = 500_000_000;

    /** Where an acknowledgement only begins the quiet period, it may be learnt of that part of the period later. */
    private static final int QUIET_PARTS = 8;

    private final GracefulCloseConfig config;
    private final boolean earlyEnd;
    private long deadlineNanos;
    private CloseCause deadlineCause = CloseCause.DEADLINE;
    private long sinceNanos;
    private long lastInboundNanos;
    private long lastProgressNanos;
    private boolean delivered;
    private long deliveredNanos;
    private long rttNanos;
    private final long minPollNanos;
    private long pollNanos;

    DiscardLimits(GracefulCloseConfig config, long startNanos) {
        this.config = config;
        earlyEnd = config.strategy().discards() && config.strategy().awaitsDelivery();
        deadlineNanos = startNanos + config.closeTimeoutNanos();
        minPollNanos = earlyEnd ? Math.max(MIN_POLL_NANOS, config.quietPeriodNanos() / QUIET_PARTS) : MIN_POLL_NANOS;
        pollNanos = minPollNanos;
        begin(startNanos);
    }

    /** Starts the clocks of a wait. */
    void begin(long now) {
        sinceNanos = now;
        lastInboundNanos = now;
        lastProgressNanos = now;
    }

    /** A byte came from the peer. */
    void inbound(long now) {
        lastInboundNanos = now;
        lastProgressNanos = now;
    }

    /** A byte left, or was acknowledged. */
    void outbound(long now) {
        lastProgressNanos = now;
        pollNanos = minPollNanos;
    }

    /** The peer's TCP has everything. */
    void delivered(long now) {
        if (!delivered) {
            delivered = true;
            deliveredNanos = now;
            lastProgressNanos = now;
        }
    }

    void rtt(long nanos) {
        rttNanos = nanos;
    }

    /** A drain wants it to be over earlier; returns whether that is earlier. */
    boolean drainDeadline(long nanos) {
        boolean earlier = nanos - deadlineNanos < 0;
        if (earlier) {
            deadlineNanos = nanos;
            deadlineCause = CloseCause.DRAIN_DEADLINE;
        }
        return earlier;
    }

    boolean isDeadline(long now) {
        return now - deadlineNanos >= 0;
    }

    /** Why the flush is over although bytes are left, or null while it may go on. */
    @Nullable
    CloseCause flushEnd(long now) {
        if (isDeadline(now)) {
            return deadlineCause;
        }
        return now - lastProgressNanos >= config.flushTimeoutNanos() ? CloseCause.FLUSH_STALLED : null;
    }

    /** When to look at the flush again. */
    long nextFlushCheck(long now) {
        long step = Math.min(Math.max(config.flushTimeoutNanos() / 8, 1_000_000), 1_000_000_000);
        return earlier(now + step, deadlineNanos);
    }

    /**
     * Why the wait after the last byte is over, or null while it goes on.
     *
     * @param pump how input is being read: a peer that is not listened to cannot be quiet, one that is paused cannot stall
     * @param deliveryKnown whether the kernel tells about delivery
     */
    @Nullable
    CloseCause waitEnd(long now, DiscardPump pump, boolean deliveryKnown) {
        if (isDeadline(now)) {
            return deadlineCause;
        }
        if (pump.isExhausted() && (delivered || !deliveryKnown)) {
            return CloseCause.BYTE_LIMIT;
        }
        if (earlyEnd && delivered) {
            if (pump.isReading() && now - quietEnd() >= 0) {
                return CloseCause.QUIET;
            }
            if (now - deliveredNanos >= config.deliveredTimeoutNanos()) {
                return CloseCause.TALKING;
            }
        }
        if (!pump.isPaused() && now - lastProgressNanos >= config.stallTimeoutNanos()) {
            return CloseCause.STALLED;
        }
        return now - sinceNanos >= config.eofTimeoutNanos() ? CloseCause.EOF_TIMEOUT : null;
    }

    /** When to look at the wait again: the earliest moment at which {@link #waitEnd} may change, or the next poll. */
    long nextWaitCheck(long now, DiscardPump pump, boolean polling) {
        long next = earlier(deadlineNanos, sinceNanos + config.eofTimeoutNanos());
        next = earlier(next, pump.isPaused() ? pump.resumeNanos() : lastProgressNanos + config.stallTimeoutNanos());
        if (earlyEnd && delivered) {
            next = earlier(next, deliveredNanos + config.deliveredTimeoutNanos());
            if (pump.isReading()) {
                next = earlier(next, quietEnd());
            }
        }
        return polling && !delivered ? earlier(next, now + nextPoll()) : next;
    }

    /** How long the kernel may go on without progress when it is left with unacknowledged bytes. */
    long kernelPatience(long now) {
        return Math.max(deadlineNanos - now, config.stallTimeoutNanos());
    }

    /** About each round trip while acknowledgements come, ever more rarely while none do. */
    private long nextPoll() {
        if (!config.strategy().awaitsDelivery()) {
            return Math.max(MIN_POLL_NANOS, config.stallTimeoutNanos() / 4);
        }
        long poll = Math.max(pollNanos, Math.min(rttNanos, MAX_POLL_NANOS));
        pollNanos = Math.min(MAX_POLL_NANOS, poll * 2);
        return poll;
    }

    private long quietEnd() {
        long since = deliveredNanos - lastInboundNanos > 0 ? deliveredNanos : lastInboundNanos;
        return since + Math.max(config.quietPeriodNanos(), 4 * rttNanos);
    }

    private static long earlier(long a, long b) {
        return a - b < 0 ? a : b;
    }
}
