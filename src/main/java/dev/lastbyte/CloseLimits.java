package dev.lastbyte;

import org.jspecify.annotations.Nullable;

/**
 * Decides when the waits of one close are over, and when to look again: the limits as plain arithmetic on time stamps.
 * Confined to the channel's event loop.
 */
final class CloseLimits {
    /** How a close stands with its input. */
    enum Input {
        /** Nothing is asked for; what the transport delivers all the same is dropped and counted. */
        OFF,
        /** A read is under way. */
        READING,
        /** The peer sends faster than the configured rate: nothing is read until the pause is over. */
        PAUSED,
        /** The byte limit is reached: nothing is read any more. */
        EXHAUSTED
    }

    private static final long MIN_POLL_NANOS = 5_000_000;
    private static final long MAX_POLL_NANOS = 500_000_000;
    private static final long TURN_NANOS = 2_000_000;
    private static final long MAX_CROWD_NANOS = 60_000_000_000L;

    /** Where an acknowledgement only begins the quiet period, it may be learnt of that part of the period later. */
    private static final int QUIET_PARTS = 8;

    private long deadlineNanos;
    private long sinceNanos;
    private long lastInboundNanos;
    private long lastProgressNanos;
    private long deliveredNanos;
    private int pollMicros;
    private int rttMicros;
    private boolean drained;
    private boolean delivered;

    CloseLimits(GracefulCloseConfig config, long startNanos) {
        deadlineNanos = startNanos + config.closeTimeoutNanos();
        pollMicros = minPollMicros(config);
        begin(startNanos);
    }

    /** Starts the clocks of a wait. */
    void begin(long now) {
        sinceNanos = now;
        lastInboundNanos = now;
        lastProgressNanos = now;
    }

    /** When the clocks of the wait were started, leaving out the time in which the event loop stood still. */
    long waitBegan() {
        return sinceNanos;
    }

    /** A byte came from the peer. */
    void inbound(long now) {
        lastInboundNanos = now;
        lastProgressNanos = now;
    }

    /** A pause is over: it was ours, not the peer's. */
    void resumed(long now) {
        inbound(now);
    }

    /**
     * The event loop stood still for so long, which is nobody's stall, silence or talk. Only {@code closeTimeout} and the deadline of a
     * drain count it.
     *
     * @param asksKernel whether the kernel can be asked for progress before the next limit is judged; else patience begins anew
     */
    void stoodStill(long nanos, boolean asksKernel, long now) {
        sinceNanos = earlier(sinceNanos + nanos, now);
        lastInboundNanos = earlier(lastInboundNanos + nanos, now);
        lastProgressNanos = asksKernel ? earlier(lastProgressNanos + nanos, now) : now;
        deliveredNanos = earlier(deliveredNanos + nanos, now);
    }

    /** A byte left, or was acknowledged. */
    void outbound(GracefulCloseConfig config, long now) {
        lastProgressNanos = now;
        pollMicros = minPollMicros(config);
    }

    /**
     * The peer's TCP has everything, since a moment that may lie before the look that told; but input that came while the event
     * loop stood still is read before the peer counts as quiet.
     */
    void delivered(GracefulCloseConfig config, long when, long now) {
        if (!delivered) {
            delivered = true;
            long earliest = now + TURN_NANOS - quietNanos(config);
            long since = when - earliest > 0 ? when : Math.min(now, earliest);
            deliveredNanos = since;
            if (since - lastProgressNanos > 0) {
                lastProgressNanos = since;
            }
        }
    }

    /** The smoothed round-trip time, where it is known. */
    void rtt(long micros) {
        rttMicros = (int) Math.min(Integer.MAX_VALUE, micros);
    }

    /** A drain wants it to be over earlier; returns whether that is earlier. */
    boolean drainDeadline(long nanos) {
        boolean earlier = nanos - deadlineNanos < 0;
        if (earlier) {
            deadlineNanos = nanos;
            drained = true;
        }
        return earlier;
    }

    /** Why the close as a whole is over, or null while its time lasts. */
    private @Nullable CloseCause deadline(long now) {
        if (now - deadlineNanos < 0) {
            return null;
        }
        return drained ? CloseCause.DRAIN_DEADLINE : CloseCause.DEADLINE;
    }

    /** Why the flush is over although bytes are left, or null while it may go on. */
    @Nullable
    CloseCause flushEnd(GracefulCloseConfig config, long now) {
        CloseCause deadline = deadline(now);
        if (deadline != null) {
            return deadline;
        }
        return now - lastProgressNanos >= config.flushTimeoutNanos() ? CloseCause.FLUSH_STALLED : null;
    }

    /** When to look at the flush again. */
    long nextFlushCheck(GracefulCloseConfig config, long now) {
        long step = Math.min(Math.max(config.flushTimeoutNanos() / 8, 1_000_000), 1_000_000_000);
        return earlier(now + step, deadlineNanos);
    }

