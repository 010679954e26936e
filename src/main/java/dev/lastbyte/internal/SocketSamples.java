package dev.lastbyte.internal;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Reads the kernel's table of sockets on behalf of callers that must not block. All who ask while the table is being read share the
 * next reading, and those who ask at leisure one reading a second. The thread lives as long as somebody asks. Thread-safe.
 */
public final class SocketSamples {
    private static final Logger LOG = Loggers.of(SocketSamples.class);
    private static final long LEISURE_NANOS = 1_000_000_000;

    /** The running system's. */
    public static final SocketSamples SYSTEM = new SocketSamples(SocketTable.SYSTEM);

    private final SocketTable table;
    private final boolean readable;
    private Map<SocketTable.Ends, CompletableFuture<SocketTable.@Nullable Row>> asked = new HashMap<>();
    private long leisureEndNanos = System.nanoTime();
    private boolean hurry;
    private boolean running;

    SocketSamples(SocketTable table) {
        this.table = table;
        readable = table.isReadable();
        if (!readable) {
            LOG.debug("there is no table of sockets to read: what NIO sends stays unknown");
        }
    }

    /** Whether there is a table to read. */
    boolean canTell() {
        return readable;
    }

    /** The connection in a reading that has not begun yet; null if the table does not show it. */
    public synchronized CompletableFuture<SocketTable.@Nullable Row> ask(SocketTable.Ends ends) {
        hurry = true;
        notifyAll();
        return enqueue(ends);
    }

    /** The same, in a reading that may begin a second after the last one. */
    synchronized CompletableFuture<SocketTable.@Nullable Row> askAtLeisure(SocketTable.Ends ends) {
        return enqueue(ends);
    }

    private CompletableFuture<SocketTable.@Nullable Row> enqueue(SocketTable.Ends ends) {
        CompletableFuture<SocketTable.@Nullable Row> answer =
                asked.computeIfAbsent(ends, e -> new CompletableFuture<SocketTable.@Nullable Row>());
        if (!running) {
            Thread thread = new Thread(this::run, "lastbyte-socket-table");
            thread.setDaemon(true);
            try {
                thread.start();
                running = true;
            } catch (Throwable t) { // no more threads: the caller gets an answer all the same
                LOG.debug("the table of sockets cannot be read now", t);
                asked.remove(ends);
                answer.complete(null);
            }
        }
        return answer;
    }

    private synchronized Map<SocketTable.Ends, CompletableFuture<SocketTable.@Nullable Row>> next() {
        awaitReading();
        Map<SocketTable.Ends, CompletableFuture<SocketTable.@Nullable Row>> batch = asked;
        asked = new HashMap<>();
        hurry = false;
        running = !batch.isEmpty();
        leisureEndNanos = System.nanoTime() + LEISURE_NANOS;
        return batch;
    }

    /** Waits while only those have asked who have time. */
    private synchronized void awaitReading() {
        try {
            for (long left = leisureEndNanos - System.nanoTime();
                    left > 0 && !hurry && !asked.isEmpty();
                    left = leisureEndNanos - System.nanoTime()) {
                TimeUnit.NANOSECONDS.timedWait(this, left);
            }
        } catch (InterruptedException e) {
            LOG.debug("the table of sockets is read at once", e);
        }
    }

    private void run() {
        for (var batch = next(); !batch.isEmpty(); batch = next()) {
            Map<SocketTable.Ends, SocketTable.Row> found = look(batch.keySet());
            batch.forEach((ends, answer) -> answer.complete(found.get(ends)));
        }
    }

    private Map<SocketTable.Ends, SocketTable.Row> look(Set<SocketTable.Ends> wanted) {
        try {
            return table.connections(wanted);
        } catch (Throwable t) { // the callers get an answer all the same
            LOG.debug("the table of sockets cannot be understood", t);
            return Map.of();
        }
    }
}
