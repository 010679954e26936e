package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.BytePattern;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.ResourceCheck;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalServerChannel;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Channels that have no connection yet, never get one, or have none with two directions. */
@RealSockets
class UnconnectedIT {
    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    void close_whileConnecting_endsAtOnce(Transports transport) throws Exception {
        try (FullBacklog target = new FullBacklog();
                Client client = new Client(transport)) {
            Channel channel = client.bootstrap.register().syncUninterruptibly().channel();
            ChannelFuture connect = channel.connect(target.listener.getLocalSocketAddress());
            Future<CloseReport> report = GracefulCloseHandler.report(channel);
            assertTrue(channel.close().await(5, TimeUnit.SECONDS), "close was to end at once");
            assertTrue(report.await(5, TimeUnit.SECONDS));
            assertEquals(CloseCause.NOT_CONNECTED, report.getNow().cause());
            assertTrue(
                    connect.await(5, TimeUnit.SECONDS) && !connect.isSuccess(),
                    () -> "the backlog was to be full: " + connect);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#graceful")
    void close_neverConnected_isReported(Transports transport) throws Exception {
        try (Client client = new Client(transport)) {
            Channel channel = client.bootstrap.register().syncUninterruptibly().channel();
            Future<CloseReport> report = GracefulCloseHandler.report(channel);
            assertTrue(channel.close().await(5, TimeUnit.SECONDS));
            assertTrue(report.await(5, TimeUnit.SECONDS));
            assertEquals(CloseCause.NOT_CONNECTED, report.getNow().cause());
        }
    }

    /** The listener of a connect is told before the pipeline hears that the channel is active. */
    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    void close_byTheConnectListener_isReportedOnce_asTheCloseOfAConnection(Transports transport) throws Exception {
        List<CloseReport> told = new CopyOnWriteArrayList<>();
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .closeListener((channel, report) -> told.add(report))
                .build();
        try (ServerSocket listener = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
                Client client = new Client(transport, config)) {
            Channel channel = client.bootstrap.register().syncUninterruptibly().channel();
            Future<CloseReport> report = GracefulCloseHandler.report(channel);
            channel.connect(listener.getLocalSocketAddress()).addListener(ChannelFutureListener.CLOSE);
            listener.accept().close();
            assertTrue(report.await(30, TimeUnit.SECONDS));
            assertTrue(channel.closeFuture().await(30, TimeUnit.SECONDS));
            channel.eventLoop().submit(() -> {}).syncUninterruptibly();
            assertEquals(List.of(report.getNow()), told);
            assertNotEquals(CloseCause.NOT_CONNECTED, report.getNow().cause());
        }
    }

    @Test
    void close_localChannel_deliversEverythingAndSaysThatItIsNotHalfClosed() throws Exception {
        int length = 1 << 20;
        CompletableFuture<Future<CloseReport>> report = new CompletableFuture<>();
        CompletableFuture<Long> received = new CompletableFuture<>();
        EventLoopGroup group = Transports.newLocalGroup();
        ResourceCheck resources = new ResourceCheck(group);
        LocalAddress address = new LocalAddress(UnconnectedIT.class.getName());
        new ServerBootstrap()
                .group(group)
                .channel(LocalServerChannel.class)
                .childHandler(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelActive(ChannelHandlerContext ctx) {
                        ctx.pipeline().addFirst(new GracefulCloseHandler());
                        report.complete(GracefulCloseHandler.report(ctx.channel()));
                        ctx.write(BytePattern.slice(resources.allocator(), 0, length));
                        ctx.close();
                    }
                })
                .bind(address)
                .syncUninterruptibly();
        new Bootstrap()
                .group(group)
                .channel(LocalChannel.class)
                .handler(new ChannelInboundHandlerAdapter() {
                    private long count;

                    @Override
                    public void channelRead(ChannelHandlerContext ctx, Object message) {
                        count += ((ByteBuf) message).readableBytes();
                        ((ByteBuf) message).release();
                    }

                    @Override
                    public void channelInactive(ChannelHandlerContext ctx) {
                        received.complete(count);
                    }
                })
                .connect(address)
                .syncUninterruptibly();
        assertEquals(length, received.get(30, TimeUnit.SECONDS));
        assertTrue(report.get(30, TimeUnit.SECONDS).await(30, TimeUnit.SECONDS));
        assertEquals(CloseCause.HALF_CLOSE_UNSUPPORTED, report.get().getNow().cause());
        assertEquals(List.of(), resources.close());
    }

    /** A listener that lets further connections wait for ever. */
    private static final class FullBacklog implements AutoCloseable {
        final ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        private final List<SocketChannel> waiting = new ArrayList<>();

        FullBacklog() throws IOException {
            for (int i = 0; i < 8; i++) {
                SocketChannel channel = SocketChannel.open();
                channel.configureBlocking(false);
                channel.connect(listener.getLocalSocketAddress());
                waiting.add(channel);
            }
        }

        @Override
        public void close() throws IOException {
            for (SocketChannel channel : waiting) {
                channel.close();
            }
            listener.close();
        }
    }

    /** The connecting side, with its event loop. */
    private static final class Client implements AutoCloseable {
        final Bootstrap bootstrap;
        private final ResourceCheck resources;

        Client(Transports transport) {
            this(transport, GracefulCloseConfig.defaults());
        }

        Client(Transports transport, GracefulCloseConfig config) {
            EventLoopGroup group = transport.assumeAvailable().newGroup(1);
            resources = new ResourceCheck(group);
            bootstrap = new Bootstrap()
                    .group(group)
                    .channel(transport.clientChannel())
                    .option(ChannelOption.ALLOCATOR, resources.allocator())
                    .handler(new GracefulCloseHandler(config));
        }

        @Override
        public void close() {
            assertEquals(List.of(), resources.close());
        }
    }
}
