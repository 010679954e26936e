package dev.lastbyte.drain;

import dev.lastbyte.CloseCause;
import dev.lastbyte.CloseReport;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Ends what one event loop still has open at a drain's deadline, and keeps who that was. Confined to the event loop.
 */
final class LoopForcing {
    private final LoopConnections connections;
    private final DrainPlan plan;
    private final Map<ManagedConnection, OpenConnection> forced = new HashMap<>();
    private int foundInRound;

    LoopForcing(LoopConnections connections, DrainPlan plan) {
        this.connections = connections;
        this.plan = plan;
    }

    /** Looks through all connections again: one may have moved from list to list. */
    void beginRound() {
        foundInRound = 0;
    }

    /** Ends the next connection; returns false when each has been told to end. */
    boolean step(long now) {
        for (ConnectionList<ManagedConnection> list : connections.lists()) {
            ManagedConnection connection = list.next();
            if (connection != null) {
                if (!forced.containsKey(connection)) {
                    forced.put(connection, connection.describe(connections, now));
                    foundInRound++;
                    connection.force();
                }
                return true;
            }
        }
        return false;
    }

    /** Whether the last round found nothing more, and none that was told to end is still open. */
    boolean isDone() {
        return foundInRound == 0 && forced.isEmpty();
    }

    /** A connection has ended: by force, or by its own timer at the same deadline, or otherwise. */
    void ended(ManagedConnection connection, @Nullable CloseReport report) {
        OpenConnection straggler = forced.remove(connection);
        if (report == null || (straggler == null && report.cause() != CloseCause.DRAIN_DEADLINE)) {
            return;
        }
        OpenConnection known = straggler != null
                ? straggler
                : connection.describe(connections, plan.system().nanoTime());
        plan.straggler(known.ended(report));
    }
}
