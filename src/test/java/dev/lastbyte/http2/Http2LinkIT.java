package dev.lastbyte.http2;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.lastbyte.demo.link.DelayedLink;
import dev.lastbyte.demo.link.LinkException;
import dev.lastbyte.testing.ChildJvm;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A drain over a link of 20 ms, where requests are always under way when a GOAWAY is sent. */
@RealSockets
class Http2LinkIT {
    @Test
    void drain_overALongLink_hurtsNobody_aPlainCloseDoes() throws Exception {
        drainAndClose(Transports.EPOLL);
    }

    @Tag("heavy")
    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    void drain_overALongLink_onEveryTransport_hurtsNobody(Transports transport) throws Exception {
        drainAndClose(transport);
    }

    private static void drainAndClose(Transports transport) throws Exception {
        transport.assumeAvailable();
        try (DelayedLink link = open()) {
            String drained = end(link, transport, "drained");
            String closed = end(link, transport, "plain");
            System.out.println(transport + ": drained " + drained + "; Netty's own close " + closed);
            assertTrue(drained.startsWith("0 hurt, 0 without GOAWAY, of 16"), drained);
            assertFalse(closed.startsWith("0 hurt"), closed);
        }
    }

    private static String end(DelayedLink link, Transports transport, String way) throws Exception {
        try (ChildJvm server =
                new ChildJvm(link.atServer(), Http2Server.class, transport.name(), DelayedLink.SERVER_HOST, way)) {
            String port = server.await("bound");
            try (ChildJvm peers =
                    new ChildJvm(link.atPeers(), Http2PeersChild.class, DelayedLink.SERVER_HOST, port, way)) {
                peers.await("running");
                server.ask("end", "ended");
                return peers.await("ended");
            }
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
