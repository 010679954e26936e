package dev.lastbyte.internal.listener;

import static dev.lastbyte.internal.listener.StoppingListeners.LATE;
import static dev.lastbyte.internal.listener.StoppingListeners.awaitAnswers;
import static dev.lastbyte.internal.listener.StoppingListeners.awaitQuietly;
import static dev.lastbyte.internal.listener.StoppingListeners.connect;
import static dev.lastbyte.internal.listener.StoppingListeners.server;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lastbyte.testing.OneByteServer;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.unix.IntegerUnixChannelOption;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What a stop does for clients that the kernel holds already: in the accept queue, and in the middle of their handshake. */
@RealSockets
class ListenerStopQueueIT {
    private static final IntegerUnixChannelOption TCP_DEFER_ACCEPT =
            new IntegerUnixChannelOption("TCP_DEFER_ACCEPT", 6, 9);

    @RegisterExtension
    final StoppingListeners listeners = new StoppingListeners();

    @ParameterizedTest
    @EnumSource(names = {"EPOLL_UNIX", "IO_URING_UNIX"})
    void stopOfUnixSocket_thatAcceptsNobody_countsThoseWhoWait(Transports transport) throws Exception {
        ChannelOutboundHandlerAdapter acceptsNobody = new ChannelOutboundHandlerAdapter() {
            @Override
            public void read(ChannelHandlerContext ctx) {
                // never passed on
            }
        };
        try (OneByteServer server = server(transport, b -> b.handler(acceptsNobody));
                SocketChannel one = connect(server.address());
                SocketChannel another = connect(server.address())) {
            ListenerStop.Result report = listeners.stop(server.listener());
            assertEquals(OptionalLong.of(2), report.unaccepted(), report::toString);
            assertEquals(-1, one.read(ByteBuffer.allocate(1)));
            assertEquals(-1, another.read(ByteBuffer.allocate(1)));
        }
    }

