package dev.lastbyte.http2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.Drained;
import dev.lastbyte.drain.ManagedServer;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.Http2Answers;
import dev.lastbyte.testing.Http2Peer;
import dev.lastbyte.testing.Http2Peer.Manners;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Drains under HTTP/2 traffic: every stream up to the last GOAWAY is answered whole, and no GOAWAY is lost. */
@RealSockets
class Http2DrainIT {
    private static final String TCP = "dev.lastbyte.testing.Transports#tcp";
    private static final int ANSWER = 20_000;
    private static final Duration PING_TIMEOUT = Duration.ofMillis(100);

    @ParameterizedTest
    @MethodSource(TCP)
    void drains_underTraffic_answerWhatWasTaken(Transports transport) throws Exception {
        drain(transport, 12);
    }

    @Tag("heavy")
    @Timeout(1800)
    @ParameterizedTest
    @MethodSource(TCP)
    void thousandDrains_underTraffic_answerWhatWasTaken(Transports transport) throws Exception {
        drain(transport, 1000);
    }

    private static void drain(Transports transport, int times) throws Exception {
        Totals totals = new Totals();
        for (int round = 0; round < times; round++) {
            drainOnce(transport, Http2Answers.values()[round % 2], totals);
        }
        System.out.println(transport + ": " + totals);
    }

    private static void drainOnce(Transports transport, Http2Answers answers, Totals totals) throws Exception {
        try (ManagedServer server = ManagedServer.on(transport)
                .policy(Drained.PATIENT)
                .handlers(channel -> http2(channel, answers))
                .start()) {
            List<Http2Peer> peers = new ArrayList<>();
            try {
                for (Manners manners : Manners.values()) {
                    peers.add(new Http2Peer(server.address(), manners, ANSWER, 1));
                    peers.add(new Http2Peer(server.address(), manners, 100, 0));
                }
                Eventually.await(
                        "traffic", () -> peers.stream().allMatch(peer -> peer.complete() > 5 + totals.drains % 7));
                DrainReport report = Drained.await(server.manager.drain(), Drained.PATIENT.drainTimeout());
                for (Http2Peer peer : peers) {
                    assertEquals(List.of(), peer.problemsAtTheEnd(), report::toString);
                    totals.answers += peer.complete();
                }
                assertEquals(DrainReport.Outcome.COMPLETE, report.outcome(), report::toString);
                assertEquals(0, report.lostRequests(), report::toString);
                assertEquals(0, report.interrupted(), report::toString);
                long refused = peers.stream().mapToLong(Http2Peer::refused).sum();
                assertTrue(report.refusedRequests() >= refused, () -> refused + " refused, but " + report);
                totals.drains++;
                totals.refused += report.refusedRequests();
                totals.slowestMillis =
                        Math.max(totals.slowestMillis, report.totalTime().toMillis());
            } finally {
                peers.forEach(Http2Peer::close);
            }
        }
    }

    private static void http2(Channel channel, Http2Answers answers) {
        channel.pipeline().addLast(answers.newCodec(), new Http2FarewellHandler(PING_TIMEOUT, Duration.ofSeconds(10)));
        answers.newHandlers().forEach(channel.pipeline()::addLast);
        channel.pipeline().addLast(Http2Answers.newResetSink());
    }

    private static final class Totals {
        private int drains;
        private long answers;
        private long refused;
        private long slowestMillis;

        @Override
        public String toString() {
            return drains + " HTTP/2 drains, " + answers + " whole answers, 0 cut, " + refused
                    + " streams refused behind the last GOAWAY, 0 lost, slowest drain " + slowestMillis + " ms";
        }
    }
}
