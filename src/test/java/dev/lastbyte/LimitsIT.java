package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.KernelSockets;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.ScriptedPeer;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import java.time.Duration;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** How long a close may take, how much it reads, and what is left in the kernel when it gives up. */
@RealSockets
class LimitsIT {
    private static final String GRACEFUL = "dev.lastbyte.testing.Transports#graceful";
    private static final String WITH_TCP_INFO = "dev.lastbyte.testing.Transports#withTcpInfo";
    private static final int ANSWER = 1 << 20;

    /** 250 ms of silence behind the last acknowledgement, with room for a busy machine. */
    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void silentPeerThatNeverCloses_isLetGoSoon(Transports transport) throws Exception {
        try (TestServer server = start(transport, GracefulCloseConfig.defaults())) {
            TestServer.Close close = server.play(ScriptedPeer.NEVER_CLOSES);
            assertTrue(close.peer().isWhole(ANSWER), close::toString);
            assertEquals(CloseOutcome.DELIVERED, close.report().outcome());
            assertEquals(CloseCause.QUIET, close.report().cause());
            assertTrue(close.report().totalTime().toMillis() < 1500, close::toString);
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void drippingPeer_neverOutlivesTheDeadline(Transports transport) throws Exception {
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .strategy(CloseStrategy.DRAIN)
                .closeTimeout(Duration.ofMillis(800))
                .build();
        try (TestServer server = start(transport, config)) {
            TestServer.Close close = server.play(ScriptedPeer.DRIPS);
            assertTrue(close.peer().isWhole(ANSWER), close::toString);
            assertEquals(CloseCause.DEADLINE, close.report().cause());
            long millis = close.report().totalTime().toMillis();
            assertTrue(millis >= 800 && millis < 2000, close::toString);
        }
    }

    /** The kernel has the whole answer, so only unacknowledged bytes tell that the peer has not read it. */
    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    void shortAnswer_toAPeerThatPausesLongerThanTheStallLimit_isWhole(Transports transport) throws Exception {
        Assumptions.assumeTrue(KernelSockets.areVisible(), "/proc/net/tcp cannot be read");
        int answer = 1_500_000;
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .stallTimeout(Duration.ofMillis(500))
                .build();
        try (TestServer server = TestServer.on(transport)
                        .config(config)
                        .handlers(c -> c.pipeline().addLast(new Answer(ctx -> {
                            Answer.write(ctx, answer);
                            ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
                        })))
                        .start();
                PeerRun peer = server.connect(64 * 1024)) {
            peer.request();
            peer.pause(2000);
            boolean talks = true;
            while (peer.read(32 * 1024) >= 0) {
                talks = talks && peer.send(new byte[13]);
            }
            assertTrue(peer.result().isWhole(answer), () -> peer.result() + " " + server.report(server.accepted()));
        }
    }

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void peerThatNeverReads_endsAtTheStallLimit_andTheKernelGivesUpAfterItsPatience(Transports transport)
            throws Exception {
        Assumptions.assumeTrue(KernelSockets.areVisible(), "/proc/net/tcp cannot be read");
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .flushTimeout(Duration.ofMillis(500))
                .closeTimeout(Duration.ofMillis(2000))
                .build();
        try (TestServer server = start(transport, config);
                PeerRun peer = server.connect(0)) {
            peer.request();
            CloseReport report = server.report(server.accepted());
            assertEquals(CloseCause.STALLED, report.cause());
            assertEquals(CloseOutcome.UNDELIVERED, report.outcome());
            assertTrue(report.unacknowledgedBytes().orElse(0) > 0, report::toString);
            int port = peer.socket().localPort();
            assertEquals(
                    KernelSockets.FIN_WAIT1,
                    KernelSockets.state(server.port(), port).orElse(0),
                    "left to the kernel");
            Eventually.await("the orphan gone", () -> KernelSockets.state(server.port(), port)
                    .isEmpty());
            peer.readAll();
            assertFalse(peer.isEof(), "a cut answer must not look complete");
        }
    }

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void peerThatReadsAfterTheStallLimit_getsTheRestFromTheKernel(Transports transport) throws Exception {
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .flushTimeout(Duration.ofMillis(300))
                .build();
        try (TestServer server = start(transport, config);
                PeerRun peer = server.connect(0)) {
            peer.request();
            assertEquals(
                    CloseOutcome.UNDELIVERED, server.report(server.accepted()).outcome());
            peer.readAll();
            assertTrue(peer.result().isWhole(ANSWER), () -> peer.result().toString());
        }
    }

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void peerThatNeverReads_stalledPeersAreReset_leavesNothingInTheKernel(Transports transport) throws Exception {
        Assumptions.assumeTrue(KernelSockets.areVisible(), "/proc/net/tcp cannot be read");
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .flushTimeout(Duration.ofMillis(300))
                .stalledPeer(StalledPeer.RESET)
                .build();
        try (TestServer server = start(transport, config);
                PeerRun peer = server.connect(0)) {
            peer.request();
            CloseReport report = server.report(server.accepted());
            assertEquals(CloseOutcome.ABORTED, report.outcome());
            assertEquals(CloseCause.STALLED, report.cause());
            int port = peer.socket().localPort();
            Eventually.await("nothing in the kernel", () -> KernelSockets.state(server.port(), port)
                    .isEmpty());
            peer.readAll();
            assertFalse(peer.isEof(), "a cut answer must not look complete");
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void uploadingPeer_isReadAtTheConfiguredRate(Transports transport) throws Exception {
        long rate = 4 << 20;
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .strategy(CloseStrategy.DRAIN)
                .discardRate(rate)
                .closeTimeout(Duration.ofMillis(1500))
                .build();
        try (TestServer server = start(transport, config)) {
            CloseReport report = server.play(ScriptedPeer.UPLOADS_2S).report();
            double seconds = report.totalTime().toNanos() / 1e9;
            double measured = report.discardedBytes() / seconds;
            System.out.printf(
                    "%s: discarded %.2f MiB/s of %.2f%n", transport, measured / (1 << 20), rate / (double) (1 << 20));
            assertTrue(seconds >= 1, report::toString);
            assertTrue(measured > 0.4 * rate && measured < 1.3 * rate, report::toString);
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void uploadingPeer_endsAtTheByteLimit(Transports transport) throws Exception {
        long limit = 1 << 20;
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .maxDiscardedBytes(limit)
                .unlimitedDiscardRate()
                .build();
        try (TestServer server = start(transport, config)) {
            TestServer.Close close = server.play(ScriptedPeer.UPLOADS_2S);
            assertEquals(CloseCause.BYTE_LIMIT, close.report().cause());
            long discarded = close.report().discardedBytes();
            assertTrue(discarded >= limit && discarded < limit + (2 << 20), close::toString);
            assertTrue(
                    close.peer().bytes() == ANSWER || !close.report().outcome().isDelivered(), close::toString);
            assertEquals(transport.tellsDelivery(), close.report().outcome().isDelivered(), close::toString);
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void discardingNothing_lettingAPeerGo_losesNothingWhereDeliveryIsKnown(Transports transport) throws Exception {
        GracefulCloseConfig config =
                GracefulCloseConfig.builder().maxDiscardedBytes(0).build();
        try (TestServer server = start(transport, config)) {
            TestServer.Close close = server.play(ScriptedPeer.WELL_BEHAVED);
            assertTrue(close.peer().isWhole(ANSWER), close::toString);
        }
    }

    private static TestServer start(Transports transport, GracefulCloseConfig config) {
        return TestServer.on(transport)
                .config(config)
                .handlers(c -> c.pipeline().addLast(Answer.thenClose(ANSWER)))
                .start();
    }
}
