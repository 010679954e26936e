package dev.lastbyte;

/**
 * What one close has read of its peer and dropped, and at what pace it goes on: a token bucket that starts with an eighth of a
 * second's bytes. It is made at the first byte, because most peers that are waited for say nothing. Confined to the channel's event
 * loop.
 */
final class Discarding {
    /** Each wake-up costs an event loop 160 µs, most of it cold caches: pauses of 5 ms took twice the CPU of 20 ms. */
    static final long MIN_PAUSE_NANOS = 20_000_000;

    private final long bytesPerSecond;
    private final long capacity;
    private long available;
    private long refilledNanos;
    private long bytes;
    private long burstBytes;
    private long resumeNanos;

    Discarding(long bytesPerSecond, long now) {
        this.bytesPerSecond = bytesPerSecond;
        capacity = Math.max(1, bytesPerSecond / 8);
        available = capacity;
        refilledNanos = now;
    }

    /** So many bytes were read; returns how many it were in all. */
    long read(long count) {
        burstBytes += count;
        bytes += count;
        return bytes;
    }

    /** How many bytes were read and dropped. */
    long bytes() {
        return bytes;
    }

    /** Whether anything came since the last {@link #endBurst}. */
    boolean hasBurst() {
        return burstBytes > 0;
    }

    /** The transport has delivered what there was; returns for how long to pause, 0 for not at all. */
    long endBurst(long now) {
        long burst = burstBytes;
        burstBytes = 0;
        if (bytesPerSecond == GracefulCloseConfig.UNLIMITED) {
            return 0;
        }
        refill(now);
        available -= burst;
        if (available > 0) {
            return 0;
        }
        double pause = -available * 1e9 / bytesPerSecond;
        return Math.max(MIN_PAUSE_NANOS, (long) pause);
    }

    /** Reading goes on at the given moment. */
    void pauseUntil(long nanos) {
        resumeNanos = nanos;
    }

    /** When the last pause is over. */
    long resumeNanos() {
        return resumeNanos;
    }

    private void refill(long now) {
        double earned = (now - refilledNanos) * (double) bytesPerSecond / 1e9;
        if (earned >= 1) {
            available = Math.min(capacity, available + (long) earned);
            refilledNanos = now;
        }
    }
}
