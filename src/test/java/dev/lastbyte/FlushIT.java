package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.BytePattern;
import dev.lastbyte.testing.PeerResult;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.ScriptedPeer;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a close does with output that has not left yet, and with input that comes meanwhile. */
@RealSockets
class FlushIT {
    private static final String GRACEFUL = "dev.lastbyte.testing.Transports#graceful";
    private static final long LARGE = 16 << 20;
    private static final GracefulCloseConfig QUICK = GracefulCloseConfig.builder()
            .flushTimeout(Duration.ofMillis(500))
            .discardRate(256L << 20)
            .build();

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void close_sixteenMegabytesFlushedWithoutListener_arriveWhole(Transports transport) throws Exception {
        try (TestServer server = TestServer.on(transport)
                .handlers(c -> c.pipeline().addLast(Answer.thenClose(LARGE)))
                .start()) {
            assertTrue(server.play(ScriptedPeer.WELL_BEHAVED).peer().isWhole(LARGE));
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void close_writtenButNotFlushed_isSent(Transports transport) throws Exception {
        try (TestServer server = TestServer.on(transport)
                .handlers(c -> c.pipeline().addLast(new Answer(ctx -> {
                    Answer.write(ctx, LARGE);
                    ctx.close();
                })))
                .start()) {
            assertTrue(server.play(ScriptedPeer.WELL_BEHAVED).peer().isWhole(LARGE));
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void close_autoReadOffAndPeerWritesBeforeItReads_doesNotDeadlock(Transports transport) throws Exception {
        try (TestServer server = TestServer.on(transport)
                .config(QUICK)
                .options(b -> b.childOption(ChannelOption.AUTO_READ, false))
                .handlers(c -> c.pipeline().addLast(new ReadOnce(), Answer.thenClose(LARGE)))
                .start()) {
            assertTrue(server.play(ScriptedPeer.UPLOADS_FIRST).peer().isWhole(LARGE));
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void close_handlerSwallowsRead_doesNotDeadlock(Transports transport) throws Exception {
        try (TestServer server = TestServer.on(transport)
                .config(QUICK)
                .handlers(c -> c.pipeline().addLast(new ReadOnce(), Answer.thenClose(LARGE)))
                .start()) {
            assertTrue(server.play(ScriptedPeer.UPLOADS_FIRST).peer().isWhole(LARGE));
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void close_inputThatComesLater_neverReachesTheApplication(Transports transport) throws Exception {
        AtomicInteger late = new AtomicInteger();
        try (TestServer server = TestServer.on(transport)
                .config(QUICK)
                .handlers(c -> c.pipeline()
                        .addLast(
                                new ChannelInboundHandlerAdapter() {
                                    private boolean closed;

                                    @Override
                                    public void channelRead(ChannelHandlerContext ctx, Object message) {
                                        if (closed) {
                                            late.incrementAndGet();
                                        }
                                        ctx.fireChannelRead(message);
                                        closed = true;
                                    }
                                },
                                Answer.thenClose(1 << 20)))
                .start()) {
            TestServer.Close close = server.play(ScriptedPeer.UPLOADS_4MB);
            assertTrue(close.report().discardedBytes() > 0);
            assertEquals(0, late.get());
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void close_laterWrites_failAndAreReleased(Transports transport) throws Exception {
        CompletableFuture<ByteBuf> buffer = new CompletableFuture<>();
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        try (TestServer server = TestServer.on(transport)
                .handlers(c -> c.pipeline().addLast(new Answer(ctx -> {
                    Answer.write(ctx, LARGE);
                    ctx.close();
                    ByteBuf late = BytePattern.slice(ctx.alloc(), LARGE, 1000);
                    buffer.complete(late);
                    ctx.writeAndFlush(late).addListener(f -> failure.complete(f.cause()));
                })))
                .start()) {
            assertTrue(server.play(ScriptedPeer.WELL_BEHAVED).peer().isWhole(LARGE));
            assertInstanceOf(ClosedChannelException.class, failure.get(30, TimeUnit.SECONDS));
            assertEquals(0, buffer.get().refCnt());
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void close_peersFinIsThereBeforeTheFlushEnds_endsAtOnceAndWhole(Transports transport) throws Exception {
        try (TestServer server = TestServer.on(transport)
                .handlers(c -> c.pipeline().addLast(Answer.thenClose(LARGE)))
                .start()) {
            TestServer.Close close = server.play(ScriptedPeer.HALF_CLOSES_FIRST);
            assertTrue(close.peer().isWhole(LARGE), () -> close.toString());
            assertEquals(CloseCause.EOF, close.report().cause());
        }
    }

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    void close_flushStalls_resetsAndReportsWhatIsLeft(Transports transport) throws Exception {
        try (TestServer server = TestServer.on(transport)
                .config(QUICK)
                .handlers(c -> c.pipeline().addLast(Answer.thenClose(LARGE)))
                .start()) {
            PeerRun peer = server.connect(0);
            peer.request();
            CloseReport report = server.report(server.accepted());
            peer.readAll();
            PeerResult saw = peer.result();
            peer.socket().close();
            assertEquals(CloseOutcome.ABORTED, report.outcome());
            assertEquals(CloseCause.FLUSH_STALLED, report.cause());
            assertTrue(
                    report.unsentBytes() > 0 && saw.bytes() <= LARGE - report.unsentBytes(), () -> saw + " " + report);
            assertFalse(saw.eof(), "a cut answer must not look complete");
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void close_peerResetsWhileTheFlushRuns_isReportedAsReset(Transports transport) throws Exception {
        CompletableFuture<ChannelFuture> closed = new CompletableFuture<>();
        try (TestServer server = TestServer.on(transport)
                .handlers(c -> c.pipeline().addLast(new Answer(ctx -> {
                    Answer.write(ctx, LARGE);
                    closed.complete(ctx.close());
                })))
                .start()) {
            PeerRun peer = server.connect(0);
            peer.request();
            assertTrue(peer.read(1000) > 0);
            closed.get(30, TimeUnit.SECONDS);
            peer.socket().reset();
            CloseReport report = server.report(server.accepted());
            assertEquals(CloseOutcome.RESET_BY_PEER, report.outcome());
            assertTrue(report.unsentBytes() > 0);
            assertTrue(closed.get().await(30, TimeUnit.SECONDS));
            assertNull(closed.get().cause());
        }
    }

    /** Reads the request and from then on lets nobody ask for more. */
    private static final class ReadOnce extends ChannelDuplexHandler {
        private boolean asked;

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ctx.fireChannelActive();
            read(ctx);
        }

        @Override
        public void read(ChannelHandlerContext ctx) {
            if (!asked) {
                asked = true;
                ctx.read();
            }
        }
    }
}
