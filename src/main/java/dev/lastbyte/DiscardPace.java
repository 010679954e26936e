package dev.lastbyte;

/**
 * Paces the discarding of one connection to a number of bytes per second: a token bucket that starts with an eighth of a
 * second's bytes. Confined to the channel's event loop.
 */
final class DiscardPace {
    /** Each wake-up costs an event loop 160 µs, most of it cold caches: pauses of 5 ms took twice the CPU of 20 ms. */
    static final long MIN_PAUSE_NANOS = 20_000_000;

    private final long bytesPerSecond;
    private final long capacity;
    private long available;
    private long lastNanos;

    DiscardPace(long bytesPerSecond, long nowNanos) {
        this.bytesPerSecond = bytesPerSecond;
        capacity = Math.max(1, bytesPerSecond / 8);
        available = capacity;
        lastNanos = nowNanos;
    }

    /** Notes that bytes were read; returns for how many nanoseconds to stop reading, 0 for not at all. */
    long read(long bytes, long nowNanos) {
        if (bytesPerSecond == GracefulCloseConfig.UNLIMITED) {
            return 0;
        }
        refill(nowNanos);
        available -= bytes;
        if (available > 0) {
            return 0;
        }
        double pause = -available * 1e9 / bytesPerSecond;
        return Math.max(MIN_PAUSE_NANOS, (long) pause);
    }

    private void refill(long nowNanos) {
        double earned = (nowNanos - lastNanos) * (double) bytesPerSecond / 1e9;
        if (earned >= 1) {
            available = Math.min(capacity, available + (long) earned);
            lastNanos = nowNanos;
        }
    }
}
