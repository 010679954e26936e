package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.internal.TcpInfo;
import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.KernelSockets;
import dev.lastbyte.testing.NoWarnings;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.ScriptedPeer;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Closes crossed by something else: resets, the end of the event loop, deregistration, handlers removed. */
@RealSockets
class LifecycleIT {
    private static final String TCP = "dev.lastbyte.testing.Transports#tcp";
    private static final int LARGE = 16 << 20;

    /** Waits for nothing but the peer, for longer than any test. */
    private static final GracefulCloseConfig PATIENT = GracefulCloseConfig.builder()
            .quietPeriod(Duration.ofSeconds(100))
            .stallTimeout(Duration.ofSeconds(100))
            .eofTimeout(Duration.ofSeconds(100))
            .deliveredTimeout(Duration.ofSeconds(100))
            .closeTimeout(Duration.ofSeconds(100))
            .build();

    @ParameterizedTest
    @MethodSource(TCP)
    void discarding_peerResets_endsAtOnce(Transports transport) throws Exception {
        try (TestServer server = TestServer.on(transport)
                        .config(PATIENT)
                        .handlers(c -> c.pipeline().addLast(Answer.thenClose(1000)))
                        .start();
                PeerRun peer = server.connect(0)) {
            peer.request();
            peer.readAll(); // our FIN has been sent
            KernelSockets.awaitFinAcknowledged(server.port(), peer.socket().localPort());
            peer.socket().reset();
            CloseReport report = server.report(server.accepted());
            assertEquals(CloseCause.RESET, report.cause());
            assertEquals(hadEverything(transport), report.outcome());
        }
    }

    /** What HTTP clients do with a connection that they give up. */
    @ParameterizedTest
    @MethodSource(TCP)
    void openConnection_peerResetsWithEverything_isDelivered(Transports transport) throws Exception {
        CompletableFuture<Channel> answered = new CompletableFuture<>();
        try (TestServer server = TestServer.on(transport)
                        .handlers(c -> c.pipeline().addLast(new Answer(ctx -> {
                            Answer.write(ctx, 1000);
                            ctx.writeAndFlush(Unpooled.EMPTY_BUFFER)
                                    .addListener(written -> answered.complete(ctx.channel()));
                        })))
                        .start();
                PeerRun peer = server.connect(0)) {
            peer.request();
            Channel channel = answered.get(30, TimeUnit.SECONDS);
            if (transport.tellsDelivery()) {
                Eventually.await(
                        "everything acknowledged",
                        () -> channel.eventLoop()
                                        .submit(() -> TcpInfo.read(channel).bytesAcked())
                                        .get(30, TimeUnit.SECONDS)
                                >= 1000);
            }
            peer.socket().reset();
            CloseReport report = server.report(channel);
            assertEquals(CloseCause.RESET, report.cause(), report::toString);
            assertEquals(hadEverything(transport), report.outcome(), report::toString);
        }
    }

    private static CloseOutcome hadEverything(Transports transport) {
        return transport.tellsDelivery() ? CloseOutcome.DELIVERED : CloseOutcome.RESET_BY_PEER;
    }

