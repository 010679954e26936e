package dev.lastbyte.drain;

import dev.lastbyte.internal.SystemView;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The bytes that the closes of one manager hold: in Netty's buffers, in the kernel, and what they have left to the kernel when the socket
 * was closed. Above the limit it chooses who is given up, in constant time:
 *
 * <ol>
 *   <li>above the limit, closes that have made no progress for a second, the largest first, by powers of two;
 *   <li>above one and a half times the limit, which a second of closes can reach, the one that has made no progress for the longest, of
 *       those that have made none behind their first moments and hold at least about a quarter of the average;
 *   <li>then one of the largest of those that do make progress, if these alone exceed the limit.
 * </ol>
 *
 * One whose progress had not been seen when it was chosen is spared, unless all that are left make progress. One that holds no bytes is
 * never chosen.
 *
 * <p>Thread-safe. A close that holds no bytes for long touches one counter and no lock.
 */
final class HeldBytes {
    private static final long STALLED_NANOS = 1_000_000_000;

    /** In the first round trips a peer that reads nothing acknowledges what its receive buffer takes: that is no progress yet. */
    private static final long FIRST_MOMENTS_NANOS = 200_000_000;

    private static final int SLACK_PART = 2;
    private static final int AVERAGE_PART = 4;
    private static final int SIZES = Long.SIZE;

    /** A close that may be chosen. Guarded by the {@link HeldBytes}; what one that was chosen tells does not change any more. */
    static final class Holder extends ConnectionList.Node<Holder> {
        private final ManagedConnection connection;
        private final long beganNanos;
        private long bytes;
        private long condemnedBytes;
        private long lookedNanos;
        private long progressNanos; // the last, or when it began
        private boolean listedAsMoving;
        private boolean moves; // has made progress behind its first moments

        Holder(ManagedConnection connection, long now) {
            this.connection = connection;
            beganNanos = now;
            lookedNanos = now;
            progressNanos = now;
        }

        /** Progress that is seen now may have been made at any moment since the last look. */
        void progressed(long now) {
            progressNanos = now;
            moves |= lookedNanos - beganNanos >= FIRST_MOMENTS_NANOS;
            lookedNanos = now;
        }

        long progressNanos() {
            return progressNanos;
        }
    }

    /** What a closed connection has left to the kernel, and when that has given it up. */
    private record Left(long bytes, long untilNanos) {}

    private final long maxBytes;
    private final AtomicLong total = new AtomicLong();
    private final Map<ManagedConnection, Holder> holders = new HashMap<>(); // this and what follows is guarded by this
    private final List<ConnectionList<Holder>> unmoved = bySize();
    private final List<ConnectionList<Holder>> moving = bySize();
    private final Queue<Left> left = new PriorityQueue<>(Comparator.comparingLong(Left::untilNanos));
    private long listed; // what the holders hold
    private long movingBytes; // of those that make progress
    private long condemned; // of those that have been chosen and are not closed yet
    private volatile boolean someHold;

