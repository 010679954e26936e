package dev.lastbyte.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseCause;
import dev.lastbyte.CloseOverride;
import dev.lastbyte.CloseReport;
import dev.lastbyte.FarewellReport;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.Listening;
import dev.lastbyte.testing.PeerSocket;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Closes of HTTP connections on real sockets. */
@RealSockets
class HttpCloseIT {
    private static final String GRACEFUL = "dev.lastbyte.testing.Transports#graceful";
    private static final String REQUEST = "GET /full/1/0/0 HTTP/1.1\r\nHost: x\r\n\r\n";

    /** A long poll whose client leaves: the application hears of it, and decides. */
    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void clientLeavesDuringALongPoll_theApplicationHearsOfItAtOnce(Transports transport) throws Exception {
        CompletableFuture<Long> heard = new CompletableFuture<>();
        try (TestServer server = TestServer.on(transport)
                .handlers(c -> c.pipeline().addLast(new HttpServerCodec(), new HttpFarewellHandler(), new Listening() {
                    @Override
                    public void peerEnded(ChannelHandlerContext ctx) {
                        heard.complete(System.nanoTime());
                        ctx.close();
                    }
                }))
                .start()) {
            PeerSocket peer = server.connect();
            send(peer, REQUEST);
            Channel channel = server.accepted();
            long left = System.nanoTime();
            peer.close();
            CloseReport report = server.report(channel);
            long millis = (heard.get() - left) / 1_000_000;
            assertTrue(millis < 4000, "heard after " + millis + " ms");
            assertTrue(report.totalTime().compareTo(Duration.ofSeconds(4)) < 0, report::toString);
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void clientLeavesDuringALongPoll_withoutHalfClose_theConnectionEndsAtOnce(Transports transport) throws Exception {
        HttpFarewellConfig config =
                HttpFarewellConfig.builder().withoutHalfClose().build();
        CompletableFuture<Long> inactive = new CompletableFuture<>();
        try (TestServer server = TestServer.on(transport)
                .handlers(c -> c.pipeline()
                        .addLast(new HttpServerCodec(), new HttpFarewellHandler(config), new Listening() {
                            @Override
                            public void channelInactive(ChannelHandlerContext ctx) {
                                inactive.complete(System.nanoTime());
                            }
                        }))
                .start()) {
            PeerSocket peer = server.connect();
            send(peer, REQUEST);
            Channel channel = server.accepted();
            long left = System.nanoTime();
            peer.close();
            CloseReport report = server.report(channel);
            long millis = (inactive.get() - left) / 1_000_000;
            assertTrue(millis < 4000, "inactive after " + millis + " ms");
            assertEquals(0, farewell(report).lostRequests(), report::toString);
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void heldClose_nextRequest_isServedWithClose(Transports transport) throws Exception {
        HttpFarewellConfig patient = HttpFarewellConfig.builder()
                .minIdleProtection(Duration.ofSeconds(30))
                .build();
        try (TestServer server = start(transport, patient);
                PeerSocket peer = server.connect()) {
            Channel channel = server.accepted();
            send(peer, REQUEST);
            String first = answer(peer);
            assertTrue(first.startsWith("HTTP/1.1 200 ") && !first.contains("connection: close"), first);
            channel.close();
            channel.eventLoop().submit(() -> {}).sync(); // the close has come by
            assertTrue(!GracefulCloseHandler.isClosing(channel));
            send(peer, REQUEST);
            String last = answer(peer);
            assertTrue(last.contains("connection: close\r\n"), last);
            assertEquals(-1, peer.read(new byte[1], 1));
            peer.shutdownOutput();
            assertEquals(
                    FarewellReport.Outcome.SAID,
                    farewell(server.report(channel)).outcome());
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void lateRequest_behindTheFin_isLostInTheReport(Transports transport) throws Exception {
        HttpFarewellConfig bare =
                HttpFarewellConfig.builder().withoutIdleProtection().build();
        try (TestServer server = start(transport, bare);
                PeerSocket peer = server.connect()) {
            Channel channel = server.accepted();
            send(peer, REQUEST);
            answer(peer);
            channel.close();
            Eventually.await("closing", () -> GracefulCloseHandler.isClosing(channel));
            send(peer, REQUEST + REQUEST);
            assertEquals(-1, peer.read(new byte[1], 1));
            peer.shutdownOutput();
            CloseReport report = server.report(channel);
            assertEquals(2L * REQUEST.length(), report.discardedBytes(), report::toString);
            assertEquals(1, farewell(report).lostRequests(), report::toString);
            assertEquals(FarewellReport.Outcome.NOT_SAID, farewell(report).outcome(), report::toString);
        }
    }

    /** A client that never stops uploading is let go when the early answer's limits say so, not the connection's. */
    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    void earlyAnswer_uploadWithoutEnd_endsWithItsLimits(Transports transport) throws Exception {
        HttpFarewellConfig brief = HttpFarewellConfig.builder()
                .earlyAnswers(CloseOverride.of(limits -> limits.maxDiscardedBytes(100_000)))
                .build();
        try (TestServer server = start(transport, brief);
                PeerSocket peer = server.connect()) {
            Channel channel = server.accepted();
            send(peer, "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2000000000\r\n\r\n");
            String answer = answer(peer);
            assertTrue(answer.startsWith("HTTP/1.1 413 "), answer);
            uploadUntilClosed(peer);
            CloseReport report = server.report(channel);
            assertEquals(CloseCause.BYTE_LIMIT, report.cause(), report::toString);
            assertEquals(0, farewell(report).lostRequests() + farewell(report).refusedRequests(), report::toString);
        }
    }

    private static TestServer start(Transports transport, HttpFarewellConfig farewell) {
        return TestServer.on(transport)
                .config(GracefulCloseConfig.builder()
                        .quietPeriod(Duration.ofSeconds(20))
                        .deliveredTimeout(Duration.ofSeconds(20))
                        .stallTimeout(Duration.ofSeconds(20))
                        .build())
                .handlers(channel -> channel.pipeline()
                        .addLast(new HttpServerCodec(), new HttpFarewellHandler(farewell))
                        .addLast(new HttpObjectAggregator(1000), new HttpAnswering(new LongAdder())))
                .start();
    }

    private static FarewellReport farewell(CloseReport report) {
        return report.farewell().orElseThrow();
    }

    private static void send(PeerSocket peer, String text) throws IOException {
        byte[] bytes = text.getBytes(US_ASCII);
        peer.write(bytes, bytes.length);
    }

    private static String answer(PeerSocket peer) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        byte[] one = new byte[1];
        while (!head.toString(US_ASCII).endsWith("\r\n\r\n")) {
            assertEquals(1, peer.read(one, 1), () -> "EOF after " + head.toString(US_ASCII));
            head.write(one[0]);
        }
        return head.toString(US_ASCII);
    }

    private static void uploadUntilClosed(PeerSocket peer) {
        byte[] chunk = new byte[8192];
        try {
            while (true) {
                peer.write(chunk, chunk.length);
            }
        } catch (IOException e) {
            // the connection is gone
        }
    }
}
