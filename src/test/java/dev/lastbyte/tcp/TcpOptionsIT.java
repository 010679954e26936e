package dev.lastbyte.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.PeerSocket;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.ResourceCheck;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Options as the kernel has taken them, read back from real sockets; an option that Netty does not know would warn. */
@RealSockets
class TcpOptionsIT {
    private static final String LINUX = "dev.lastbyte.testing.Transports#withTcpInfo";
    private static final String LINUX_ON_BOTH_IPS = "dev.lastbyte.testing.Transports#withTcpInfoOnBothIps";
    private static final String TCP = "dev.lastbyte.testing.Transports#tcp";
    private static final int TIMESTAMP_BYTES = 12;

    @ParameterizedTest
    @MethodSource(LINUX_ON_BOTH_IPS)
    void server_everyOption_isWhatTheKernelHas(Transports transport, InetAddress host) throws Exception {
        TcpOptions options = TcpOptions.builder()
                .noDelay(false)
                .cork(true)
                .quickAck(true)
                .deferAccept(Duration.ofSeconds(5))
                .keepIdle(Duration.ofSeconds(61))
                .keepInterval(Duration.ofSeconds(7))
                .keepCount(4)
                .finWait2Timeout(Duration.ofSeconds(9))
                .userTimeout(Duration.ofMillis(30_500))
                .maxSegment(1000)
                .windowClamp(40_000)
                .notSentLowWater(16_384)
                .sendBuffer(65_536)
                .receiveBuffer(50_000)
                .build();
        try (Served served = serve(transport, host, options)) {
            EffectiveTcpOptions listener = TcpOptions.effective(served.listener);
            EffectiveTcpOptions child = TcpOptions.effective(served.child);
            assertEquals(7, value(listener, TcpOption.TCP_DEFER_ACCEPT), "5 s end at the next repeat of a SYN-ACK");
            assertEquals(1000, value(listener, TcpOption.TCP_MAXSEG));
            assertEquals(100_000, value(listener, TcpOption.SO_RCVBUF), "doubled");
            assertEquals(40_000, value(listener, TcpOption.TCP_WINDOW_CLAMP));

            assertEquals(0, value(child, TcpOption.TCP_NODELAY));
            assertEquals(1, value(child, TcpOption.TCP_CORK));
            assertEquals(1, value(child, TcpOption.TCP_QUICKACK));
            assertEquals(1, value(child, TcpOption.SO_KEEPALIVE));
            assertEquals(61, value(child, TcpOption.TCP_KEEPIDLE));
            assertEquals(7, value(child, TcpOption.TCP_KEEPINTVL));
            assertEquals(4, value(child, TcpOption.TCP_KEEPCNT));
            assertEquals(9, value(child, TcpOption.TCP_LINGER2));
            assertEquals(30_500, value(child, TcpOption.TCP_USER_TIMEOUT));
            assertEquals(16_384, value(child, TcpOption.TCP_NOTSENT_LOWAT));
            assertEquals(131_072, value(child, TcpOption.SO_SNDBUF), "doubled");
            assertEquals(100_000, value(child, TcpOption.SO_RCVBUF), "inherited");
            assertEquals(40_000, value(child, TcpOption.TCP_WINDOW_CLAMP), "inherited");
            assertEquals(1000 - TIMESTAMP_BYTES, value(child, TcpOption.TCP_MAXSEG), "inherited");
        }
    }

    @ParameterizedTest
    @MethodSource(LINUX_ON_BOTH_IPS)
    void client_optionsOfTheHandshake_areSetBeforeItConnects(Transports transport, InetAddress host) throws Exception {
        EventLoopGroup group = transport.assumeAvailable().newGroup(1);
        ResourceCheck resources = new ResourceCheck(group);
        try (TestServer server =
                TestServer.on(transport).host(host).withoutHandler().start()) {
            Channel client = TcpOptions.builder()
                    .maxSegment(1000)
                    .synRepeats(2)
                    .receiveBuffer(50_000)
                    .build()
                    .applyTo(new Bootstrap(), transport.clientChannel())
                    .group(group)
                    .handler(new ChannelInboundHandlerAdapter())
                    .connect(server.address())
                    .syncUninterruptibly()
                    .channel();
            EffectiveTcpOptions peer = TcpOptions.effective(server.accepted());
            assertEquals(1000 - TIMESTAMP_BYTES, value(peer, TcpOption.TCP_MAXSEG), "the peer was told");
            EffectiveTcpOptions effective = TcpOptions.effective(client);
            assertEquals(2, value(effective, TcpOption.TCP_SYNCNT));
            assertEquals(100_000, value(effective, TcpOption.SO_RCVBUF));
            client.close().syncUninterruptibly();
        }
        assertEquals(List.of(), resources.close());
    }

