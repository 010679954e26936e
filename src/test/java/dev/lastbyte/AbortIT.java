package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A reset that the application asks for is one, and SO_LINGER 0 as a general option costs no byte. */
@RealSockets
class AbortIT {
    private static final String TCP = "dev.lastbyte.testing.Transports#tcp";
    private static final int SHORT = 100_000;
    private static final int LONG = 16 << 20;
    private static final List<Enum<?>> ABORTED = List.of(CloseOutcome.ABORTED, CloseCause.ABORTED);

    /** Waits for the peer, for longer than any test. */
    private static final GracefulCloseConfig PATIENT = GracefulCloseConfig.builder()
            .quietPeriod(Duration.ofSeconds(100))
            .stallTimeout(Duration.ofSeconds(100))
            .eofTimeout(Duration.ofSeconds(100))
            .deliveredTimeout(Duration.ofSeconds(100))
            .closeTimeout(Duration.ofSeconds(100))
            .build();

    static Stream<Arguments> tcpAndTls() {
        return Transports.tcp().flatMap(t -> Stream.of(Arguments.of(t, false), Arguments.of(t, true)));
    }

    /** What a proxy does whose upstream has failed. */
    @ParameterizedTest
    @MethodSource(TCP)
    void close_lingerZeroIsSetRightBefore_peerSeesAReset(Transports transport) throws Exception {
        try (TestServer server = server(transport, false, ctx -> {
                    Answer.write(ctx, SHORT);
                    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> {
                        ctx.channel().config().setOption(ChannelOption.SO_LINGER, 0);
                        ctx.close();
                    });
                });
                PeerRun peer = server.connect(0)) {
            peer.request();
            assertAborted(server, peer);
        }
    }

    @ParameterizedTest
    @MethodSource("tcpAndTls")
    void abort_everythingIsFlushed_peerSeesAReset(Transports transport, boolean tls) throws Exception {
        try (TestServer server = server(transport, tls, ctx -> {
                    Answer.write(ctx, SHORT);
                    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER)
                            .addListener(written -> GracefulCloseHandler.abort(ctx.channel()));
                });
                PeerRun peer = server.connect(0)) {
            peer.request();
            assertAborted(server, peer);
        }
    }

    @ParameterizedTest
    @MethodSource("tcpAndTls")
    void abort_whileFlushing_fromAnotherThread_peerSeesAReset(Transports transport, boolean tls) throws Exception {
        CompletableFuture<ChannelFuture> close = new CompletableFuture<>();
        try (TestServer server = server(transport, tls, ctx -> {
                    Answer.write(ctx, LONG);
                    ctx.flush(); // else SslHandler fails it at close()
                    close.complete(ctx.close());
                });
                PeerRun peer = server.connect(0)) {
            peer.request();
            ChannelFuture first = close.get(30, TimeUnit.SECONDS);
            ChannelFuture abort = GracefulCloseHandler.abort(first.channel());
            assertTrue(abort.await(30, TimeUnit.SECONDS));
            assertTrue(first.await(30, TimeUnit.SECONDS) && first.isSuccess());
            GracefulCloseHandler.abort(first.channel());
            assertAborted(server, peer);
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void abort_whileDiscarding_isReported(Transports transport) throws Exception {
        try (TestServer server = server(transport, false, ctx -> {
                    Answer.write(ctx, SHORT);
                    ctx.close();
                });
                PeerRun peer = server.connect(0)) {
            peer.request();
            peer.readAll(); // our FIN has been sent
            Channel channel = server.accepted();
            GracefulCloseHandler.abort(channel);
            GracefulCloseHandler.abort(channel);
            CloseReport report = server.report(channel);
            assertEquals(ABORTED, List.of(report.outcome(), report.cause()));
        }
    }

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#graceful")
    void abort_openConnection_isReportedAsAResetOnlyWhereThereIsOne(Transports transport) throws Exception {
        try (TestServer server = server(transport, false, ctx -> {
                    Answer.write(ctx, 100);
                    ctx.flush();
                    GracefulCloseHandler.abort(ctx.channel());
                });
                PeerRun peer = server.connect(0)) {
            peer.request();
            CloseReport report = server.report(server.accepted());
            assertEquals(CloseCause.ABORTED, report.cause());
            assertEquals(transport.isUnix(), report.outcome() != CloseOutcome.ABORTED, report::toString);
            peer.readAll();
            assertEquals(transport.isUnix(), peer.isEof());
        }
    }

    /** Set where servers set it: on the bootstrap, or by the initializer behind our handler. */
    @ParameterizedTest
    @MethodSource(TCP)
    void close_lingerZeroIsAGeneralOption_leavesItsBytesToTheKernel(Transports transport) throws Exception {
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .stallTimeout(Duration.ofMillis(300)) // of those that cannot know what is acknowledged
                .flushTimeout(Duration.ofMillis(300))
                .build();
        for (boolean byInitializer : new boolean[] {false, true}) {
            try (TestServer server = TestServer.on(transport)
                            .config(config)
                            .options(options -> {
                                if (!byInitializer) {
                                    options.childOption(ChannelOption.SO_LINGER, 0);
                                }
                            })
                            .handlers(channel -> {
                                if (byInitializer) {
                                    channel.config().setOption(ChannelOption.SO_LINGER, 0);
                                }
                                channel.pipeline().addLast(Answer.thenClose(2 << 20));
                            })
                            .start();
                    PeerRun peer = server.connect(0)) {
                peer.request();
                CloseReport report = server.report(server.accepted());
                assertEquals(CloseCause.STALLED, report.cause(), report::toString);
                peer.readAll();
                assertTrue(peer.result().isWhole(2 << 20), () -> peer.result() + " " + report);
            }
        }
    }

    private static void assertAborted(TestServer server, PeerRun peer) {
        CloseReport report = server.report(server.accepted());
        assertEquals(ABORTED, List.of(report.outcome(), report.cause()), report::toString);
        peer.readAll();
        assertFalse(peer.isEof(), () -> "an aborted answer looks complete: " + peer.result());
    }

    private static TestServer server(Transports transport, boolean tls, Consumer<ChannelHandlerContext> answer) {
        return TestServer.on(transport)
                .config(PATIENT)
                .tls(tls)
                .handlers(c -> c.pipeline().addLast(new Answer(answer)))
                .start();
    }
}
