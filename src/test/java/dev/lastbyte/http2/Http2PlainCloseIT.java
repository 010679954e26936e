package dev.lastbyte.http2;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.Http2Peer;
import dev.lastbyte.testing.Http2Peer.Manners;
import dev.lastbyte.testing.NoWarnings;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The control of {@link Http2DrainIT}: the same traffic, and Netty's own {@code close()}, which sends one GOAWAY and closes. */
@RealSockets
class Http2PlainCloseIT {
    private static final int ROUNDS = 5;
    private static final int MOST_ROUNDS = 20;

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    void nettysOwnClose_underTraffic_losesAnswersOrGoAway(Transports transport) throws Exception {
        transport.assumeAvailable();
        NoWarnings.tolerate("exceptionCaught\\(\\) event was fired"); // the error that Netty makes of a late body
        int connections = 0;
        int hurt = 0;
        int withoutGoAway = 0;
        for (int round = 0; round < ROUNDS || hurt == 0 && round < MOST_ROUNDS; round++) {
            for (List<String> losses : closeOnce(transport)) {
                connections++;
                hurt += losses.isEmpty() ? 0 : 1;
                withoutGoAway += losses.contains("no GOAWAY") ? 1 : 0;
            }
        }
        System.out.println(transport + ": Netty's own close hurt " + hurt + " of " + connections + " connections, "
                + withoutGoAway + " of them saw no GOAWAY");
        assertTrue(hurt > 0, "nobody was hurt");
    }

    private static List<List<String>> closeOnce(Transports transport) throws Exception {
        List<Http2Peer> peers = new ArrayList<>();
        try (Http2Server server = Http2Server.plain(transport, transport.newAddress())) {
            for (int i = 0; i < 8; i++) {
                peers.add(new Http2Peer(server.address(), Manners.RUDE, 20_000, 1));
            }
            Eventually.await("traffic", () -> peers.stream().allMatch(peer -> peer.complete() > 5));
            server.end();
            List<List<String>> losses = new ArrayList<>();
            for (Http2Peer peer : peers) {
                losses.add(peer.losses());
            }
            return losses;
        } finally {
            peers.forEach(Http2Peer::close);
        }
    }
}
