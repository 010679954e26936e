package dev.lastbyte.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.BytePattern;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.KernelSockets;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.PeerSocket;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.ResourceCheck;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.LengthFieldPrepender;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.string.StringEncoder;
import io.netty.handler.stream.ChunkedStream;
import io.netty.handler.stream.ChunkedWriteHandler;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Send queues on real sockets: what is known where, what waits for what, and how far a sender runs ahead. */
@RealSockets
class SendQueueIT {
    private static final String WITH_TCP_INFO = "dev.lastbyte.testing.Transports#withTcpInfo";
    private static final int LARGE = 16 << 20;
    private static final int LIMIT = 128 << 10;
    private static final int WRITE = 16 << 10;

    // ---- snapshot --------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void snapshot_peerReadsNothing_addsUpToWhatWasWritten(Transports transport) throws Exception {
        try (TestServer server = answering(transport, LARGE);
                PeerRun peer = server.connect(4096)) {
            peer.request();
            Channel channel = server.accepted();
            Eventually.await(
                    "unsent bytes", () -> snapshot(channel).unsentBytes().orElse(0) > 0);
            SendQueueSnapshot now = snapshot(channel);
            assertEquals(Optional.of(TcpState.ESTABLISHED), now.state());
            assertTrue(now.roundTripTime().orElseThrow().compareTo(Duration.ofSeconds(10)) < 0, now::toString);
            assertTrue(now.nettyBytes() > 0, now::toString);
            assertTrue(
                    now.unacknowledgedBytes().orElseThrow() >= now.unsentBytes().orElseThrow(), now::toString);
            assertTrue(now.acknowledgedBytes().orElseThrow() > 0, now::toString);
            long known = now.acknowledgedBytes().orElseThrow()
                    + now.unacknowledgedBytes().orElseThrow();
            assertTrue(known < LARGE && known + now.nettyBytes() >= LARGE, now::toString);
            channel.close();
        }
    }

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void snapshot_afterTheFin_countsPayloadAlone(Transports transport) throws Exception {
        int length = 50_000;
        try (TestServer server = answering(transport, length);
                PeerRun peer = server.connect(0)) {
            peer.request();
            Channel channel = server.accepted();
            Eventually.await(
                    "all there", () -> snapshot(channel).acknowledgedBytes().orElse(0) == length);
            ((DuplexChannel) channel).shutdownOutput().syncUninterruptibly();
            Eventually.await("FIN_WAIT2", () -> snapshot(channel).state().equals(Optional.of(TcpState.FIN_WAIT2)));
            SendQueueSnapshot now = snapshot(channel);
            assertEquals(OptionalLong.of(length), now.acknowledgedBytes());
            assertEquals(OptionalLong.of(0), now.unacknowledgedBytes());
            channel.close();
        }
    }

    @ParameterizedTest
    @EnumSource(Transports.class)
    void snapshot_withAFullQueue_tellsWhatTheTransportKnowsAndNoMore(Transports transport) throws Exception {
        try (TestServer server = answering(transport, LARGE);
                PeerRun peer = server.connect(4096)) {
            peer.request();
            Channel channel = server.accepted();
            Eventually.await("a full queue", () -> snapshot(channel).nettyBytes() > 0);
            SendQueueSnapshot now = snapshot(channel);
            boolean tcpInfo = transport.tellsDelivery() && !transport.isUnix();
            assertEquals(tcpInfo, now.acknowledgedBytes().isPresent(), now::toString);
            assertEquals(tcpInfo, now.roundTripTime().isPresent(), now::toString);
            if (transport.isUnix()) {
                assertEquals(OptionalLong.of(0), now.unacknowledgedBytes());
                assertEquals(Optional.empty(), now.state());
            } else {
                assumeTrue(KernelSockets.areVisible(), "there is no /proc/net/tcp");
                assertEquals(Optional.of(TcpState.ESTABLISHED), now.state());
                assertTrue(now.unacknowledgedBytes().orElseThrow() > 0, now::toString);
            }
            channel.close().syncUninterruptibly();
            assertEquals(
                    "netty 0 B, unsent unknown, unacknowledged unknown, acknowledged unknown, rtt unknown, state unknown",
                    snapshot(channel).toString());
        }
    }

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void snapshot_onTheEventLoop_isThereAtOnce(Transports transport) throws Exception {
        try (TestServer server = answering(transport, 1);
                PeerRun peer = server.connect(0)) {
            peer.request();
            Channel channel = server.accepted();
            assertTrue(channel.eventLoop()
                    .submit(() -> SendQueue.snapshot(channel).isSuccess())
                    .get(30, TimeUnit.SECONDS));
            channel.close();
        }
    }

    // ---- acknowledged ----------------------------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void acknowledged_connectingSide_takesTheSynIntoAccount(Transports transport) throws Exception {
        EventLoopGroup group = transport.assumeAvailable().newGroup(1);
        ResourceCheck resources = new ResourceCheck(group);
        try (ServerSocket listener = new ServerSocket()) {
            listener.setReceiveBufferSize(4096);
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            Channel channel = transport.connect(group, listener.getLocalSocketAddress());
            try (Socket peer = listener.accept()) {
                channel.writeAndFlush(BytePattern.slice(resources.allocator(), 0, 1 << 20));
                ChannelFuture future = SendQueue.acknowledged(channel);
                Eventually.await(
                        "unsent bytes", () -> snapshot(channel).unsentBytes().orElse(0) > 0);
                assertFalse(future.isDone());
                assertEquals(1 << 20, peer.getInputStream().readNBytes(1 << 20).length);
                assertTrue(future.await(30, TimeUnit.SECONDS) && future.isSuccess(), future::toString);
                assertEquals(OptionalLong.of(1 << 20), snapshot(channel).acknowledgedBytes());
            }
            channel.close().syncUninterruptibly();
        }
        assertEquals(List.of(), resources.close());
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "IO_URING", "EPOLL_UNIX"})
    void acknowledged_behindAnEncoder_putsNothingOnTheWire(Transports transport) throws Exception {
        for (boolean graceful : new boolean[] {true, false}) {
            TestServer.Builder builder = TestServer.on(transport).handlers(c -> c.pipeline()
                    .addLast(new LengthFieldPrepender(4), new StringEncoder(), new ChannelInboundHandlerAdapter() {
                        @Override
                        public void channelActive(ChannelHandlerContext ctx) {
                            ctx.writeAndFlush("hello");
                            SendQueue.acknowledged(ctx.channel()).addListener(f -> ctx.writeAndFlush("world")
                                    .addListener(ChannelFutureListener.CLOSE));
                        }
                    }));
            try (TestServer server = (graceful ? builder : builder.withoutHandler()).start();
                    PeerSocket peer = server.connect()) {
                ByteArrayOutputStream wire = new ByteArrayOutputStream();
                byte[] buffer = new byte[64];
                for (int n = peer.read(buffer, 64); n >= 0; n = peer.read(buffer, 64)) {
                    wire.write(buffer, 0, n);
                }
                assertEquals("\0\0\0\5hello\0\0\0\5world", wire.toString(StandardCharsets.US_ASCII));
            }
        }
    }

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void acknowledged_behindTls_waitsForTheHandshakeToo(Transports transport) throws Exception {
        int length = 1 << 20;
        CompletableFuture<SendQueueSnapshot> atTheEnd = new CompletableFuture<>();
        try (TestServer server = TestServer.on(transport)
                .tls(true)
                .handlers(c -> c.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelActive(ChannelHandlerContext ctx) { // long before the handshake is over
                        Answer.write(ctx, length);
                        SendQueue.acknowledged(ctx.channel()).addListener(f -> {
                            if (f.isSuccess()) {
                                atTheEnd.complete(
                                        SendQueue.snapshot(ctx.channel()).getNow());
                            } else {
                                atTheEnd.completeExceptionally(f.cause());
                            }
                        });
                    }
                }))
                .start()) {
            PeerRun peer = server.connect(0); // shakes hands
            while (peer.bytes() < length && peer.read(64 << 10) >= 0) {
                // counted there
            }
            SendQueueSnapshot end = atTheEnd.get(30, TimeUnit.SECONDS);
            assertTrue(end.acknowledgedBytes().orElseThrow() > length, () -> "ciphertext is longer: " + end);
            peer.close();
        }
    }

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void acknowledged_behindAWriterOfChunks_waitsForTheLast(Transports transport) throws Exception {
        int length = 8 << 20;
        expectAtTheEnd(transport, length, c -> c.pipeline().addLast(new ChunkedWriteHandler()), ctx -> {
            byte[] bytes = new byte[length];
            BytePattern.slice(ctx.alloc(), 0, length).readBytes(bytes).release();
            ctx.channel().write(new ChunkedStream(new ByteArrayInputStream(bytes)));
        });
    }

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void acknowledged_behindAnHttpCodec_passes(Transports transport) throws Exception {
        expectAtTheEnd(transport, 1 << 20, c -> c.pipeline().addFirst(new HttpServerCodec()), ctx -> ctx.pipeline()
                .context(HttpServerCodec.class)
                .write(BytePattern.slice(ctx.alloc(), 0, 1 << 20)));
    }

    /** The future completes, and then everything is acknowledged and nothing held back. */
    private static void expectAtTheEnd(
            Transports transport, int length, Consumer<Channel> handlers, Consumer<ChannelHandlerContext> write)
            throws Exception {
        CompletableFuture<SendQueueSnapshot> atTheEnd = new CompletableFuture<>();
        try (TestServer server = TestServer.on(transport)
                        .withoutHandler()
                        .handlers(c -> {
                            c.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                                @Override
                                public void channelActive(ChannelHandlerContext ctx) {
                                    write.accept(ctx);
                                    SendQueue.acknowledged(ctx.channel())
                                            .addListener(f -> atTheEnd.complete(SendQueue.snapshot(ctx.channel())
                                                    .getNow()));
                                }
                            });
                            handlers.accept(c);
                        })
                        .start();
                PeerRun peer = server.connect(0)) {
            while (peer.bytes() < length && peer.read(64 << 10) >= 0) {
                // counted there
            }
            assertEquals(
                    OptionalLong.of(length), atTheEnd.get(30, TimeUnit.SECONDS).acknowledgedBytes());
        }
    }

    @ParameterizedTest
    @EnumSource(Transports.class)
    void acknowledged_onEveryTransport_succeedsOrRefuses(Transports transport) throws Exception {
        if (transport == Transports.NIO_UNIX || transport == Transports.IO_URING_UNIX) {}
        CompletableFuture<ChannelFuture> asked = new CompletableFuture<>();
        try (TestServer server = TestServer.on(transport)
                        .handlers(c -> c.pipeline().addLast(new Answer(ctx -> {
                            Answer.write(ctx, LARGE);
                            asked.complete(SendQueue.acknowledged(ctx.channel()));
                            ctx.channel().close();
                        })))
                        .start();
                PeerRun peer = server.connect(0)) {
            peer.request();
            ChannelFuture future = asked.get(30, TimeUnit.SECONDS);
            peer.readAll();
            assertTrue(peer.result().isWhole(LARGE), () -> peer.result().toString());
            assertTrue(future.await(30, TimeUnit.SECONDS));
            if (transport.tellsDelivery()) {
                assertTrue(future.isSuccess(), () -> "" + future.cause());
            } else {
                assertInstanceOf(UnsupportedOperationException.class, future.cause());
            }
        }
    }

    // ---- limitInFlight ---------------------------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void limitInFlight_stalledPeer_holdsTheLimitPlusOneWrite_andGoesOn(Transports transport) throws Exception {
        WriteBufferWaterMark noWatermark = new WriteBufferWaterMark(LARGE, 2 * LARGE);
        AtomicLong most = new AtomicLong();
        CompletableFuture<Void> allWritten = new CompletableFuture<>();
        try (TestServer server = TestServer.on(transport)
                        .withoutHandler()
                        .handlers(c -> c.pipeline()
                                .addLast(SendQueue.limitInFlight(LIMIT))
                                .addLast(new EagerWriter(LARGE, WRITE, most, allWritten, noWatermark)))
                        .start();
                PeerRun peer = server.connect(4096)) {
            peer.request();
            Channel channel = server.accepted();
            Eventually.await("a sender that stands", () -> !channel.isWritable());
            SendQueueSnapshot stalled = snapshot(channel);
            assertTrue(stalled.unacknowledgedBytes().orElseThrow() <= LIMIT + WRITE, stalled::toString);
            while (peer.bytes() < LARGE && peer.read(64 << 10) >= 0) {
                // counted there
            }
            allWritten.get(30, TimeUnit.SECONDS);
            assertTrue(peer.result().intact());
            assertEquals(LARGE, peer.bytes());
            System.out.println(transport + ": at most " + most + " bytes unacknowledged under a limit of " + LIMIT);
            assertTrue(most.get() > LIMIT - WRITE && most.get() <= LIMIT + WRITE, () -> "at most " + most);
            channel.close();
        }
    }

    private static TestServer answering(Transports transport, int length) {
        return TestServer.on(transport)
                .withoutHandler()
                .handlers(c -> c.pipeline().addLast(new Answer(ctx -> {
                    Answer.write(ctx, length);
                    ctx.flush();
                })))
                .start();
    }

    private static SendQueueSnapshot snapshot(Channel channel) throws Exception {
        return SendQueue.snapshot(channel).get(30, TimeUnit.SECONDS);
    }
}
