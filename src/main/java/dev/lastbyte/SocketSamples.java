package dev.lastbyte;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Looks into the kernel's table of sockets for those who must not block: whoever asks while a look is under way shares the next
 * one. The thread lives as long as somebody asks. Thread-safe.
 */
final class SocketSamples {
    /** The running system's. */
    static final SocketSamples SYSTEM = new SocketSamples(SocketTable.SYSTEM);

    private final SocketTable table;
    private Map<SocketTable.Ends, CompletableFuture<SocketTable.@Nullable Row>> asked = new HashMap<>();
    private boolean running;

    SocketSamples(SocketTable table) {
        this.table = table;
        if (!table.isReadable()) {
            CloseLog.LOG.debug("there is no table of sockets to read: what NIO sends stays unknown");
        }
    }

    /** What a look that has not begun yet will show; null where the table does not show the connection. */
    synchronized CompletableFuture<SocketTable.@Nullable Row> ask(SocketTable.Ends ends) {
        CompletableFuture<SocketTable.@Nullable Row> answer =
                asked.computeIfAbsent(ends, e -> new CompletableFuture<SocketTable.@Nullable Row>());
        if (!running) {
            Thread thread = new Thread(this::run, "lastbyte-socket-table");
            thread.setDaemon(true);
            try {
                thread.start();
                running = true;
            } catch (Throwable t) { // no more threads: who asks gets an answer
                CloseLog.LOG.debug("the table of sockets cannot be read now", t);
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
        } catch (Throwable t) { // who asks gets an answer
            CloseLog.LOG.debug("the table of sockets cannot be understood", t);
            return Map.of();
        }
    }
}
