package dev.lastbyte.drain;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Bounds what all close sequences of one manager hold together, in connections and in bytes: above it the oldest is ended, on
 * whichever event loop it is. Thread-safe; event loops share two counters and no lock.
 */
final class ClosingBudget {
    /** By how much the limit may be passed while the event loop with the oldest is asked: this part of it, or so many. */
    private static final int SLACK_PART = 8;

    private static final int MIN_SLACK = 16;

    private final long maxClosing;
    private final long maxBytes;
    private final AtomicLong closing = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();

    ClosingBudget(long maxClosing, long maxBytes) {
        this.maxClosing = maxClosing;
        this.maxBytes = maxBytes;
    }

    /** A sequence has begun on an event loop. */
    void began(LoopConnections loop) {
        long now = closing.incrementAndGet();
        if (now > maxClosing + Math.max(MIN_SLACK, maxClosing / SLACK_PART)) {
            loop.execute(loop::evictOldest); // the loop with the oldest does not keep up
        } else if (now > maxClosing) {
            evictOldest(loop.registry());
        }
    }

    /** A sequence has ended, or has been told to. */
    void ended() {
        closing.decrementAndGet();
    }

    /** What the sequences hold has changed by so many bytes. */
    void changed(long difference, ConnectionRegistry registry) {
        if (difference != 0 && bytes.addAndGet(difference) > maxBytes && difference > 0) {
            evictOldest(registry);
        }
    }

    /** Whether a drain may begin one more close on each event loop: it waits rather than have others evicted. */
    boolean hasRoom(ConnectionRegistry registry) {
        long now = closing.get();
        return now == 0 || (now + registry.loops().size() <= maxClosing && bytes.get() < maxBytes);
    }

    boolean isExceeded() {
        return closing.get() > maxClosing || bytes.get() > maxBytes;
    }

    long closing() {
        return closing.get();
    }

    /** Asks the event loop that has the oldest close to end it: later, for we may be inside another close. */
    void evictOldest(ConnectionRegistry registry) {
        LoopConnections oldest = null;
        for (LoopConnections loop : registry.loops()) {
            if (loop.isClosingAny() && (oldest == null || loop.oldestCloseNanos() - oldest.oldestCloseNanos() < 0)) {
                oldest = loop;
            }
        }
        if (oldest != null) {
            oldest.execute(oldest::evictOldest);
        }
    }
}