    /** Not on io_uring: its loop ends with operations in the ring, and then closes no channel at all. */
    @ParameterizedTest
    @EnumSource(
            value = Transports.class,
            names = {"NIO", "EPOLL"})
    void flushing_groupShutsDown_reportSaysSoAndNoCutAnswerLooksComplete(Transports transport) throws Exception {
        NoWarnings.expect("its event loop was shut down.*drainAndShutdown");
        CompletableFuture<ChannelFuture> closing = new CompletableFuture<>();
        try (TestServer server = TestServer.on(transport)
                        .config(PATIENT)
                        .handlers(c -> c.pipeline().addLast(new Answer(ctx -> {
                            Answer.write(ctx, LARGE);
                            closing.complete(ctx.close());
                        })))
                        .start();
                PeerRun peer = server.connect(0)) {
            peer.request();
            closing.get(30, TimeUnit.SECONDS)
                    .channel()
                    .eventLoop()
                    .submit(() -> {})
                    .sync(); // the close is under way
            server.group()
                    .shutdownGracefully(
                            100, 10_000, TimeUnit.MILLISECONDS); // with 0 a Netty 4.2 loop may end with channels open
            CloseReport report = server.report(server.accepted());
            assertEquals(CloseCause.EVENT_LOOP_SHUTDOWN, report.cause());
            assertEquals(CloseOutcome.ABORTED, report.outcome());
            assertTrue(report.unsentBytes() > 0, report::toString);
            assertTrue(closing.get().await(30, TimeUnit.SECONDS));
            peer.readAll();
            assertFalse(peer.isEof(), "a cut answer must not look complete");
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Transports.class,
            names = {"NIO", "EPOLL", "EPOLL_UNIX"})
    void discarding_groupShutsDown_reportSaysSo(Transports transport) throws Exception {
        NoWarnings.expect("its event loop was shut down.*drainAndShutdown");
        try (TestServer server = TestServer.on(transport)
                        .config(PATIENT)
                        .handlers(c -> c.pipeline().addLast(Answer.thenClose(1000)))
                        .start();
                PeerRun peer = server.connect(0)) {
            peer.request();
            peer.readAll();
            server.group()
                    .shutdownGracefully(
                            100, 10_000, TimeUnit.MILLISECONDS); // with 0 a Netty 4.2 loop may end with channels open
            CloseReport report = server.report(server.accepted());
            assertEquals(CloseCause.EVENT_LOOP_SHUTDOWN, report.cause());
            assertTrue(report.outcome() != CloseOutcome.PEER_CLOSED, report::toString);
            assertTrue(peer.result().isWhole(1000));
        }
    }

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#graceful")
    void discarding_channelIsDeregistered_endsAtItsDeadline(Transports transport) throws Exception {
        GracefulCloseConfig config = PATIENT.toBuilder()
                .quietPeriod(Duration.ofMillis(900))
                .closeTimeout(Duration.ofMillis(1000))
                .build();
        try (TestServer server = TestServer.on(transport)
                        .config(config)
                        .handlers(c -> c.pipeline().addLast(Answer.thenClose(1000)))
                        .start();
                PeerRun peer = server.connect(0)) {
            peer.request();
            peer.readAll();
            Channel channel = server.accepted();
            assertTrue(channel.deregister().await(30, TimeUnit.SECONDS));
            CloseReport report = server.report(channel);
            assertTrue(report.totalTime().compareTo(Duration.ofSeconds(5)) < 0, report::toString);
            assertTrue(channel.closeFuture().await(30, TimeUnit.SECONDS));
        }
    }

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#graceful")
    void discarding_handlerIsRemoved_endsAndSaysSo(Transports transport) throws Exception {
        try (TestServer server = TestServer.on(transport)
                        .config(PATIENT)
                        .handlers(c -> c.pipeline().addLast(Answer.thenClose(1000)))
                        .start();
                PeerRun peer = server.connect(0)) {
            peer.request();
            peer.readAll();
            Channel channel = server.accepted();
            channel.pipeline().remove(GracefulCloseHandler.class);
            assertEquals(CloseCause.HANDLER_REMOVED, server.report(channel).cause());
        }
    }

    /** Where the peer's FIN cannot be outlived, input waits until the flush is over. */
    @ParameterizedTest
    @EnumSource(
            value = Transports.class,
            names = {"NIO_UNIX", "IO_URING_UNIX"})
    void close_transportIgnoresHalfClosure_stillDeliversEverything(Transports transport) throws Exception {
        try (TestServer server = TestServer.on(transport)
                .handlers(c -> c.pipeline().addLast(Answer.thenClose(LARGE)))
                .start()) {
            for (ScriptedPeer peer :
                    new ScriptedPeer[] {ScriptedPeer.WELL_BEHAVED, ScriptedPeer.UPLOADS_4MB, ScriptedPeer.STALLS}) {
                TestServer.Close close = server.play(peer);
                assertTrue(close.peer().isWhole(LARGE), () -> peer + " " + close);
            }
        }
    }
}
