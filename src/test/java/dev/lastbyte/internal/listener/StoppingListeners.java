package dev.lastbyte.internal.listener;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.internal.SocketTable;
import dev.lastbyte.internal.SystemView;
import dev.lastbyte.testing.ConnectStorm;
import dev.lastbyte.testing.OneByteServer;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Stops listeners as a drain does, with a timer for one test, and connects the clients that should not be lost. Confined to the
 * test's thread.
 */
final class StoppingListeners implements AfterEachCallback {
    /** More time than any stop takes. */
    static final Duration LATE = Duration.ofSeconds(10);

    private static final int CLIENTS = 16;

    final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

    @Override
    public void afterEach(ExtensionContext context) {
        timer.shutdownNow();
    }

    // ---- stops -----------------------------------------------------------------------------------------------------

    ListenerStop.Result stop(Channel listener) throws Exception {
        return stop(listener, LATE);
    }

    ListenerStop.Result stop(Channel listener, Duration limit) throws Exception {
        return begin(listener, limit).get(40, TimeUnit.SECONDS);
    }

    CompletableFuture<ListenerStop.Result> begin(Channel listener, Duration limit) {
        return begin(listener, limit, SystemView.REAL);
    }

    CompletableFuture<ListenerStop.Result> begin(Channel listener, Duration limit, SystemView system) {
        return ListenerStop.start(
                        listener,
                        system.nanoTime() + limit.toNanos(),
                        system,
                        timer,
                        new HandshakeLooks(SystemView.REAL, SocketTable.SYSTEM))
                .toCompletableFuture();
    }

    // ---- clients ---------------------------------------------------------------------------------------------------

    static OneByteServer server(Transports transport, Consumer<ServerBootstrap> options) {
        transport.assumeAvailable();
        return new OneByteServer(transport, transport.newAddress(), options);
    }

    static SocketChannel connect(SocketAddress address) throws IOException {
        if (address instanceof InetSocketAddress) {
            return SocketChannel.open(address);
        }
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(address.toString()));
        return channel;
    }

    /** Each client asks, gets its answer, and closes. */
    static void awaitAnswers(List<SocketChannel> clients, ListenerStop.Result report) throws IOException {
        for (SocketChannel client : clients) {
            client.write(ByteBuffer.allocate(1));
            assertEquals(1, client.read(ByteBuffer.allocate(1)), report::toString);
            client.close();
        }
    }

    /** For an event loop that should not get on. */
    static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await(40, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    // ---- rounds ----------------------------------------------------------------------------------------------------

    /**
     * What became of the clients, and what the stop returned. Immutable.
     *
     * @param report what the stop returned
     */
    record Round<R>(ConnectStorm storm, R report) {}

    /** A way to stop a listener. */
    interface Stop<R> {
        R stop(Channel listener) throws Exception;
    }

    /** Clients connect all the time while the listener is stopped; each ends when it is refused. */
    static <R> Round<R> round(Transports transport, SocketAddress bind, String host, Stop<R> stop) throws Exception {
        transport.assumeAvailable();
        try (OneByteServer server = new OneByteServer(transport, bind, b -> {})) {
            SocketAddress target = server.address() instanceof InetSocketAddress inet
                    ? new InetSocketAddress(host, inet.getPort())
                    : server.address();
            try (ConnectStorm storm = ConnectStorm.untilRefused(target, CLIENTS)) {
                storm.awaitServed(10 * CLIENTS);
                R report = stop.stop(server.listener());
                assertFalse(server.listener().isOpen());
                storm.join();
                assertTrue(storm.refused() > 0, storm::toString);
                return new Round<>(storm, report);
            }
        }
    }
}
