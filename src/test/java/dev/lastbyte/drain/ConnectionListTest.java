package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.internal.SystemView;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The list of connections, and a pass over it while it changes. */
class ConnectionListTest {
    private final ConnectionRegistry registry = new ConnectionRegistry(SystemView.REAL, new ClosingBudget(1, 1));
    private final ConnectionList<ManagedConnection> list = new ConnectionList<>();

    private ManagedConnection connection() {
        return new ManagedConnection(GracefulCloseConfig.defaults(), registry);
    }

    private List<ManagedConnection> filled(int count) {
        List<ManagedConnection> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ManagedConnection connection = connection();
            list.add(connection);
            all.add(connection);
        }
        return all;
    }

    @Test
    void pass_seesAllInOrder() {
        List<ManagedConnection> all = filled(3);
        list.rewind();
        assertEquals(all.get(0), list.next());
        assertEquals(all.get(1), list.next());
        assertEquals(all.get(2), list.next());
        assertNull(list.next());
    }

    @Test
    void pass_survivesTheRemovalOfItsNext() {
        List<ManagedConnection> all = filled(3);
        list.rewind();
        list.next();
        list.remove(all.get(1));
        assertEquals(all.get(2), list.next());
    }

    @Test
    void pass_survivesTheRemovalOfWhatItReturned() {
        List<ManagedConnection> all = filled(2);
        list.rewind();
        list.remove(list.next());
        assertEquals(all.get(1), list.next());
        assertNull(list.next());
        assertEquals(1, list.size());
    }

    @Test
    void list_behavesAsAQueueUnderAnySequence() {
        Random random = new Random(7);
        Deque<ManagedConnection> expected = new ArrayDeque<>();
        for (int i = 0; i < 10_000; i++) {
            if (expected.isEmpty() || random.nextInt(100) < 52) {
                ManagedConnection added = connection();
                list.add(added);
                expected.add(added);
            } else {
                ManagedConnection gone = random.nextBoolean()
                        ? expected.peekFirst()
                        : new ArrayList<>(expected).get(random.nextInt(expected.size()));
                list.remove(gone);
                expected.remove(gone);
            }
            assertEquals(expected.size(), list.size());
            assertEquals(expected.peekFirst(), list.first());
        }
        list.rewind();
        for (ManagedConnection next : expected) {
            assertEquals(next, list.next());
        }
        assertNull(list.next());
    }
}