    @ParameterizedTest
    @MethodSource(LINUX)
    void sendBuffer_beyondTheSystemsLimit_isBoundedByTheKernel_andTold(Transports transport) throws Exception {
        // by lines: /proc/sys answers one read only, and Files.readString begins with a read of one byte
        long most = Long.parseLong(
                Files.readAllLines(Path.of("/proc/sys/net/core/wmem_max")).get(0));
        onConnection(transport, channel -> {
            TcpOptions.builder().sendBuffer(Integer.MAX_VALUE / 2).build().applyTo(channel);
            assertEquals(2 * most, value(TcpOptions.effective(channel), TcpOption.SO_SNDBUF));
        });
    }

    @ParameterizedTest
    @MethodSource(LINUX)
    void deferAccept_keepsASilentConnectionOut_untilItSpeaks(Transports transport) throws Exception {
        TcpOptions options =
                TcpOptions.builder().deferAccept(Duration.ofSeconds(60)).build();
        try (TestServer server = TestServer.on(transport)
                        .withoutHandler()
                        .options(b -> optionsOnly(options, b, transport))
                        .start();
                PeerSocket silent = server.connect();
                PeerSocket speaking = server.connect()) {
            speaking.write(new byte[1], 1);
            assertEquals(speaking.localPort(), peerPort(server.accepted()), "accepted first");
            silent.write(new byte[1], 1);
            assertEquals(silent.localPort(), peerPort(server.accepted()));
        }
    }

