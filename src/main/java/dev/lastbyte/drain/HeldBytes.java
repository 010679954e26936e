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
 *   <li>a close that has made no progress for a second, one of the largest by powers of two;
 *   <li>the close that has made no progress for the longest, if that is a tenth of a second;
 *   <li>above twice the limit one of the largest, first among those that have not made any progress yet.
 * </ol>
 *
 * One that turns out to have made progress is spared the first two. One that holds no bytes is never chosen.
 *
 * <p>Thread-safe. A close that holds no bytes for long touches one counter and no lock.
 */
final class HeldBytes {
    private static final long STALLED_NANOS = 1_000_000_000;
    private static final long PAUSED_NANOS = 100_000_000;
    private static final int SIZES = Long.SIZE;

    /** A close that may be chosen. */
    private static final class Holder extends ConnectionList.Node<Holder> {
        private final ManagedConnection connection;
        private long bytes;
        private long sinceNanos; // when it made progress last, or began to hold
        private boolean moves;

        Holder(ManagedConnection connection) {
            this.connection = connection;
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
                if (known == null && mayBeChosen) {
                    list(new Holder(connection), after, system.nanoTime());
                } else if (known != null && after != before) {
                    known.moves |= after < before;
                    list(known, after, system.nanoTime());
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
                    holder.moves = true;
                    list(holder, holder.bytes, system.nanoTime());
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
    synchronized void ended(long bytes) {
        condemned -= bytes;
    }

    /** One that was chosen turns out to make progress. */
    void spared(ManagedConnection connection, long condemnedBytes, long bytes, SystemView system) {
        synchronized (this) {
            condemned -= condemnedBytes;
            Holder known = holders.get(connection); // it has said so again meanwhile
            Holder holder = known == null ? new Holder(connection) : known;
            holder.moves = true;
            list(holder, bytes, system.nanoTime());
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
                Holder next = stalled(now);
                if (next == null) {
                    next = paused(now);
                }
                boolean largest = next == null;
                if (largest && over > maxBytes) {
                    next = largest();
                }
                if (next == null) {
                    break;
                }
                long bytes = next.bytes;
                ManagedConnection connection = next.connection;
                condemned += bytes;
                list(next, 0, now);
                chosen.add(() -> connection.giveUp(bytes, largest));
            }
        }
        chosen.forEach(Runnable::run);
    }

    private long over() {
        return total.get() - condemned - maxBytes;
    }

    /** The one that has made no progress for the longest, if it has paused. In each list that is the first. */
    private @Nullable Holder paused(long now) {
        Holder oldest = null;
        for (int i = 0; i < SIZES; i++) {
            oldest = older(oldest, older(unmoved.get(i).first(), moving.get(i).first()));
        }
        return oldest != null && now - oldest.sinceNanos >= PAUSED_NANOS ? oldest : null;
    }

    private static @Nullable Holder older(@Nullable Holder one, @Nullable Holder other) {
        if (one == null || other == null) {
            return one == null ? other : one;
        }
        return one.sinceNanos - other.sinceNanos <= 0 ? one : other;
    }

    private @Nullable Holder largest() {
        Holder found = largest(unmoved);
        return found == null ? largest(moving) : found;
    }

    /** One of the largest that have made no progress for a second. */
    private @Nullable Holder stalled(long now) {
        for (int i = SIZES - 1; i >= 0; i--) {
            Holder first = unmoved.get(i).first();
            if (first == null || now - first.sinceNanos < STALLED_NANOS) {
                first = moving.get(i).first();
            }
            if (first != null && now - first.sinceNanos >= STALLED_NANOS) {
                return first;
            }
        }
        return null;
    }

    private static @Nullable Holder largest(List<ConnectionList<Holder>> lists) {
        for (int i = SIZES - 1; i >= 0; i--) {
            Holder first = lists.get(i).first();
            if (first != null) {
                return first;
            }
        }
        return null;
    }

    /** Puts a close where it belongs by what it holds now. */
    private void list(Holder holder, long bytes, long now) {
        ConnectionList<Holder> before = holder.list;
        if (before != null) {
            before.remove(holder);
        }
        holder.bytes = bytes;
        holder.sinceNanos = now;
        if (bytes == 0) {
            holders.remove(holder.connection);
        } else {
            int size = Long.SIZE - 1 - Long.numberOfLeadingZeros(bytes);
            (holder.moves ? moving : unmoved).get(size).add(holder);
            holders.put(holder.connection, holder);
        }
        someHold = !holders.isEmpty();
    }

    private void expire(long now) {
        for (Left first = left.peek(); first != null && now - first.untilNanos >= 0; first = left.peek()) {
            left.remove();
            total.addAndGet(-first.bytes);
        }
    }
}