    HeldBytes(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    private static List<ConnectionList<Holder>> bySize() {
        List<ConnectionList<Holder>> lists = new ArrayList<>(SIZES);
        for (int i = 0; i < SIZES; i++) {
            lists.add(new ConnectionList<>());
        }
        return lists;
    }

    // ---- what closes tell ------------------------------------------------------------------------------------------

    /**
     * A close holds so many bytes, and so many before.
     *
     * @param lasting whether they have not gone at once: from here on it may be chosen. Above the limit it may be chosen at once
     */
    void changed(ManagedConnection connection, long before, long after, boolean lasting, SystemView system) {
        boolean exceeded = total.addAndGet(after - before) > maxBytes;
        boolean mayBeChosen = lasting || (exceeded && after > before);
        if (someHold || mayBeChosen) {
            synchronized (this) {
                Holder known = holders.get(connection);
                long now = system.nanoTime();
                if (known == null && mayBeChosen) {
                    list(new Holder(connection, now), after);
                } else if (known != null) {
                    if (lasting) {
                        known.lookedNanos = now;
                    }
                    if (after > 0 && sizeOf(after) == sizeOf(known.bytes)) {
                        listed += after - known.bytes;
                        movingBytes += known.listedAsMoving ? after - known.bytes : 0;
                        known.bytes = after;
                    } else {
                        list(known, after);
                    }
                }
            }
        }
        if (lasting || after > before) {
            relieve(system);
        }
    }

    /** A byte of a close has left, or was acknowledged. */
    void progressed(ManagedConnection connection, SystemView system) {
        if (someHold) {
            synchronized (this) {
                Holder holder = holders.get(connection);
                if (holder != null) {
                    holder.progressed(system.nanoTime());
                    list(holder, holder.bytes);
                }
            }
        }
    }

    /** A close is over, or is being ended: it holds its bytes no more. */
    void gone(ManagedConnection connection, long bytes, SystemView system) {
        changed(connection, bytes, 0, false, system);
    }

    /** A socket is closed, and the kernel goes on sending so many bytes until the given moment at the latest. */
    void left(long bytes, long untilNanos, SystemView system) {
        synchronized (this) {
            expire(system.nanoTime());
            left.add(new Left(bytes, untilNanos));
            total.addAndGet(bytes);
        }
        relieve(system);
    }

    /** One that was chosen is being ended, or had ended before. */
    synchronized void ended(Holder chosen) {
        condemned -= chosen.condemnedBytes;
    }

    /** One that was chosen turns out to make progress, or to hold nothing. */
    void spared(Holder chosen, long bytes, SystemView system) {
        synchronized (this) {
            condemned -= chosen.condemnedBytes;
            Holder again = holders.get(chosen.connection); // it has said meanwhile what it holds
            if (again != null) {
                list(again, 0);
            }
            chosen.progressed(system.nanoTime());
            list(chosen, bytes);
        }
        relieve(system);
    }

    /** Whether there is room for more. */
    boolean hasRoom(SystemView system) {
        if (total.get() < maxBytes) {
            return true;
        }
        synchronized (this) {
            expire(system.nanoTime());
        }
        return total.get() < maxBytes;
    }

    // ---- who is given up -------------------------------------------------------------------------------------------

    private void relieve(SystemView system) {
        if (total.get() <= maxBytes) {
            return;
        }
        List<Runnable> chosen = new ArrayList<>();
        synchronized (this) {
            long now = system.nanoTime();
            expire(now);
            for (long over = over(); over > 0; over = over()) {
                boolean hurry = over > maxBytes / SLACK_PART;
                Holder next = stalled(now);
                if (next == null && hurry) {
                    next = longestUnmoved();
                }
                boolean mayBeSpared = next != null;
                if (next == null && hurry && movingBytes > maxBytes) {
                    next = largestMoving();
                }
                if (next == null) {
                    break;
                }
                Holder victim = next;
                victim.condemnedBytes = victim.bytes;
                condemned += victim.bytes;
                list(victim, 0);
                chosen.add(() -> victim.connection.giveUp(victim, mayBeSpared));
            }
        }
        chosen.forEach(Runnable::run);
    }

    private long over() {
        return total.get() - condemned - maxBytes;
    }

    /** One of the largest that have made no progress for a second. In each list the first is the one without progress for the longest. */
    private @Nullable Holder stalled(long now) {
        for (int i = SIZES - 1; i >= 0; i--) {
            Holder first = earlier(unmoved.get(i).first(), moving.get(i).first());
            if (first != null && now - first.progressNanos >= STALLED_NANOS) {
                return first;
            }
        }
        return null;
    }

    /** Those that hold little would not relieve much. */
    private @Nullable Holder longestUnmoved() {
        Holder found = null;
        long worthwhile = holders.isEmpty() ? 1 : Math.max(1, listed / holders.size() / AVERAGE_PART);
        for (int i = sizeOf(worthwhile); i < SIZES; i++) {
            found = earlier(found, unmoved.get(i).first());
        }
        return found;
    }

    private @Nullable Holder largestMoving() {
        for (int i = SIZES - 1; i >= 0; i--) {
            Holder first = moving.get(i).first();
            if (first != null) {
                return first;
            }
        }
        return null;
    }

    private static @Nullable Holder earlier(@Nullable Holder one, @Nullable Holder other) {
        if (one == null || other == null) {
            return one == null ? other : one;
        }
        return one.progressNanos - other.progressNanos <= 0 ? one : other;
    }

    /** Puts a close where it belongs by what it holds now; behind those that made progress before. */
    private void list(Holder holder, long bytes) {
        ConnectionList<Holder> before = holder.list;
        if (before != null) {
            before.remove(holder);
            listed -= holder.bytes;
            movingBytes -= holder.listedAsMoving ? holder.bytes : 0;
        }
        holder.bytes = bytes;
        holder.listedAsMoving = holder.moves;
        if (bytes == 0) {
            holders.remove(holder.connection);
        } else {
            (holder.moves ? moving : unmoved).get(sizeOf(bytes)).add(holder);
            listed += bytes;
            movingBytes += holder.moves ? bytes : 0;
            holders.put(holder.connection, holder);
        }
        someHold = !holders.isEmpty();
    }

    private static int sizeOf(long bytes) {
        return Long.SIZE - 1 - Long.numberOfLeadingZeros(bytes);
    }

    private void expire(long now) {
        for (Left first = left.peek(); first != null && now - first.untilNanos >= 0; first = left.peek()) {
            left.remove();
            total.addAndGet(-first.bytes);
        }
    }
}