    @Test
    void nio_hasWhatTheJdkHas() throws Exception {
        TcpOptions options = TcpOptions.builder()
                .noDelay(false)
                .quickAck(true)
                .keepIdle(Duration.ofSeconds(61))
                .keepInterval(Duration.ofSeconds(7))
                .keepCount(4)
                .sendBuffer(65_536)
                .receiveBuffer(50_000)
                .build();
        try (Served served = serve(Transports.NIO, InetAddress.getLoopbackAddress(), options)) {
            EffectiveTcpOptions child = TcpOptions.effective(served.child);
            assertEquals(61, value(child, TcpOption.TCP_KEEPIDLE));
            assertEquals(7, value(child, TcpOption.TCP_KEEPINTVL));
            assertEquals(4, value(child, TcpOption.TCP_KEEPCNT));
            assertEquals(50_000, value(child, TcpOption.SO_RCVBUF), "the JDK halves what the kernel has doubled");
            assertEquals(65_536, value(child, TcpOption.SO_SNDBUF));
            Set<TcpOption> known = EnumSet.noneOf(TcpOption.class);
            for (TcpOption option : TcpOption.values()) {
                child.value(option).ifPresent(v -> known.add(option));
            }
            assertEquals(
                    EnumSet.of(
                            TcpOption.TCP_NODELAY,
                            TcpOption.TCP_QUICKACK,
                            TcpOption.SO_KEEPALIVE,
                            TcpOption.TCP_KEEPIDLE,
                            TcpOption.TCP_KEEPINTVL,
                            TcpOption.TCP_KEEPCNT,
                            TcpOption.SO_SNDBUF,
                            TcpOption.SO_RCVBUF),
                    known);
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void connection_optionsThatComeTooLate_areRefused(Transports transport) throws Exception {
        onConnection(transport, channel -> {
            TcpOptions late = TcpOptions.builder().noDelay(false).synRepeats(2).build();
            assertThrows(UnsupportedOperationException.class, () -> late.applyTo(channel));
            assertEquals(1, value(TcpOptions.effective(channel), TcpOption.TCP_NODELAY), "nothing was set");
            late.toBuilder().skipUnsupported().build().applyTo(channel);
            assertEquals(0, value(TcpOptions.effective(channel), TcpOption.TCP_NODELAY));
        });
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void closedChannel_takesNothing_andTellsNothing(Transports transport) throws Exception {
        onConnection(transport, channel -> {
            channel.close().syncUninterruptibly();
            TcpOptions options = TcpOptions.builder().noDelay(true).build();
            ChannelException e = assertThrows(ChannelException.class, () -> options.applyTo(channel));
            assertTrue(e.getMessage().startsWith("TCP_NODELAY: on refused for "), e.getMessage());
            assertEquals(transport.label() + "{}", TcpOptions.effective(channel).toString());
        });
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void policy_isRefusedOnAListener_andChangesOnAConnection(Transports transport) throws Exception {
        onConnection(transport, channel -> {
            assertThrows(IllegalStateException.class, () -> SegmentPolicy.CORK.applyTo(channel.parent()));
            SegmentPolicy.CORK.applyTo(channel);
            SegmentPolicy.CORK.applyTo(channel);
            assertEquals(
                    1,
                    channel.pipeline().names().stream()
                            .filter(n -> n.startsWith("CorkHandler"))
                            .count());
            SegmentPolicy.NAGLE.applyTo(channel);
            assertEquals(0, value(TcpOptions.effective(channel), TcpOption.TCP_NODELAY));
            assertEquals(null, channel.pipeline().get(CorkHandler.class));
            SegmentPolicy.NO_DELAY.applyTo(channel);
            assertEquals(1, value(TcpOptions.effective(channel), TcpOption.TCP_NODELAY));
        });
    }

    // ---- inside ----------------------------------------------------------------------------------------------------

    /** Runs a test on a server's end of a connection. */
    private static void onConnection(Transports transport, Consumer<Channel> test) throws IOException {
        try (TestServer server = TestServer.on(transport).withoutHandler().start();
                PeerSocket peer = server.connect()) {
            Channel channel = server.accepted();
            test.accept(channel);
            channel.close();
            assertEquals(-1, peer.read(new byte[1], 1));
        }
    }

    private record Served(
            EventLoopGroup group, ResourceCheck resources, Channel listener, Channel child, PeerSocket peer)
            implements AutoCloseable {
        @Override
        public void close() throws IOException {
            peer.close();
            child.close().syncUninterruptibly();
            listener.close().syncUninterruptibly();
            assertEquals(List.of(), resources.close());
        }
    }

    /** A server whose bootstrap had the options before anything else, and its first connection. */
    private static Served serve(Transports transport, InetAddress host, TcpOptions options) throws Exception {
        EventLoopGroup group = transport.assumeAvailable().newGroup(1);
        var accepted = new LinkedBlockingQueue<Channel>();
        Channel listener = options.applyTo(new ServerBootstrap(), transport.serverChannel())
                .group(group)
                .childHandler(new ChannelInboundHandlerAdapter() {
                    @Override
                    public boolean isSharable() {
                        return true;
                    }

                    @Override
                    public void channelActive(ChannelHandlerContext ctx) {
                        accepted.add(ctx.channel());
                    }
                })
                .bind(host, 0)
                .syncUninterruptibly()
                .channel();
        PeerSocket peer = PeerSocket.connect(listener.localAddress());
        peer.write(new byte[1], 1);
        Channel child = accepted.poll(TestServer.PATIENCE_SECONDS, TimeUnit.SECONDS);
        return new Served(group, new ResourceCheck(group), listener, Objects.requireNonNull(child), peer);
    }

    /** Where the channel type is set already: the listener's options alone. */
    private static void optionsOnly(TcpOptions options, ServerBootstrap bootstrap, Transports transport) {
        options.applyTo(new ServerBootstrap(), transport.serverChannel())
                .config()
                .options()
                .forEach((option, value) -> put(bootstrap, option, value));
    }

    @SuppressWarnings("unchecked")
    private static <T> void put(ServerBootstrap bootstrap, ChannelOption<T> option, Object value) {
        bootstrap.option(option, (T) value);
    }

    private static int peerPort(Channel channel) {
        return ((InetSocketAddress) channel.remoteAddress()).getPort();
    }

    private static long value(EffectiveTcpOptions options, TcpOption option) {
        return options.value(option).orElseThrow(() -> new AssertionError(option + " is not known: " + options));
    }
}
