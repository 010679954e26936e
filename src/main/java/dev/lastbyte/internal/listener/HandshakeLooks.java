package dev.lastbyte.internal.listener;

import dev.lastbyte.internal.SocketTable;
import dev.lastbyte.internal.SocketTable.Handshakes;
import dev.lastbyte.internal.SystemView;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Readings of the kernel's socket table for the listeners of one drain. Listeners on the same address (SO_REUSEPORT) share a reading,
 * because each may take tens of milliseconds. Confined to one thread, which may block.
 */
public final class HandshakeLooks {
    private record Look(long beginNanos, @Nullable Handshakes seen) {}

    private final SystemView system;
    private final SocketTable table;
    private final Map<InetSocketAddress, Look> last = new HashMap<>();

    public HandshakeLooks(SystemView system, SocketTable table) {
        this.system = system;
        this.table = table;
    }

    /**
     * Reads the table, or returns what was read for another listener on the same address.
     *
     * @param sinceNanos a reading that began earlier is too old
     * @param limitNanos how long a reading may take
     * @return null if the table could not be read in time, or does not show the listener
     */
    @Nullable
    Handshakes at(InetSocketAddress listener, long sinceNanos, long limitNanos) {
        Look known = last.get(listener);
        if (known == null || known.beginNanos - sinceNanos < 0) {
            long begin = system.nanoTime();
            long limit = begin + limitNanos;
            known = new Look(begin, table.handshakes(listener, () -> system.nanoTime() - limit >= 0));
            last.put(listener, known);
        }
        return known.seen;
    }
}
