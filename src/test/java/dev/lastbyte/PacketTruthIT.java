package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.PacketCapture;
import dev.lastbyte.testing.PacketCapture.Segment;
import dev.lastbyte.testing.PeerResult;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.ScriptedPeer;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The reports against the packets: who sent RST, and whether the FIN came behind the last byte. */
@RealSockets
class PacketTruthIT {
    private static final String TCP = "dev.lastbyte.testing.Transports#tcp";
    private static final int ANSWER = 1 << 20;
    private static final int TOO_LARGE = 16 << 20;
    private static final GracefulCloseConfig QUICK = GracefulCloseConfig.builder()
            .flushTimeout(Duration.ofMillis(500))
            .stallTimeout(Duration.ofMillis(1500))
            .discardRate(64L << 20)
            .build();

    @ParameterizedTest
    @MethodSource(TCP)
    void peersThatReadOn_getTheFinBehindTheLastByteAndNoReset(Transports transport) throws Exception {
        try (TestServer server = start(transport, ANSWER);
                PacketCapture capture = PacketCapture.start(server.port())) {
            List<ScriptedPeer> peers = List.of(
                    ScriptedPeer.WELL_BEHAVED,
                    ScriptedPeer.CHATTY,
                    ScriptedPeer.UNREAD_64K,
                    ScriptedPeer.UPLOADS_UNTIL_EOF,
                    ScriptedPeer.HALF_CLOSES_FIRST,
                    ScriptedPeer.NEVER_CLOSES);
            List<Met> met = new ArrayList<>();
            for (ScriptedPeer peer : peers) {
                met.add(meet(server, peer));
            }
            List<Segment> segments = capture.stop();
            for (Met one : met) {
                List<Segment> ours = sentByServer(segments, server, one.port);
                assertFalse(ours.stream().anyMatch(Segment::isReset), () -> "we reset: " + one);
                Segment fin = ours.stream()
                        .filter(Segment::isFin)
                        .findFirst()
                        .orElseThrow(() -> new AssertionError("no FIN: " + one));
                assertEquals(ANSWER + 1, fin.end(), () -> "the FIN's place in the stream: " + one);
                assertTrue(one.report.outcome().isDelivered() || !transport.tellsDelivery(), one::toString);
                assertTrue(one.saw.isWhole(ANSWER), one::toString);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void cutAnswer_isResetAndHasNoFin(Transports transport) throws Exception {
        try (TestServer server = start(transport, TOO_LARGE);
                PacketCapture capture = PacketCapture.start(server.port());
                PeerRun peer = server.connect(0)) {
            peer.request();
            CloseReport report = server.report(server.accepted());
            peer.readAll(); // up to the reset
            List<Segment> ours =
                    sentByServer(capture.stop(), server, peer.socket().localPort());
            assertEquals(CloseOutcome.ABORTED, report.outcome());
            assertTrue(ours.stream().anyMatch(Segment::isReset), "an abort without RST");
            assertFalse(ours.stream().anyMatch(Segment::isFin), "a cut answer with FIN");
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void resetOfThePeer_isReportedAsThePeers(Transports transport) throws Exception {
        try (TestServer server = start(transport, ANSWER);
                PacketCapture capture = PacketCapture.start(server.port())) {
            Met one = meet(server, ScriptedPeer.RESETS);
            List<Segment> segments = capture.stop();
            assertTrue(segments.stream().anyMatch(s -> s.from() == one.port && s.isReset()), "the peer was to reset");
            assertFalse(
                    sentByServer(segments, server, one.port).stream().anyMatch(Segment::isReset),
                    () -> "we reset: " + one);
            assertFalse(
                    one.report.outcome().isDelivered() || one.report.outcome() == CloseOutcome.ABORTED, one::toString);
        }
    }

    private record Met(ScriptedPeer peer, int port, PeerResult saw, CloseReport report) {}

    private static Met meet(TestServer server, ScriptedPeer peer) throws Exception {
        PeerRun run = server.connect(peer.receiveBuffer());
        int port = run.socket().localPort();
        PeerResult saw = peer.run(run);
        return new Met(peer, port, saw, server.report(server.accepted()));
    }

    private static List<Segment> sentByServer(List<Segment> segments, TestServer server, int peerPort) {
        return segments.stream()
                .filter(s -> s.from() == server.port() && s.to() == peerPort)
                .toList();
    }

    private static TestServer start(Transports transport, int length) {
        return TestServer.on(transport)
                .config(QUICK)
                .handlers(c -> c.pipeline().addLast(Answer.thenClose(length)))
                .start();
    }
}
