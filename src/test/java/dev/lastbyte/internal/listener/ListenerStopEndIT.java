package dev.lastbyte.internal.listener;

import static dev.lastbyte.internal.listener.StoppingListeners.LATE;
import static dev.lastbyte.internal.listener.StoppingListeners.awaitQuietly;
import static dev.lastbyte.internal.listener.StoppingListeners.connect;
import static dev.lastbyte.internal.listener.StoppingListeners.server;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.FrozenSystem;
import dev.lastbyte.testing.OneByteServer;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** How a stop ends when something stands in its way, and what it leaves behind. */
@RealSockets
class ListenerStopEndIT {
    @RegisterExtension
    final StoppingListeners listeners = new StoppingListeners();

    /** Whoever else has the descriptor would be left with a socket that refuses everybody, for good. */
    @Test
    void unixSocketMadeFromADescriptor_isClosedButNotShutDown() throws Exception {
        Transports.EPOLL_UNIX.assumeAvailable();
        DomainSocketAddress address = (DomainSocketAddress) Transports.EPOLL_UNIX.newAddress();
        Socket socket = Socket.newSocketDomain();
        socket.bind(address);
        socket.listen(16);
        EventLoopGroup group = Transports.EPOLL_UNIX.newGroup(1);
        try {
            Channel listener = new EpollServerDomainSocketChannel(socket.intValue(), true);
            group.register(listener).sync();
            ListenerStop.Result report = listeners.stop(listener);
            assertFalse(listener.isOpen());
            assertFalse(report.filtered(), report::toString);
            assertEquals(OptionalLong.empty(), report.unaccepted(), report::toString);
        } finally {
            group.shutdownGracefully(0, 20, TimeUnit.SECONDS).awaitUninterruptibly(30, TimeUnit.SECONDS);
            Files.delete(Path.of(address.path()));
            Files.delete(Path.of(address.path()).getParent());
        }
    }

    @ParameterizedTest
    @EnumSource(Transports.class)
    void address_afterTheStop_canBeBoundAgain(Transports transport) throws Exception {
        try (OneByteServer server = server(transport, b -> reuseAddress(b, transport))) {
            SocketAddress address = server.address();
            listeners.stop(server.listener());
            server.bind(address);
            try (SocketChannel client = connect(address)) {
                client.write(ByteBuffer.allocate(1));
                assertEquals(1, client.read(ByteBuffer.allocate(1)));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Transports.class)
    void secondStop_andCloseByTheUser_endWithTheSameClose(Transports transport) throws Exception {
        try (OneByteServer server = server(transport, b -> {})) {
            Channel listener = server.listener();
            CompletableFuture<ListenerStop.Result> first = listeners.begin(listener, LATE);
            CompletableFuture<ListenerStop.Result> second = listeners.begin(listener, LATE);
            listener.close();
            assertNull(first.get(30, TimeUnit.SECONDS).failure());
            assertNull(second.get(30, TimeUnit.SECONDS).failure());
            assertFalse(listener.isOpen());
            assertTrue(listeners.stop(listener).closedBefore());
        }
    }

    @ParameterizedTest
    @EnumSource(Transports.class)
    void deadlineThatHasPassed_closesAtOnce(Transports transport) throws Exception {
        try (OneByteServer server = server(transport, b -> {})) {
            ListenerStop.Result report = listeners.stop(server.listener(), Duration.ZERO);
            assertFalse(server.listener().isOpen());
            assertFalse(report.filtered());
        }
    }

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    void timerThatHasEnded_closesAtOnce(Transports transport) throws Exception {
        listeners.timer.shutdownNow();
        try (OneByteServer server = server(transport, b -> {})) {
            ListenerStop.Result report = listeners.stop(server.listener());
            assertFalse(server.listener().isOpen());
            assertNotNull(report.failure(), report::toString);
        }
    }

    @Test
    void loopThatDoesNotAnswer_isReported() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        try (OneByteServer server = server(Transports.NIO, b -> {})) {
            try {
                server.listener().eventLoop().execute(() -> awaitQuietly(release));
                ListenerStop.Result report = listeners.stop(server.listener(), Duration.ofMillis(100));
                assertNotNull(report.failure(), report::toString);
            } finally {
                release.countDown();
            }
            assertTrue(server.listener().closeFuture().await(30, TimeUnit.SECONDS));
        }
    }

    /** Where the kernel takes no filter, or cannot be asked, the stop does what it can. */
    @Test
    void epollWithoutTcpInfo_isClosedAllTheSame() throws Exception {
        try (OneByteServer server = server(Transports.EPOLL, b -> {})) {
            ListenerStop.Result report =
                    listeners.begin(server.listener(), LATE, new FrozenSystem()).get(30, TimeUnit.SECONDS);
            assertFalse(report.filtered());
            assertEquals(OptionalLong.empty(), report.unaccepted());
        }
    }

    private static void reuseAddress(ServerBootstrap bootstrap, Transports transport) {
        if (!transport.isUnix()) {
            bootstrap.option(ChannelOption.SO_REUSEADDR, true);
        }
    }
}
