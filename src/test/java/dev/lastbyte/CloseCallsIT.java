package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.KernelSockets;
import dev.lastbyte.testing.Listening;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.ScriptedPeer;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Who may call {@code close()}, how often, and what each of them gets. */
@RealSockets
class CloseCallsIT {
    private static final String GRACEFUL = "dev.lastbyte.testing.Transports#graceful";
    private static final long ANSWER = 4 << 20;

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void close_idleStateHandlerClosesAgain_joinsTheFirst(Transports transport) throws Exception {
        AtomicInteger again = new AtomicInteger();
        try (TestServer server = TestServer.on(transport)
                .handlers(c -> c.pipeline()
                        .addLast(
                                new IdleStateHandler(0, 50, 0, TimeUnit.MILLISECONDS),
                                new ClosesWhenIdle(again),
                                Answer.thenClose(ANSWER)))
                .start()) {
            TestServer.Close close = server.play(ScriptedPeer.STALLS);
            assertTrue(close.peer().isWhole(ANSWER), close::toString);
            assertTrue(again.get() > 0, "the idle handler was to close again while the first close ran");
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void close_fromManyThreadsAtOnce_completesEveryPromiseOnce(Transports transport) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try (TestServer server = TestServer.on(transport)
                .handlers(c -> c.pipeline().addLast(new Answer(ctx -> {
                    Answer.write(ctx, ANSWER);
                    ctx.flush();
                })))
                .start()) {
            PeerRun peer = server.connect(0);
            peer.request();
            assertTrue(peer.read(1) > 0);
            Channel channel = server.accepted();
            ConcurrentLinkedQueue<ChannelFuture> closes = new ConcurrentLinkedQueue<>();
            CountDownLatch called = new CountDownLatch(40);
            for (int i = 0; i < 40; i++) {
                threads.execute(() -> {
                    closes.add(channel.close());
                    called.countDown();
                });
            }
            assertTrue(called.await(30, TimeUnit.SECONDS));
            peer.readAll();
            peer.socket().close();
            assertTrue(peer.result().isWhole(ANSWER), () -> peer.result().toString());
            for (ChannelFuture close : closes) {
                assertTrue(close.await(30, TimeUnit.SECONDS) && close.isSuccess(), close::toString);
            }
            assertTrue(channel.close().await(30, TimeUnit.SECONDS), "a close of the closed channel completes as well");
            server.report(channel);
        } finally {
            threads.shutdownNow();
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void disconnect_isAClose_deliversEverything(Transports transport) throws Exception {
        try (TestServer server = TestServer.on(transport)
                .handlers(c -> c.pipeline().addLast(new Answer(ctx -> {
                    Answer.write(ctx, ANSWER);
                    ctx.disconnect();
                })))
                .start()) {
            assertTrue(server.play(ScriptedPeer.UPLOADS_4MB).peer().isWhole(ANSWER));
        }
    }

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    void closeNow_whileFlushing_resetsAtOnce(Transports transport) throws Exception {
        CompletableFuture<ChannelFuture> first = new CompletableFuture<>();
        try (TestServer server = TestServer.on(transport)
                .handlers(c -> c.pipeline().addLast(new Answer(ctx -> {
                    Answer.write(ctx, 16 << 20);
                    first.complete(ctx.close());
                })))
                .start()) {
            PeerRun peer = server.connect(0);
            peer.request();
            Channel channel = server.accepted();
            ChannelFuture close = first.get(30, TimeUnit.SECONDS);
            assertTrue(GracefulCloseHandler.closeNow(channel).await(30, TimeUnit.SECONDS));
            CloseReport report = server.report(channel);
            assertEquals(List.of(CloseOutcome.ABORTED, CloseCause.FORCED), List.of(report.outcome(), report.cause()));
            assertTrue(close.await(30, TimeUnit.SECONDS) && close.isSuccess());
            peer.readAll();
            peer.socket().close();
            assertFalse(peer.result().eof(), "a cut answer must not look complete");
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void closeNow_whileDiscarding_endsAtOnce(Transports transport) throws Exception {
        try (TestServer server = TestServer.on(transport)
                .config(GracefulCloseConfig.builder()
                        .quietPeriod(Duration.ofSeconds(50))
                        .stallTimeout(Duration.ofSeconds(55))
                        .build())
                .handlers(c -> c.pipeline().addLast(Answer.thenClose(1000)))
                .start()) {
            PeerRun peer = server.connect(0);
            peer.request();
            peer.readAll(); // up to our FIN
            Channel channel = server.accepted();
            assertTrue(channel.isActive() && GracefulCloseHandler.isClosing(channel));
            if (!transport.isUnix()) {
                KernelSockets.awaitFinAcknowledged(server.port(), peer.socket().localPort());
            }
            GracefulCloseHandler.closeNow(channel);
            CloseReport report = server.report(channel);
            assertEquals(CloseCause.FORCED, report.cause());
            assertEquals(
                    transport.tellsDelivery() ? CloseOutcome.DELIVERED : CloseOutcome.UNCONFIRMED, report.outcome());
            assertTrue(peer.result().isWhole(1000));
            peer.socket().close();
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void closeNow_openConnectionWithoutOutput_sendsACleanEnd(Transports transport) throws Exception {
        try (TestServer server = TestServer.on(transport).start()) {
            PeerRun peer = server.connect(0);
            Channel channel = server.accepted();
            assertFalse(GracefulCloseHandler.isClosing(channel));
            GracefulCloseHandler.closeNow(channel);
            assertEquals(CloseCause.FORCED, server.report(channel).cause());
            peer.readAll();
            assertTrue(peer.result().isWhole(0), () -> peer.result().toString());
            peer.socket().close();
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void closeNow_rightBehindClose_withoutOutput_sendsACleanEnd(Transports transport) throws Exception {
        try (TestServer server = TestServer.on(transport).start()) {
            PeerRun peer = server.connect(0);
            Channel channel = server.accepted();
            channel.eventLoop().execute(() -> {
                channel.close();
                GracefulCloseHandler.closeNow(channel); // io_uring has not even handed the barrier to the kernel
            });
            CloseReport report = server.report(channel);
            assertTrue(report.outcome() != CloseOutcome.ABORTED, report::toString);
            peer.readAll();
            assertTrue(peer.result().isWhole(0), () -> peer.result().toString());
            peer.socket().close();
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void close_tellsTheOtherHandlersAndStaysActiveUntilItsEnd(Transports transport) throws Exception {
        CompletableFuture<Boolean> activeAtStart = new CompletableFuture<>();
        CompletableFuture<Boolean> activeAtEnd = new CompletableFuture<>();
        try (TestServer server = TestServer.on(transport)
                .handlers(c -> c.pipeline().addLast(Answer.thenClose(1000), new Listening() {
                    @Override
                    public void closeStarted(ChannelHandlerContext ctx) {
                        activeAtStart.complete(ctx.channel().isActive());
                    }

                    @Override
                    public void channelInactive(ChannelHandlerContext ctx) {
                        activeAtEnd.complete(ctx.channel().isActive());
                    }
                }))
                .start()) {
            server.play(ScriptedPeer.WELL_BEHAVED);
            assertTrue(activeAtStart.get(30, TimeUnit.SECONDS));
            assertFalse(activeAtEnd.get(30, TimeUnit.SECONDS));
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void report_connectionThatThePeerEnded_isThereBeforeAndAfter(Transports transport) throws Exception {
        try (TestServer server = TestServer.on(transport).start()) {
            PeerRun peer = server.connect(0);
            Channel channel = server.accepted();
            var before = GracefulCloseHandler.report(channel);
            peer.socket().close();
            assertTrue(before.await(30, TimeUnit.SECONDS));
            assertEquals(CloseCause.EOF, before.getNow().cause());
            assertEquals(0, before.getNow().unsentBytes());
            assertTrue(channel.closeFuture().await(30, TimeUnit.SECONDS));
            assertEquals(before.getNow(), GracefulCloseHandler.report(channel).getNow());
        }
    }

    /** What servers do to idle connections. */
    private static final class ClosesWhenIdle extends ChannelInboundHandlerAdapter {
        private final AtomicInteger count;

        ClosesWhenIdle(AtomicInteger count) {
            this.count = count;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof IdleStateEvent && GracefulCloseHandler.isClosing(ctx.channel())) {
                count.incrementAndGet();
                ctx.close();
            }
        }
    }
}
