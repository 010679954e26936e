package dev.lastbyte.internal.listener;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.lastbyte.demo.link.DelayedLink;
import dev.lastbyte.demo.link.LinkException;
import dev.lastbyte.testing.ChildJvm;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.StormChild;
import dev.lastbyte.testing.Transports;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Stops over a link of 20 ms, where at any moment as many handshakes are under way as connections are served: clients whose
 * last ACK has not arrived believe to be connected.
 */
@RealSockets
class ListenerLinkIT {
    private static final Duration ROUND_TRIP = Duration.ofMillis(20);
    private static final int CLIENTS = 32;
    private static final int STOPS = 2;
    private static final int MOST_CLOSES = 20;

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#withTcpInfo")
    void stop_overALongLink_losesNoClient_aPlainCloseDoes(Transports transport) throws Exception {
        transport.assumeAvailable();
        try (DelayedLink link = open();
                ChildJvm server = new ChildJvm(
                        link.atServer(), ListenerChild.class, transport.name(), DelayedLink.SERVER_HOST, "0");
                ChildJvm peers = new ChildJvm(link.atPeers(), StormChild.class)) {
            String port = server.await("bound");
            long lostByStops = 0;
            String said = "";
            for (int round = 0; round < STOPS; round++) {
                peers.ask(storm(port), "running");
                said = server.ask("stop", "stopped");
                lostByStops += lost(peers);
                port = server.ask("bind", "bound");
            }
            long lostByCloses = 0;
            int closes = 0;
            for (; lostByCloses == 0 && closes < MOST_CLOSES; closes++) { // one may meet no handshake
                peers.ask(storm(port), "running");
                server.ask("close", "stopped");
                lostByCloses = lost(peers);
                port = server.ask("bind", "bound");
            }
            System.out.println(transport + ": lost by " + closes + " plain closes " + lostByCloses + ", by " + STOPS
                    + " stops " + lostByStops + "; " + said);
            assertEquals(0, lostByStops, said);
            assertTrue(lostByCloses > 0, "no client was lost by " + closes + " plain closes");
        }
    }

    private static String storm(String port) {
        return "storm " + DelayedLink.SERVER_HOST + " " + port + " " + CLIENTS + " "
                + ROUND_TRIP.multipliedBy(2).toMillis(); // one for the handshake, one for the answer
    }

    private static long lost(ChildJvm peers) throws Exception {
        return Long.parseLong(peers.await("ended").split(" ")[1]);
    }

    private static DelayedLink open() {
        try {
            return DelayedLink.open(ROUND_TRIP);
        } catch (LinkException e) {
            return abort("no link to be had: " + e.getMessage());
        }
    }
}
