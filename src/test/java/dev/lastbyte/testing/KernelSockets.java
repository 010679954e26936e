package dev.lastbyte.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;

/** What the kernel says about TCP connections, orphans included: /proc/net/tcp and tcp6. Stateless. */
public final class KernelSockets {
    public static final int FIN_WAIT1 = 4;
    public static final int FIN_WAIT2 = 5;
    public static final int CLOSING = 11;

    private static final List<Path> TABLES = List.of(Path.of("/proc/net/tcp"), Path.of("/proc/net/tcp6"));

    private KernelSockets() {}

    /** Whether there is anything to read here. */
    public static boolean areVisible() {
        return TABLES.stream().anyMatch(Files::isReadable);
    }

    /** The state of the connection with these ports, as in the kernel's tcp_states.h, or empty if there is none. */
    public static OptionalInt state(int localPort, int remotePort) {
        return rows().map(row -> row.trim().split("\\s+"))
                .filter(f -> f.length > 3 && port(f[1]) == localPort && port(f[2]) == remotePort)
                .mapToInt(f -> Integer.parseInt(f[3], 16))
                .findFirst();
    }

    /** Waits until the peer's TCP has acknowledged the FIN of the connection's local side. */
    public static void awaitFinAcknowledged(int localPort, int remotePort) {
        Eventually.await("FIN_WAIT2", () -> state(localPort, remotePort).orElse(0) == FIN_WAIT2);
    }

    private static Stream<String> rows() {
        return TABLES.stream().filter(Files::isReadable).flatMap(table -> {
            try {
                return Files.readAllLines(table).stream().skip(1);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static int port(String address) {
        return Integer.parseInt(address.substring(address.indexOf(':') + 1), 16);
    }
}
