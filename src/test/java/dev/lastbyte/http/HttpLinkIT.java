package dev.lastbyte.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.lastbyte.demo.link.DelayedLink;
import dev.lastbyte.demo.link.LinkException;
import dev.lastbyte.testing.ChildJvm;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Drains over a link of 20 ms, where the next request is on its way for as long as a whole exchange takes on loopback. */
@RealSockets
class HttpLinkIT {
    private static final int CLIENTS = 32;
    private static final int DRAINS = 2;

    @ParameterizedTest
    @EnumSource(names = {"NIO", "EPOLL", "IO_URING"})
    void drains_overALongLink_loseNone_withoutProtectionTheyDo(Transports transport) throws Exception {
        transport.assumeAvailable();
        try (DelayedLink link = open();
                ChildJvm clients = new ChildJvm(link.atPeers(), HttpDrainChild.class, "clients")) {
            Losses with = drains(link, transport, clients, 1000);
            Losses without = drains(link, transport, clients, 0);
            System.out.println(transport + ": with protection " + with + ", without " + without);
            assertEquals(new Losses(0, 0), with);
            assertTrue(without.seen > 0, "nothing was lost without protection");
            assertEquals(without.seen, without.reported);
        }
    }

    /**
     * Connections that ended with requests lost.
     *
     * @param seen by the clients
     * @param reported by the server
     */
    private record Losses(long seen, long reported) {}

    private static Losses drains(DelayedLink link, Transports transport, ChildJvm clients, long protectionMillis)
            throws Exception {
        long seen = 0;
        long reported = 0;
        try (ChildJvm server = new ChildJvm(
                link.atServer(),
                HttpDrainChild.class,
                "server",
                transport.name(),
                DelayedLink.SERVER_HOST,
                "" + protectionMillis)) {
            for (int round = 0; round < DRAINS; round++) {
                String port = server.await("bound");
                clients.ask("run " + DelayedLink.SERVER_HOST + " " + port + " " + CLIENTS, "running");
                String report = server.ask("drain", "drained");
                String ended = clients.await("ended");
                assertEquals("0", ended.split(" ")[1], ended + "\n" + report);
                seen += Long.parseLong(ended.split(" ")[0]);
                reported += Long.parseLong(report.split(" ")[0]);
            }
            server.await("bound");
        }
        return new Losses(seen, reported);
    }

    private static DelayedLink open() {
        try {
            return DelayedLink.open(Duration.ofMillis(20));
        } catch (LinkException e) {
            return abort("no link to be had: " + e.getMessage());
        }
    }
}
