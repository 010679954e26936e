package dev.lastbyte.websocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.lastbyte.demo.link.DelayedLink;
import dev.lastbyte.demo.link.LinkException;
import dev.lastbyte.testing.ChildJvm;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A drain over a link of 20 ms, where messages of the peer are always on their way when the Close frame is. */
@RealSockets
class WebSocketLinkIT {
    private static final int CLIENTS = 16;

    @ParameterizedTest
    @EnumSource(names = "EPOLL")
    void drain_overALongLink_endsEveryWebSocketCleanly(Transports transport) throws Exception {
        transport.assumeAvailable();
        try (DelayedLink link = open()) {
            assertEquals(CLIENTS + " none", drained(link, transport));
        }
    }

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    @Tag("heavy")
    void drain_overALongLink_endsEveryWebSocketCleanly_aPlainCloseDoesNot(Transports transport) throws Exception {
        transport.assumeAvailable();
        try (DelayedLink link = open()) {
            String drained = drained(link, transport);
            String closed = end(link, transport, "plain", "plainly");
            System.out.println(transport + ": clean ends by a drain " + drained + ", by plain closes " + closed);
            assertEquals(CLIENTS + " none", drained);
            assertTrue(Integer.parseInt(closed.split(" ", 2)[0]) < CLIENTS, "the control has ended cleanly");
        }
    }

    private static String drained(DelayedLink link, Transports transport) throws Exception {
        return end(link, transport, "drained", "COMPLETE " + CLIENTS);
    }

    private static String end(DelayedLink link, Transports transport, String way, String ended) throws Exception {
        try (ChildJvm server = new ChildJvm(
                link.atServer(), WebSocketServerChild.class, transport.name(), DelayedLink.SERVER_HOST, way)) {
            String port = server.await("bound");
            try (ChildJvm clients = new ChildJvm(
                    link.atPeers(),
                    WebSocketClientsChild.class,
                    DelayedLink.SERVER_HOST,
                    port,
                    String.valueOf(CLIENTS))) {
                clients.await("running");
                assertEquals(ended, server.ask("end", "ended"));
                return clients.await("clean");
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
