package dev.lastbyte.tcp;

import dev.lastbyte.internal.Loggers;
import dev.lastbyte.internal.SocketTable;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Reads the kernel's table of sockets on behalf of callers that must not block. All who ask while the table is being read share the
 * next reading. The thread lives as long as somebody asks. Thread-safe.
 */
final class SocketSamples {
    private static final Logger LOG = Loggers.of(SocketSamples.class);

    /** The running system's. */
    static final SocketSamples SYSTEM = new SocketSamples(SocketTable.SYSTEM);

    private final SocketTable table;
    private Map<SocketTable.Ends, CompletableFuture<SocketTable.@Nullable Row>> asked = new HashMap<>();
    private boolean running;

    SocketSamples(SocketTable table) {
        this.table = table;
        if (!table.isReadable()) {
            LOG.debug("there is no table of sockets to read: what NIO sends stays unknown");
        }
    }

    /** The connection in a reading that has not begun yet; null if the table does not show it. */
    synchronized CompletableFuture<SocketTable.@Nullable Row> ask(SocketTable.Ends ends) {
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
        Map<SocketTable.Ends, CompletableFuture<SocketTable.@Nullable Row>> batch = asked;
        asked = new HashMap<>();
        running = !batch.isEmpty();
        return batch;
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
