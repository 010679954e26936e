package dev.lastbyte.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.BytePattern;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.ResourceCheck;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What Linux tells about delivery through TCP_INFO, read at our own offsets, and which options it takes. */
@RealSockets
class KernelAssumptionsIT {
    private static final String WITH_TCP_INFO = "dev.lastbyte.testing.Transports#withTcpInfo";
    private static final int LENGTH = 50_000;

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void tcpInfo_acceptedSide_countsPayloadAndFin(Transports transport) throws Exception {
        try (TestServer server = TestServer.on(transport)
                        .withoutHandler()
                        .handlers(c -> c.pipeline().addLast(new Answer(ctx -> {
                            Answer.write(ctx, LENGTH);
                            ctx.writeAndFlush(Unpooled.EMPTY_BUFFER)
                                    .addListener(f -> ((DuplexChannel) ctx.channel()).shutdownOutput());
                        })))
                        .start();
                PeerRun peer = server.connect(0)) {
            peer.request();
            Channel channel = server.accepted();
            TcpInfo info = awaitFinWait2(channel);
            assertEquals(
                    LENGTH + 1, info.bytesAcked(), "the peer's kernel has payload and FIN, its application nothing");
            assertEquals(LENGTH, info.bytesSent() - info.bytesRetransmitted());
            assertEquals(0, info.notSent());
            assertTrue(info.rttMicros() > 0 && info.rttMicros() < 10_000_000, info::toString);
            peer.readAll();
            assertTrue(peer.result().isWhole(LENGTH));
            channel.close();
        }
    }

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void tcpInfo_peerReadsNothing_tellsWrittenAndAcknowledgedApart(Transports transport) throws Exception {
        int length = 1 << 20;
        try (TestServer server = TestServer.on(transport)
                        .withoutHandler()
                        .handlers(c -> c.pipeline().addLast(new Answer(ctx -> {
                            Answer.write(ctx, length);
                            ctx.flush();
                        })))
                        .start();
                PeerRun peer = server.connect(4096)) {
            peer.request();
            Channel channel = server.accepted();
            Eventually.await("everything written", () -> read(channel).written() == length);
            TcpInfo info = read(channel);
            assertTrue(info.bytesAcked() < length && info.notSent() > 0, info::toString);
            channel.close();
            peer.readAll();
        }
    }

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void tcpInfo_connectingSide_countsTheSynToo(Transports transport) throws Exception {
        EventLoopGroup group = transport.assumeAvailable().newGroup(1);
        ResourceCheck resources = new ResourceCheck(group);
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Channel channel = transport.connect(group, listener.getLocalSocketAddress());
            try (Socket peer = listener.accept()) {
                channel.writeAndFlush(BytePattern.slice(resources.allocator(), 0, LENGTH))
                        .syncUninterruptibly();
                ((DuplexChannel) channel).shutdownOutput().syncUninterruptibly();
                assertEquals(LENGTH + 2, awaitFinWait2(channel).bytesAcked());
                assertEquals(LENGTH, peer.getInputStream().readAllBytes().length);
            }
            assertTrue(channel.closeFuture().await(30, TimeUnit.SECONDS));
        }
        assertEquals(List.of(), resources.close());
    }

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void userTimeout_isTaken_andASmallerOneStays(Transports transport) throws Exception {
        IntegerUnixChannelOption userTimeout =
                new IntegerUnixChannelOption("test.TCP_USER_TIMEOUT." + transport, 6, 18);
        try (TestServer server = TestServer.on(transport).withoutHandler().start();
                PeerRun peer = server.connect(0)) {
            Channel channel = server.accepted();
            SocketLinger.UserTimeout.bound(channel, 3000);
            assertEquals(3000, channel.config().getOption(userTimeout));
            SocketLinger.UserTimeout.bound(channel, 5000);
            assertEquals(3000, channel.config().getOption(userTimeout));
            channel.close();
            peer.readAll();
        }
    }

    private static TcpInfo awaitFinWait2(Channel channel) {
        Eventually.await("FIN_WAIT2", () -> read(channel).state() == TcpInfo.FIN_WAIT2);
        return read(channel);
    }

    private static TcpInfo read(Channel channel) {
        TcpInfo info = TcpInfo.read(channel);
        assertNotNull(info, "TCP_INFO cannot be read");
        return info;
    }
}
