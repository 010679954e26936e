package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.ChildJvm;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.PeerSocket;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A server that has no descriptor left to accept with, in a process of its own. */
@RealSockets
class FewDescriptorsIT {
    private static final String TCP = "dev.lastbyte.testing.Transports#tcp";
    private static final int DESCRIPTORS = 250;
    private static final int CLIENTS = 300;

    @ParameterizedTest
    @MethodSource(TCP)
    void drain_withoutDescriptors_closesIdleConnectionsAndServesThoseWhoWait(Transports transport) throws Exception {
        try (ChildJvm child = start(transport, 100)) {
            List<PeerRun> clients = connectAll(child);
            child.tell("drain");
            for (PeerRun client : clients) {
                client.readAll();
                client.socket().close();
            }
            String report = child.await("report").trim();
            for (PeerRun client : clients) {
                assertEquals(1, client.bytes(), report);
                assertTrue(client.isEof(), report);
            }
            assertTrue(report.startsWith(Drained.outcomeOfSilence(transport).name()), report);
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void drain_withoutDescriptorsAndNobodyIsIdle_isNotComplete(Transports transport) throws Exception {
        try (ChildJvm child = start(transport, 60_000)) {
            List<PeerRun> clients = connectAll(child);
            child.tell("drain");
            for (PeerRun client : clients) {
                client.readAll();
                client.socket().close();
            }
            String report = child.await("report").trim();
            assertFalse(report.startsWith("COMPLETE"), report);
            assertTrue(report.matches(".*(unaccepted [1-9]|failure ).*"), report);
        }
    }

    private static ChildJvm start(Transports transport, long idleAfterMillis) throws IOException {
        return new ChildJvm(
                List.of("sh", "-c", "ulimit -n " + DESCRIPTORS + "; exec \"$@\"", "sh"),
                FewDescriptorsMain.class,
                transport.name(),
                Long.toString(idleAfterMillis));
    }

    /** More clients than the server can accept, each with a request. */
    private static List<PeerRun> connectAll(ChildJvm child) throws Exception {
        Path descriptors = Path.of("/proc", child.await("pid").trim(), "fd");
        InetSocketAddress address = new InetSocketAddress(
                InetAddress.getLoopbackAddress(),
                Integer.parseInt(child.await("port").trim()));
        List<PeerRun> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            PeerRun client = new PeerRun(PeerSocket.connect(address), i, new CountDownLatch(1));
            client.send(new byte[1]);
            clients.add(client);
        }
        Eventually.await("no descriptor is left", () -> count(descriptors) >= DESCRIPTORS);
        return clients;
    }

    private static long count(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.count();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