    /**
     * Why the wait after the last byte is over, or null while it goes on. A peer that is not listened to cannot be quiet, one that
     * is paused cannot stall.
     */
    @Nullable
    CloseCause waitEnd(GracefulCloseConfig config, Input input, Delivery delivery, long now) {
        CloseCause deadline = deadline(now);
        if (deadline != null) {
            return deadline;
        }
        if (input == Input.EXHAUSTED && (delivered || !delivery.canTell())) {
            return CloseCause.BYTE_LIMIT;
        }
        if (delivered && endsEarly(config)) {
            if (input == Input.READING && now - quietEnd(config) >= 0) {
                return CloseCause.QUIET;
            }
            if (now - deliveredNanos >= config.deliveredTimeoutNanos()) {
                return CloseCause.TALKING;
            }
        }
        if (input != Input.PAUSED && now - lastProgressNanos >= patience(config, delivery.isAcknowledged())) {
            return CloseCause.STALLED;
        }
        return now - sinceNanos >= config.eofTimeoutNanos() ? CloseCause.EOF_TIMEOUT : null;
    }

    /**
     * When to look at the wait again: the earliest moment at which {@link #waitEnd} may change, or the next poll. The end of a pause
     * is not among them.
     *
     * @param crowdNanos how long to wait between two polls once there is no progress, given how many connections wait
     */
    long nextWaitCheck(GracefulCloseConfig config, Input input, Delivery delivery, long now, long crowdNanos) {
        long next = earlier(deadlineNanos, sinceNanos + config.eofTimeoutNanos());
        if (input != Input.PAUSED) {
            next = earlier(next, lastProgressNanos + patience(config, delivery.isAcknowledged()));
        }
        if (delivery.wantsFirstTable()) {
            next = earlier(next, lastProgressNanos + config.stallTimeoutNanos());
        }
        if (delivered && endsEarly(config)) {
            next = earlier(next, deliveredNanos + config.deliveredTimeoutNanos());
            if (input == Input.READING) {
                next = earlier(next, quietEnd(config));
            }
        }
        boolean polls = delivery.canTell() && !delivered;
        return polls ? earlier(next, now + nextPoll(config, crowdNanos)) : next;
    }

    /** Bytes that the peer has not acknowledged have the same patience, whether Netty holds them or the kernel. */
    private static long patience(GracefulCloseConfig config, boolean acknowledged) {
        return acknowledged ? config.stallTimeoutNanos() : config.flushTimeoutNanos();
    }

    /** Whether nothing has come and nothing has left for so long that it is worth while to ask the table of sockets. */
    boolean isSilent(GracefulCloseConfig config, long now) {
        return now - lastProgressNanos >= config.stallTimeoutNanos();
    }

    /**
     * How long the kernel may go on without progress when it is left with unacknowledged bytes. It counts from the last progress, as
     * the kernel does, not from the close of the socket.
     */
    long kernelPatience(GracefulCloseConfig config) {
        return Math.max(deadlineNanos - lastProgressNanos, patience(config, false));
    }

    /** About each round trip while acknowledgements come, ever more rarely while none do, in a crowd very rarely. */
    private long nextPoll(GracefulCloseConfig config, long crowdNanos) {
        if (!config.strategy().awaitsDelivery()) {
            return Math.max(MIN_POLL_NANOS, config.stallTimeoutNanos() / 4);
        }
        if (pollMicros * 1000L > MAX_POLL_NANOS) {
            return Math.max(MAX_POLL_NANOS, Math.min(crowdNanos, MAX_CROWD_NANOS));
        }
        long poll = Math.max(pollMicros * 1000L, Math.min(rttMicros * 1000L, MAX_POLL_NANOS));
        pollMicros = (int) (poll * 2 / 1000);
        return poll;
    }

    private long quietEnd(GracefulCloseConfig config) {
        long since = deliveredNanos - lastInboundNanos > 0 ? deliveredNanos : lastInboundNanos;
        return since + quietNanos(config);
    }

    private long quietNanos(GracefulCloseConfig config) {
        return Math.max(config.quietPeriodNanos(), 4000L * rttMicros);
    }

    private static boolean endsEarly(GracefulCloseConfig config) {
        return config.strategy().discards() && config.strategy().awaitsDelivery();
    }

    private static int minPollMicros(GracefulCloseConfig config) {
        long nanos =
                endsEarly(config) ? Math.max(MIN_POLL_NANOS, config.quietPeriodNanos() / QUIET_PARTS) : MIN_POLL_NANOS;
        return (int) (Math.min(MAX_POLL_NANOS, nanos) / 1000);
    }

    static long earlier(long a, long b) {
        return a - b < 0 ? a : b;
    }
}
