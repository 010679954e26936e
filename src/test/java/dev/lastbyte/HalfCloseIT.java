package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.BytePattern;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.KernelSockets;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.ScriptedPeer;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Peers that end their side right behind the request: late answers arrive, idle ones end, resets are noticed. */
@RealSockets
class HalfCloseIT {
    private static final String GRACEFUL = "dev.lastbyte.testing.Transports#graceful";
    private static final int PIECE = 512 * 1024;

    static Stream<Arguments> lateAnswers() {
        return Transports.graceful().flatMap(transport -> Stream.of(1000, 1 << 20, 32 << 20)
                .map(length -> Arguments.of(transport, length)));
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void peerHalfCloses_answerWithinTheSameRead_arrivesWhole(Transports transport) throws Exception {
        int length = 32 << 20;
        try (TestServer server = start(transport, GracefulCloseConfig.defaults(), ctx -> {
            Answer.write(ctx, length);
            ctx.flush();
        })) {
            TestServer.Close close = server.play(ScriptedPeer.HALF_CLOSES_FIRST);
            assertTrue(close.peer().isWhole(length), close::toString);
            assertEquals(CloseCause.EOF, close.report().cause());
        }
    }

    @ParameterizedTest
    @MethodSource("lateAnswers")
    void peerHalfCloses_exchangeIsOpen_lateAnswerArrivesWhole(Transports transport, int length) throws Exception {
        try (TestServer server = start(transport, GracefulCloseConfig.defaults(), ctx -> {
            GracefulCloseHandler.exchangeStarted(ctx.channel());
            later(ctx, () -> {
                Answer.write(ctx, length);
                ctx.flush();
                GracefulCloseHandler.exchangeEnded(ctx.channel());
            });
        })) {
            TestServer.Close close = server.play(ScriptedPeer.HALF_CLOSES_FIRST);
            assertTrue(close.peer().isWhole(length), close::toString);
            assertTrue(close.report().outcome().isDelivered() || !transport.tellsDelivery(), close::toString);
        }
    }

    @ParameterizedTest
    @MethodSource("lateAnswers")
    void peerHalfCloses_withinTheGrace_lateAnswerArrivesWhole(Transports transport, int length) throws Exception {
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .peerHalfCloseGrace(Duration.ofMillis(500))
                .build();
        try (TestServer server = start(
                transport,
                config,
                ctx -> later(ctx, () -> {
                    Answer.write(ctx, length);
                    ctx.flush();
                    ctx.close();
                }))) {
            TestServer.Close close = server.play(ScriptedPeer.HALF_CLOSES_FIRST);
            assertTrue(close.peer().isWhole(length), close::toString);
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void peerHalfCloses_answerInSeveralPieces_arrivesWhole(Transports transport) throws Exception {
        int pieces = 20;
        try (TestServer server = start(transport, GracefulCloseConfig.defaults(), ctx -> {
            GracefulCloseHandler.exchangeStarted(ctx.channel());
            writePieces(ctx, 0, pieces);
        })) {
            TestServer.Close close = server.play(ScriptedPeer.HALF_CLOSES_FIRST);
            assertTrue(close.peer().isWhole(pieces * PIECE), close::toString);
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void peerHalfCloses_nothingPending_endsAtOnceWithChannelInactive(Transports transport) throws Exception {
        CompletableFuture<Channel> inactive = new CompletableFuture<>();
        try (TestServer server = TestServer.on(transport)
                        .handlers(c -> c.pipeline()
                                .addLast(
                                        new ChannelInboundHandlerAdapter() {
                                            @Override
                                            public void channelInactive(ChannelHandlerContext ctx) {
                                                inactive.complete(ctx.channel());
                                            }
                                        },
                                        new Answer(ctx -> {})))
                        .start();
                PeerRun peer = server.connect(0)) {
            peer.request();
            peer.shutdownOutput();
            CloseReport report = server.report(inactive.get(30, TimeUnit.SECONDS));
            assertEquals(CloseCause.EOF, report.cause());
            assertTrue(report.totalTime().compareTo(Duration.ofSeconds(1)) < 0, report::toString);
            peer.readAll();
            assertTrue(peer.result().isWhole(0));
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void peerHalfCloses_closeNow_losesTheLateAnswerAsNettyDoes(Transports transport) throws Exception {
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .peerHalfClose(PeerHalfClose.CLOSE_NOW)
                .build();
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        try (TestServer server =
                start(transport, config, ctx -> ctx.channel().closeFuture().addListener(closed -> {
                    Answer.write(ctx, 1000);
                    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(f -> failure.complete(f.cause()));
                }))) {
            TestServer.Close close = server.play(ScriptedPeer.HALF_CLOSES_FIRST);
            assertEquals(0, close.peer().bytes());
            assertEquals(CloseCause.TRANSPORT, close.report().cause());
            assertFalse(close.report().outcome().isDelivered());
            assertTrue(failure.get(30, TimeUnit.SECONDS) != null);
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void peerHalfCloses_theApplicationOwnsHalfClosure_lateAnswerArrivesWhole(Transports transport) throws Exception {
        int length = 24 << 20;
        try (TestServer server = TestServer.on(transport)
                .options(options -> options.childOption(ChannelOption.ALLOW_HALF_CLOSURE, true))
                .handlers(c -> c.pipeline().addLast(new AnswersTheFin(length)))
                .start()) {
            TestServer.Close close = server.play(ScriptedPeer.HALF_CLOSES_FIRST);
            assertTrue(close.peer().isWhole(length), close::toString);
            assertEquals(0, close.report().unsentBytes(), close::toString);
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void peerHalfCloses_handlerIsAddedBehindTheFin_lateAnswerArrivesWhole(Transports transport) throws Exception {
        int length = 24 << 20;
        try (TestServer server = TestServer.on(transport)
                        .withoutHandler()
                        .options(options -> options.childOption(ChannelOption.ALLOW_HALF_CLOSURE, true))
                        .handlers(c -> c.pipeline()
                                .addLast(
                                        new ChannelInboundHandlerAdapter() {
                                            @Override
                                            public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                                                if (event == ChannelInputShutdownEvent.INSTANCE) {
                                                    later(ctx, () -> ctx.pipeline()
                                                            .addFirst(new GracefulCloseHandler()));
                                                }
                                                ctx.fireUserEventTriggered(event);
                                            }
                                        },
                                        new AnswersTheFin(length)))
                        .start();
                PeerRun peer = server.connect(0)) {
            peer.request();
            peer.shutdownOutput();
            peer.readAll();
            assertTrue(peer.result().isWhole(length), () -> peer.result().toString());
        }
    }

    /** The kernel knows of the reset; NIO cannot ask it and learns it by the next write or peerHalfCloseTimeout. */
    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    void peerHalfClosesAndResets_exchangeIsOpen_isNoticed(Transports transport) throws Exception {
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .peerHalfCloseTimeout(Duration.ofSeconds(3))
                .build();
        CompletableFuture<Channel> halfOpen = new CompletableFuture<>();
        try (TestServer server = TestServer.on(transport)
                        .config(config)
                        .handlers(c -> c.pipeline()
                                .addLast(
                                        new ChannelInboundHandlerAdapter() {
                                            @Override
                                            public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                                                halfOpen.complete(ctx.channel());
                                            }
                                        },
                                        new Answer(ctx -> GracefulCloseHandler.exchangeStarted(ctx.channel()))))
                        .start();
                PeerRun peer = server.connect(0)) {
            peer.request();
            assertTrue(server.accepted().isActive());
            peer.shutdownOutput();
            Channel channel = halfOpen.get(30, TimeUnit.SECONDS);
            long reset = System.nanoTime();
            peer.socket().reset();
            CloseReport report = server.report(channel);
            long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - reset);
            if (transport.tellsDelivery()) {
                assertEquals(CloseCause.RESET, report.cause());
                assertEquals(CloseOutcome.DELIVERED, report.outcome(), "nothing was written");
                assertTrue(millis < 2500, () -> "noticed after " + millis + " ms");
            } else {
                assertFalse(report.outcome().isDelivered(), report::toString);
            }
        }
    }

    /** The kernel's state after an orderly end of both sides is the one after a reset. */
    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    void bothSidesEndInOrder_exchangeIsOpen_isNoReset(Transports transport) throws Exception {
        CompletableFuture<Channel> halfOpen = new CompletableFuture<>();
        try (TestServer server = TestServer.on(transport)
                        .handlers(c -> c.pipeline()
                                .addLast(
                                        new ChannelInboundHandlerAdapter() {
                                            @Override
                                            public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                                                if (event == ChannelInputShutdownEvent.INSTANCE) {
                                                    halfOpen.complete(ctx.channel());
                                                }
                                            }
                                        },
                                        new Answer(ctx -> {
                                            GracefulCloseHandler.exchangeStarted(ctx.channel());
                                            ctx.writeAndFlush(BytePattern.slice(ctx.alloc(), 0, 1000))
                                                    .addListener(f -> ((DuplexChannel) ctx.channel()).shutdownOutput());
                                        })))
                        .start();
                PeerRun peer = server.connect(0)) {
            peer.request();
            peer.readAll();
            peer.shutdownOutput();
            Channel channel = halfOpen.get(30, TimeUnit.SECONDS);
            CompletableFuture<Boolean> openLater = new CompletableFuture<>();
            channel.eventLoop() // two looks at the kernel later
                    .schedule(() -> openLater.complete(channel.isOpen()), 1_200, TimeUnit.MILLISECONDS);
            assertTrue(openLater.get(30, TimeUnit.SECONDS), "the exchange goes on");
            GracefulCloseHandler.exchangeEnded(channel);
            CloseReport report = server.report(channel);
            assertEquals(CloseCause.EOF, report.cause(), report::toString);
            assertTrue(peer.result().isWhole(1000));
        }
    }

    /** An EOF read while data is under way says nothing about the data: delivered is all that is reported. */
    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#withTcpInfo")
    void peersFin_crossesOurData_isNotTakenForItsReaction(Transports transport) throws Exception {
        Assumptions.assumeTrue(KernelSockets.areVisible(), "/proc/net/tcp cannot be read");
        int length = 1 << 20;
        try (TestServer server = TestServer.on(transport)
                        .handlers(c -> c.pipeline().addLast(Answer.thenClose(length)))
                        .start();
                PeerRun peer = server.connect(0)) {
            peer.request();
            int port = peer.socket().localPort();
            Eventually.await(
                    "our FIN queued",
                    () -> KernelSockets.state(server.port(), port).orElse(0) == KernelSockets.FIN_WAIT1);
            peer.shutdownOutput();
            Eventually.await(
                    "both FINs sent",
                    () -> KernelSockets.state(server.port(), port).orElse(0) == KernelSockets.CLOSING);
            Channel channel = server.accepted();
            Eventually.await("EOF read", () -> ((DuplexChannel) channel).isInputShutdown());
            peer.readAll();
            assertTrue(peer.result().isWhole(length));
            assertEquals(CloseOutcome.DELIVERED, server.report(channel).outcome());
        }
    }

    /** Answers a while behind the peer's FIN, and closes behind the answer. */
    private static final class AnswersTheFin extends ChannelInboundHandlerAdapter {
        private final int length;

        AnswersTheFin(int length) {
            this.length = length;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ctx.channel().attr(Answer.PEER_ID).set(((ByteBuf) message).readInt());
            ReferenceCountUtil.release(message);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event == ChannelInputShutdownEvent.INSTANCE) {
                later(
                        ctx,
                        () -> later(ctx, () -> ctx.writeAndFlush(BytePattern.slice(ctx.alloc(), 0, length))
                                .addListener(ChannelFutureListener.CLOSE)));
            }
        }
    }

    private static void writePieces(ChannelHandlerContext ctx, int written, int total) {
        ctx.writeAndFlush(BytePattern.slice(ctx.alloc(), (long) written * PIECE, PIECE));
        if (written + 1 < total) {
            ctx.executor().schedule(() -> writePieces(ctx, written + 1, total), 3, TimeUnit.MILLISECONDS);
        } else {
            GracefulCloseHandler.exchangeEnded(ctx.channel());
        }
    }

    private static void later(ChannelHandlerContext ctx, Runnable answer) {
        ctx.executor().schedule(answer, 10, TimeUnit.MILLISECONDS);
    }

    private static TestServer start(
            Transports transport, GracefulCloseConfig config, Consumer<ChannelHandlerContext> onRequest) {
        return TestServer.on(transport)
                .config(config)
                .handlers(c -> c.pipeline().addLast(new Answer(onRequest)))
                .start();
    }
}
