package dev.lastbyte;

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
    private static final int CLIENTS = 32;
    private static final int ROUNDS = 2;

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#withTcpInfo")
    void stop_overALongLink_losesNoClient_aPlainCloseDoes(Transports transport) throws Exception {
        transport.assumeAvailable();
        try (DelayedLink link = open();
                ChildJvm server = new ChildJvm(
                        link.atServer(), ListenerChild.class, transport.name(), DelayedLink.SERVER_HOST, "0");
                ChildJvm peers = new ChildJvm(link.atPeers(), StormChild.class)) {
            String port = server.await("bound");
            long[] lost = {0, 0};
            String said = "";
            for (int round = 0; round < 2 * ROUNDS; round++) {
                boolean plain = round % 2 == 0;
                peers.ask("storm " + DelayedLink.SERVER_HOST + " " + port + " " + CLIENTS, "running");
                said = server.ask(plain ? "close" : "stop", "stopped");
                lost[round % 2] += Long.parseLong(peers.await("ended").split(" ")[1]);
                port = server.ask("bind", "bound");
            }
            System.out.println(transport + ": lost by plain closes " + lost[0] + ", by stops " + lost[1] + "; " + said);
            assertTrue(lost[0] > 0, "no client was lost by a plain close");
            assertEquals(0, lost[1], said);
        }
    }

    private static DelayedLink open() {
        try {
            return DelayedLink.open(Duration.ofMillis(20));
        } catch (LinkException e) {
            return abort("no link to be had: " + e.getMessage());
        }
    }
}
