package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.internal.SocketTable;
import dev.lastbyte.internal.SystemView;
import dev.lastbyte.internal.listener.HandshakeLooks;
import dev.lastbyte.internal.listener.ListenerChild;
import dev.lastbyte.internal.listener.ListenerStop;
import dev.lastbyte.testing.ChildJvm;
import dev.lastbyte.testing.ConnectStorm;
import dev.lastbyte.testing.OneByteServer;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A port that goes from one process to its successor with SO_REUSEPORT, under load. */
@RealSockets
class ListenerHandoverIT {
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

    @AfterEach
    void endTimer() {
        timer.shutdownNow();
    }

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    void port_handedToASuccessor_refusesNobody_andLosesNobody(Transports transport) throws Exception {
        transport.assumeAvailable();
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        try (OneByteServer first = new OneByteServer(transport, any, b -> OneByteServer.reusePort(b, transport))) {
            InetSocketAddress address = (InetSocketAddress) first.address();
            try (ConnectStorm storm = ConnectStorm.untilStopped(address, 16).awaitServed(500);
                    ChildJvm second = new ChildJvm(
                            List.of(),
                            ListenerChild.class,
                            transport.name(),
                            address.getHostString(),
                            String.valueOf(address.getPort()))) {
                second.await("bound");
                storm.awaitServed(storm.served() + 500);
                ListenerStop.Result report = ListenerStop.start(
                                first.listener(),
                                System.nanoTime() + TimeUnit.SECONDS.toNanos(10),
                                SystemView.REAL,
                                timer,
                                new HandshakeLooks(SystemView.REAL, SocketTable.SYSTEM))
                        .toCompletableFuture()
                        .get(30, TimeUnit.SECONDS);
                int accepted = first.accepted();
                storm.awaitServed(storm.served() + 1000).stop();
                System.out.println(storm + "; " + report);
                assertEquals(accepted, first.accepted());
                // NIO cannot hold connections off: one that arrives between its last accept and its close is lost
                int tolerated = transport == Transports.NIO ? 2 : 0;
                assertTrue(storm.refused() + storm.lost().size() <= tolerated, storm::toString);
            }
        }
    }
}
