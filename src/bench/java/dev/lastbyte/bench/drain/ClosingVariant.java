package dev.lastbyte.bench.drain;

import dev.lastbyte.demo.Transport;
import java.util.ArrayList;
import java.util.List;

/**
 * Whose closes are measured.
 *
 * @param managed whether the handlers belong to a manager, whose drain then sets the deadline; else it is {@code closeTimeout}
 * @param delivered whether the peers have acknowledged everything; else delivery checks go on
 */
record ClosingVariant(Transport transport, boolean managed, boolean delivered) {
    static List<ClosingVariant> all(List<Transport> transports) {
        List<ClosingVariant> all = new ArrayList<>();
        for (Transport transport : transports) {
            for (boolean delivered : new boolean[] {true, false}) {
                all.add(new ClosingVariant(transport, false, delivered));
                all.add(new ClosingVariant(transport, true, delivered));
            }
        }
        return all;
    }

    String deadline() {
        return managed ? "a drain's deadline" : "closeTimeout";
    }

    String peers() {
        return delivered ? "delivered" : "not delivered";
    }

    @Override
    public String toString() {
        return transport + ", " + (managed ? "managed" : "unmanaged") + ", " + peers();
    }
}
