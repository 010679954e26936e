package dev.lastbyte.drain;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Bounds what all close sequences of one manager hold together, in connections and in bytes. Above the limit the oldest is cut short,
 * whichever event loop it is on. Thread-safe; event loops share two counters and no lock.
 */
final class ClosingBudget {
    /** The limit may be exceeded by an eighth, or by this many, while the event loop with the oldest close is asked. */
    private static final int MIN_SLACK = 16;

    private static final int SLACK_PART = 8;

    private final long maxClosing;
    private final long maxBytes;
    private final AtomicLong closing = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();

    ClosingBudget(long maxClosing, long maxBytes) {
        this.maxClosing = maxClosing;
        this.maxBytes = maxBytes;
    }

    /** A close sequence has begun on an event loop. */
    void began(LoopConnections loop) {
        long now = closing.incrementAndGet();
        if (now > maxClosing + Math.max(MIN_SLACK, maxClosing / SLACK_PART)) {
            loop.execute(loop::evictOldest); // the loop with the oldest does not keep up
        } else if (now > maxClosing) {
            evictOldest(loop.registry());
        }
    }

    /** A close sequence has ended, or has been told to. */
    void ended() {
        closing.decrementAndGet();
    }

    /** The close sequences hold so many bytes more, or less, than before. */
    void changed(long difference, ConnectionRegistry registry) {
        if (difference != 0 && bytes.addAndGet(difference) > maxBytes && difference > 0) {
            evictOldest(registry);
        }
    }

    /** Whether a drain may begin one more close on each event loop. It waits rather than evict others. */
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

    /** Asks the event loop that has the oldest close to cut it short: later, because we may be inside another close. */
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
