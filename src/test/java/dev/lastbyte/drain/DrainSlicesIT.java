package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.LoopProbe;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** An event loop goes on turning while a drain asks thousands of its connections to close. */
@RealSockets
class DrainSlicesIT {
    private static final int CONNECTIONS = 3000;

    /** What is measured is the begin of the closes, so nothing ends them meanwhile but the deadline. */
    private static final DrainPolicy POLICY = Drained.POLICY.toBuilder()
            .gracePeriod(Duration.ofMillis(2000))
            .longLivedPeriod(Duration.ofMillis(2000))
            .drainTimeout(Duration.ofMillis(2500))
            .build();

    @Tag("heavy")
    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    void drain_threeThousandIdleConnections_leavesTheLoopItsTurns(Transports transport) throws Exception {
        long inOneTask = gap(transport, true);
        long drained = gap(transport, false);
        System.out.println(transport + ": longest gap of the event loop while " + CONNECTIONS
                + " connections are closed: " + drained + " ms by a drain, " + inOneTask + " ms in one task");
        assertTrue(drained < 100, () -> "the loop stood still for " + drained + " ms");
        assertTrue(drained < inOneTask, () -> drained + " ms against " + inOneTask + " ms in one task");
    }

    private static long gap(Transports transport, boolean inOneTask) throws Exception {
        List<PeerRun> peers = new ArrayList<>();
        try (ManagedServer server = ManagedServer.on(transport)
                .config(ClosingLimitIT.PATIENT)
                .policy(POLICY)
                .start()) {
            peers.addAll(server.connectMany(CONNECTIONS));
            EventExecutor loop = server.group.iterator().next();
            LoopProbe probe = new LoopProbe(loop);
            if (inOneTask) {
                List<Channel> channels = server.children();
                loop.execute(() -> channels.forEach(Channel::close));
            } else {
                server.manager.drain();
            }
            for (PeerRun peer : peers) {
                peer.readAll(); // until each has been told to close
                assertTrue(peer.isEof());
            }
            long millis = probe.stop();
            DrainReport report = Drained.await(server.manager.drain(), POLICY.drainTimeout());
            assertEquals(CONNECTIONS, report.openAtStart());
            return millis;
        } finally {
            for (PeerRun peer : peers) {
                peer.close();
            }
        }
    }
}