    @ParameterizedTest
    @EnumSource(Transports.class)
    void stop_whileAcceptingIsOff_servesThoseWhoWait(Transports transport) throws Exception {
        List<SocketChannel> clients = new ArrayList<>();
        try (OneByteServer server = server(
                transport, b -> b.option(ChannelOption.AUTO_READ, false).option(ChannelOption.SO_BACKLOG, 128))) {
            for (int i = 0; i < 40; i++) {
                clients.add(connect(server.address()));
                clients.get(i).write(ByteBuffer.allocate(1));
            }
            assertEquals(0, server.accepted());
            ListenerStop.Result report = listeners.stop(server.listener());
            for (SocketChannel client : clients) {
                assertEquals(1, client.read(ByteBuffer.allocate(1)), report::toString);
                client.close();
            }
            assertEquals(clients.size(), server.accepted());
        } finally {
            for (SocketChannel client : clients) {
                client.close();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#withTcpInfo")
    void handshakeThatEndsDuringTheStop_isServed(Transports transport) throws Exception {
        try (OneByteServer server = server(transport, b -> b.option(TCP_DEFER_ACCEPT, 30));
                SocketChannel client = connect(server.address())) {
            CompletableFuture<ListenerStop.Result> report = listeners.begin(server.listener(), LATE);
            listeners
                    .timer
                    .submit(() -> {})
                    .get(30, TimeUnit.SECONDS); // the filter may be on by now, the handshake stays
            client.write(ByteBuffer.allocate(1));
            assertEquals(1, client.read(ByteBuffer.allocate(1)));
            assertEquals(0, report.get(30, TimeUnit.SECONDS).unaccepted().orElse(0), report::toString);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#withTcpInfo")
    void stop_withSilentHandshake_endsByTheDeadline_andCountsIt(Transports transport) throws Exception {
        try (OneByteServer server = server(transport, b -> b.option(TCP_DEFER_ACCEPT, 30));
                SocketChannel silent = connect(server.address())) {
            ListenerStop.Result report = listeners.stop(server.listener(), Duration.ofMillis(400));
            assumeTableWasRead(report);
            assertEquals(OptionalLong.of(1), report.unaccepted(), report::toString);
            assertTrue(report.time().toMillis() >= 300, report::toString);
            assertTrue(report.time().compareTo(Duration.ofMillis(1400)) < 0, report::toString);
            silent.write(ByteBuffer.allocate(1)); // only then the kernel tells that there is no such connection
            assertThrows(IOException.class, () -> silent.read(ByteBuffer.allocate(1)));
        }
    }

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#withTcpInfo")
    void stop_withSilentHandshake_doesNotWaitForALateDeadline(Transports transport) throws Exception {
        try (OneByteServer server = server(transport, b -> b.option(TCP_DEFER_ACCEPT, 30));
                SocketChannel silent = connect(server.address())) {
            ListenerStop.Result report = listeners.stop(server.listener(), Duration.ofSeconds(30));
            assumeTableWasRead(report);
            assertEquals(OptionalLong.of(1), report.unaccepted(), report::toString);
            assertTrue(report.time().compareTo(Duration.ofSeconds(5)) < 0, report::toString);
            assertTrue(silent.isConnected());
        }
    }

    /** With one accept per turn of its event loop this queue would take three times as long as the stop has. */
    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#withTcpInfo")
    void stop_onABusyLoop_servesThoseWhoWait(Transports transport) throws Exception {
        List<SocketChannel> clients = new ArrayList<>();
        try (OneByteServer server = server(transport, b -> b.option(ChannelOption.AUTO_READ, false))) {
            AcceptTurns.prepare(server.listener()); // as manage() does
            EventLoop loop = server.listener().eventLoop();
            AtomicBoolean busy = new AtomicBoolean(true);
            try {
                loop.execute(() -> workTenMillis(loop, busy));
                for (int i = 0; i < 150; i++) {
                    clients.add(connect(server.address()));
                }
                ListenerStop.Result report = listeners.stop(server.listener(), Duration.ofMillis(500));
                assertEquals(
                        0, report.unaccepted().orElse(0), report::toString); // on a busy machine it may not be known
                awaitAnswers(clients, report);
            } finally {
                busy.set(false);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Transports.class)
    void stop_onALoopBlockedBeyondTheDeadline_servesThoseWhoWait(Transports transport) throws Exception {
        List<SocketChannel> clients = new ArrayList<>();
        CountDownLatch blocked = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        try (OneByteServer server = server(transport, b -> b.option(ChannelOption.SO_BACKLOG, 128))) {
            AcceptTurns.prepare(server.listener());
            try {
                server.listener().eventLoop().execute(() -> {
                    blocked.countDown();
                    awaitQuietly(release);
                });
                assertTrue(blocked.await(30, TimeUnit.SECONDS));
                for (int i = 0; i < 40; i++) {
                    clients.add(connect(server.address()));
                }
                CompletableFuture<ListenerStop.Result> stop = listeners.begin(server.listener(), Duration.ofMillis(50));
                listeners.timer.schedule(release::countDown, 100, TimeUnit.MILLISECONDS);
                ListenerStop.Result report = stop.get(40, TimeUnit.SECONDS);
                awaitAnswers(clients, report);
            } finally {
                release.countDown();
            }
        }
    }

    private static void workTenMillis(EventLoop loop, AtomicBoolean on) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(10);
        while (System.nanoTime() - end < 0) {
            Thread.onSpinWait();
        }
        if (on.get()) {
            loop.schedule(() -> workTenMillis(loop, on), 0, TimeUnit.NANOSECONDS);
        }
    }

    /** With a hundred thousand sockets, of whatever process, the kernel takes longer to list them than a stop allows. */
    private static void assumeTableWasRead(ListenerStop.Result report) {
        assumeTrue(report.unaccepted().isPresent(), "the kernel's table of sockets is too long, or cannot be read");
    }
}
