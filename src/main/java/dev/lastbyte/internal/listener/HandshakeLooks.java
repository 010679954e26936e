package dev.lastbyte.internal.listener;

import dev.lastbyte.internal.SocketTable;
import dev.lastbyte.internal.SocketTable.Handshakes;
import dev.lastbyte.internal.SystemView;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The looks into the kernel's table that the listeners of one drain take. Those that share an address, as with SO_REUSEPORT, share
 * them: each look may take tens of milliseconds. Confined to one thread, which may block.
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
     * Looks, or says what was seen when somebody else looked.
     *
     * @param sinceNanos a look that began earlier does not count
     * @param limitNanos how long a look may take
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
