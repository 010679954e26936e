package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.http2.Http2FarewellHandler;
import dev.lastbyte.internal.TcpInfo;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.Http2Answers;
import dev.lastbyte.testing.Http2Frames;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.PeerSocket;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.TestTls;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Requests that nobody reports as exchanges, and peers that speak last without asking for anything. */
@RealSockets
class DrainUnansweredIT {
    private static final String GRACEFUL = "dev.lastbyte.testing.Transports#graceful";
    private static final String WITH_TCP_INFO = "dev.lastbyte.testing.Transports#withTcpInfo";
    private static final long ANSWER_MILLIS = 700;
    private static final int MANY = 20;

    /** Answers are awaited for much longer than a connection must be silent to be idle. */
    private static final DrainPolicy POLICY = Drained.POLICY.toBuilder()
            .gracePeriod(Duration.ofSeconds(15))
            .unansweredPeriod(Duration.ofSeconds(10))
            .drainTimeout(Duration.ofSeconds(20))
            .build();

    private static final DrainPolicy SHORT_WAIT =
            POLICY.toBuilder().unansweredPeriod(Duration.ofMillis(600)).build();

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void request_beforeTheDrain_isAnswered(Transports transport) throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        try (ManagedServer server = ManagedServer.on(transport)
                        .policy(POLICY)
                        .handlers(channel -> channel.pipeline().addLast(new SlowAnswer(asked)))
                        .start();
                PeerRun client = server.connect()) {
            client.request();
            assertTrue(asked.await(30, TimeUnit.SECONDS));
            assertAnswered(client, server.manager.drain());
        }
    }

    /** Where the kernel does not tell, the watch must be there first. */
    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void request_whileAnnouncing_isAnswered(Transports transport) throws Exception {
        DrainPolicy announced = POLICY.toBuilder()
                .announceDelay(Duration.ofMillis(500))
                .drainTimeout(Duration.ofSeconds(25))
                .build();
        try (ManagedServer server = ManagedServer.on(transport)
                        .policy(announced)
                        .handlers(channel -> channel.pipeline().addLast(new SlowAnswer(new CountDownLatch(1))))
                        .start();
                PeerRun client = server.connect()) {
            Channel channel = server.accepted();
            server.awaitOpen(1);
            CompletableFuture<DrainReport> drain = server.manager.drain();
            if (!transport.tellsSilence()) {
                Eventually.await("silence is watched", () -> channel.pipeline().get(Silence.Watch.class) != null);
            }
            client.request();
            assertAnswered(client, drain);
        }
    }

    private static void assertAnswered(PeerRun client, CompletableFuture<DrainReport> drain) throws Exception {
        client.readAll();
        client.socket().close();
        DrainReport report = Drained.await(drain, POLICY.drainTimeout().plusSeconds(5));
        assertEquals(1, client.bytes(), report::toString);
        assertCompleteAndSoon(report);
    }

    private static void assertCompleteAndSoon(DrainReport report) {
        assertEquals(DrainReport.Outcome.COMPLETE, report.outcome(), report::toString);
        assertTrue(report.totalTime().toMillis() < 8_000, report::toString);
    }

    /** The kernel's clock cannot tell that the answers came last. */
    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void answer_inTheTickOfItsRequest_isTheLastWord(Transports transport) throws Exception {
        try (ManagedServer server = ManagedServer.on(transport)
                .policy(POLICY)
                .handlers(channel -> channel.pipeline().addLast(new FirstAtOnce()))
                .start()) {
            List<PeerRun> clients = server.connectMany(MANY);
            for (PeerRun client : clients) {
                client.request();
                client.read(1);
            }
            assertSameTick(server);
            CompletableFuture<DrainReport> drain = server.manager.drain();
            DrainReport report = readAll(clients, drain);
            assertCompleteAndSoon(report);
        }
    }

    /** Nor that the requests did. */
    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void request_inTheTickOfTheLastAnswer_isAnswered(Transports transport) throws Exception {
        try (ManagedServer server = ManagedServer.on(transport)
                .policy(POLICY)
                .handlers(channel -> channel.pipeline().addLast(new FirstAtOnce()))
                .start()) {
            List<PeerRun> clients = server.connectMany(MANY);
            for (PeerRun client : clients) {
                client.request();
                client.read(1);
                client.request();
            }
            CompletableFuture<DrainReport> drain = server.manager.drain();
            assertSameTick(server);
            DrainReport report = readAll(clients, drain);
            for (PeerRun client : clients) {
                assertEquals(2, client.bytes(), report::toString);
            }
            assertCompleteAndSoon(report);
        }
    }

    private static void assertSameTick(ManagedServer server) {
        assertTrue(server.children().stream()
                .map(TcpInfo::read)
                .anyMatch(info -> info != null && info.lastWord() == TcpInfo.LastWord.SAME_TICK));
    }

    private static DrainReport readAll(List<PeerRun> clients, CompletableFuture<DrainReport> drain) throws Exception {
        for (PeerRun client : clients) {
            client.readAll();
            client.socket().close();
        }
        return Drained.await(drain, POLICY.drainTimeout().plusSeconds(5));
    }

    /** A ping that needs no answer looks like a request. */
    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void peer_speaksLast_isKeptForTheUnansweredPeriod_andReported(Transports transport) throws Exception {
        CountDownLatch read = new CountDownLatch(1);
        try (ManagedServer server = ManagedServer.on(transport)
                        .policy(SHORT_WAIT)
                        .handlers(channel -> channel.pipeline().addLast(new Swallows(read)))
                        .start();
                PeerRun client = server.connect()) {
            client.request();
            assertTrue(read.await(30, TimeUnit.SECONDS));
            DrainReport report = drain(server, client);
            assertEquals(DrainReport.Outcome.UNCONFIRMED, report.outcome(), report::toString);
            assertEquals(1, report.possiblyUnanswered(), report::toString);
            assertTrue(report.totalTime().toMillis() >= 600, report::toString);
        }
    }

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void listener_withAPeriodOfZero_keepsNobody(Transports transport) throws Exception {
        CountDownLatch read = new CountDownLatch(1);
        try (ManagedServer server = ManagedServer.on(transport)
                        .policy(POLICY)
                        .handlers(channel -> channel.pipeline().addLast(new Swallows(read)))
                        .start();
                PeerRun client = server.connect()) {
            server.manager.manage(server.listener(), Duration.ZERO);
            client.request();
            assertTrue(read.await(30, TimeUnit.SECONDS));
            DrainReport report = drain(server, client);
            assertEquals(1, report.possiblyUnanswered(), report::toString);
            assertTrue(report.totalTime().toMillis() < 8_000, report::toString);
        }
    }

    /** Nobody was there to see who spoke last: it is closed when it is idle, and not called complete. */
    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void peer_neverSpoke_isClosedWhenIdle(Transports transport) throws Exception {
        try (ManagedServer server = ManagedServer.on(transport).policy(POLICY).start();
                PeerRun client = server.connect()) {
            server.accepted();
            server.awaitOpen(1);
            DrainReport report = drain(server, client);
            assertEquals(Drained.outcomeOfSilence(transport), report.outcome(), report::toString);
            assertEquals(0, report.possiblyUnanswered(), report::toString);
            assertEquals(transport.tellsSilence() ? 0 : 1, report.unjudged(), report::toString);
            assertTrue(report.totalTime().toMillis() < 8_000, report::toString);
        }
    }

    /** Its last word is the acknowledgement of our SETTINGS. */
    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void http2_peerSpeaksLast_isIdleAllTheSame(Transports transport) throws Exception {
        try (ManagedServer server = ManagedServer.on(transport)
                        .policy(POLICY)
                        .handlers(DrainUnansweredIT::http2)
                        .start();
                PeerRun client = server.connect()) {
            client.send(Http2Frames.prefaceWithOpenWindows());
            Channel channel = server.accepted();
            client.read(1 << 16);
            CountDownLatch acknowledged = new CountDownLatch(1);
            addPasses(channel, acknowledged);
            client.send(Http2Frames.settingsAck());
            assertTrue(acknowledged.await(30, TimeUnit.SECONDS));
            DrainReport report = drain(server, client);
            assertCompleteAndSoon(report);
        }
    }

    /** In a resumed TLS 1.2 session the peer's Finished comes last, and nothing tells it from a request. */
    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void tls12_resumed_isKeptNoLongerThanTheUnansweredPeriod(Transports transport) throws Exception {
        SSLContext peers = TestTls.peer();
        try (ManagedServer server =
                ManagedServer.on(transport).policy(SHORT_WAIT).start()) {
            Channel listener = server.listen(server.manager, TestTls.server(SslProvider.JDK, "TLSv1.2"));
            server.manager.manage(listener);
            PeerSocket.connect(listener.localAddress(), peers, 0).close();
            Eventually.await("the first has gone", () -> server.reports.size() == 1);
            try (PeerRun resumed =
                    new PeerRun(PeerSocket.connect(listener.localAddress(), peers, 0), 1, new CountDownLatch(1))) {
                server.awaitOpen(1);
                DrainReport report = drain(server, resumed);
                assertEquals(1, report.possiblyUnanswered(), report::toString);
                assertTrue(report.totalTime().toMillis() < 8_000, report::toString);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void tls_handshakeNotFinished_isIdle(Transports transport) throws Exception {
        try (ManagedServer server =
                        ManagedServer.on(transport).policy(POLICY).start().withTls();
                PeerRun client = server.connectTo(server.tlsAddress(), 0)) {
            Channel channel = server.accepted();
            CountDownLatch read = new CountDownLatch(1);
            addPasses(channel, read);
            client.send(new byte[] {22, 3, 1, 1, 0, 1}); // the beginning of a ClientHello
            assertTrue(read.await(30, TimeUnit.SECONDS));
            server.awaitOpen(1);
            DrainReport report = drain(server, client);
            assertCompleteAndSoon(report);
        }
    }

    private static DrainReport drain(ManagedServer server, PeerRun client) throws Exception {
        CompletableFuture<DrainReport> drain = server.manager.drain();
        client.readAll();
        client.socket().close();
        return Drained.await(drain, POLICY.drainTimeout());
    }

    /** Behind our handler, before TLS and codecs. */
    private static void addPasses(Channel channel, CountDownLatch read) {
        ChannelHandlerContext ours = channel.pipeline().context(GracefulCloseHandler.class);
        channel.eventLoop()
                .submit(() -> channel.pipeline().addAfter(ours.name(), null, new Passes(read)))
                .syncUninterruptibly();
    }

    private static void http2(Channel channel) {
        channel.pipeline()
                .addLast(
                        Http2Answers.MULTIPLEX.newCodec(),
                        new Http2FarewellHandler(Duration.ofMillis(100), Duration.ofSeconds(10)));
        Http2Answers.MULTIPLEX.newHandlers().forEach(channel.pipeline()::addLast);
        channel.pipeline().addLast(Http2Answers.newResetSink());
    }

    private static void answer(ChannelHandlerContext ctx) {
        ctx.writeAndFlush(ctx.alloc().buffer(1).writeByte(0));
    }

    private static void answerLater(ChannelHandlerContext ctx) {
        ctx.executor().schedule(() -> answer(ctx), ANSWER_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Answers each piece of input with a byte, later. */
    private static final class SlowAnswer extends ChannelInboundHandlerAdapter {
        private final CountDownLatch asked;

        SlowAnswer(CountDownLatch asked) {
            this.asked = asked;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
            answerLater(ctx);
            asked.countDown();
        }
    }

    /** Answers the first byte at once, and further ones later. */
    private static final class FirstAtOnce extends ChannelInboundHandlerAdapter {
        private boolean answered;

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
            if (answered) {
                answerLater(ctx);
            } else {
                answered = true;
                answer(ctx);
            }
        }
    }

    /** Answers nothing. */
    private static final class Swallows extends ChannelInboundHandlerAdapter {
        private final CountDownLatch read;

        Swallows(CountDownLatch read) {
            this.read = read;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
            read.countDown();
        }
    }

    /** Sees input pass. */
    private static final class Passes extends ChannelInboundHandlerAdapter {
        private final CountDownLatch read;

        Passes(CountDownLatch read) {
            this.read = read;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ctx.fireChannelRead(message);
            read.countDown();
        }
    }
}
