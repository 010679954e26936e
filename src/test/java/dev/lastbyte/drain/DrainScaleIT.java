package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.testing.IdlePeers;
import dev.lastbyte.testing.NoLeaks;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import javax.management.ObjectName;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Drains with thousands of connections, side by side with what Netty does by itself; prints its figures. */
@Tag("heavy")
@ExtendWith(NoLeaks.class)
class DrainScaleIT {
    private static final int IDLE = 15_000;
    private static final int STUBBORN = 5_000;
    private static final int ROUNDS = 5;
    private static final Set<String> UNMANAGED_TOO =
            Set.of("GracefulCloseHandler", "PeerFin", "Resets", "internal.UnsentOutput");

    @ParameterizedTest
    @EnumSource(names = {"NIO", "EPOLL", "IO_URING"})
    void idleConnections_drained_areGoneLittleLaterThanByAPlainClose(Transports transport) throws Exception {
        transport.assumeAvailable();
        List<Double> plain = new ArrayList<>();
        List<Double> plainGone = new ArrayList<>();
        List<Double> drained = new ArrayList<>();
        List<Double> drainedGone = new ArrayList<>();
        for (int i = 0; i < ROUNDS; i++) {
            plainClose(transport, plain, plainGone);
            drain(transport, drained, drainedGone);
        }
        double ratio = median(drainedGone) / median(plainGone);
        System.out.printf(
                Locale.ROOT,
                "%s: %d idle connections, until the call is done: ChannelGroup.close() %s, drain() %s, ratio %.2f%n"
                        + "    until the last peer has seen its end: %s, %s ms, ratio %.2f%n",
                transport,
                IDLE,
                plain,
                drained,
                median(drained) / median(plain),
                plainGone,
                drainedGone,
                ratio);
        assertTrue(ratio < 1.5, () -> "ratio " + ratio);
    }

    @ParameterizedTest
    @EnumSource(names = {"NIO", "EPOLL", "IO_URING"})
    void neverClosingPeers_drained_endAtTheDeadline(Transports transport) throws Exception {
        endsAtTheDeadline(transport, IdlePeers.Manners.STUBBORN, 100);
    }

    /** What they send keeps the event loops from closing them. */
    @ParameterizedTest
    @EnumSource(names = {"NIO", "EPOLL", "IO_URING"})
    void drippingPeers_drained_endAtTheDeadline(Transports transport) throws Exception {
        endsAtTheDeadline(transport, IdlePeers.Manners.DRIPPING, 500);
    }

    private static void endsAtTheDeadline(Transports transport, IdlePeers.Manners manners, long toleranceMillis)
            throws Exception {
        transport.assumeAvailable();
        Duration forEver = Duration.ofSeconds(60);
        GracefulCloseManager manager = GracefulCloseManager.builder()
                .connections(GracefulCloseConfig.builder()
                        .quietPeriod(forEver)
                        .deliveredTimeout(forEver)
                        .stallTimeout(forEver)
                        .build())
                .drainPolicy(DrainPolicy.builder()
                        .idleAfter(Duration.ofMillis(1))
                        .gracePeriod(Duration.ofSeconds(1))
                        .longLivedPeriod(Duration.ofSeconds(1))
                        .drainTimeout(Duration.ofSeconds(4))
                        .build())
                .build();
        try (Server server = new Server(transport, manager.childHandler(new Nothing()))) {
            try (IdlePeers peers = IdlePeers.connect(server.port(), STUBBORN, manners)) {
                await(() -> peers.isAlive() && manager.openConnections() == STUBBORN);
                long start = System.nanoTime();
                DrainReport report = manager.drain().get(60, TimeUnit.SECONDS);
                double late = millis(start) - 4000;
                System.out.printf(
                        Locale.ROOT,
                        "%s: %d peers, %s: drain() ended %+.1f ms from its deadline, %d forced%n",
                        transport,
                        STUBBORN,
                        manners,
                        late,
                        report.forced());
                assertEquals(STUBBORN, report.forced(), report::toString);
                assertTrue(Math.abs(late) < toleranceMillis, () -> late + " ms from the deadline");
            }
        }
    }

    @Test
    void openConnection_costsTheManager_atMostAHundredBytes() throws Exception {
        GracefulCloseManager manager = GracefulCloseManager.create();
        try (Server server = new Server(Transports.NIO, manager.childHandler(new Nothing()))) {
            try (IdlePeers peers = IdlePeers.connect(server.port(), STUBBORN, IdlePeers.Manners.STUBBORN)) {
                await(() -> peers.isAlive() && manager.openConnections() == STUBBORN);
                String histogram = (String) ManagementFactory.getPlatformMBeanServer()
                        .invoke(
                                new ObjectName("com.sun.management:type=DiagnosticCommand"),
                                "gcClassHistogram",
                                new Object[] {new String[0]},
                                new String[] {String[].class.getName()});
                // what a handler without a manager has too does not count
                long bytes = histogram
                        .lines()
                        .map(line -> line.trim().split("\\s+"))
                        .filter(row -> row.length > 3 && row[3].startsWith("dev.lastbyte."))
                        .filter(row -> !UNMANAGED_TOO.contains(row[3].substring("dev.lastbyte.".length())))
                        .mapToLong(row -> Long.parseLong(row[2]))
                        .sum();
                System.out.printf(Locale.ROOT, "manager: %.1f bytes per open connection%n", bytes / (double) STUBBORN);
                assertTrue(bytes > 0 && bytes <= 100L * STUBBORN, histogram);
            }
        }
    }

    private static void plainClose(Transports transport, List<Double> done, List<Double> gone) throws Exception {
        ChannelGroup all = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
        try (Server server = new Server(transport, new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                all.add(channel);
            }
        })) {
            try (IdlePeers peers = IdlePeers.connect(server.port(), IDLE, IdlePeers.Manners.CLOSING)) {
                await(() -> peers.isAlive() && all.size() == IDLE);
                long start = System.nanoTime();
                all.close().await();
                done.add(millis(start));
                peers.awaitEnded();
                gone.add(millis(start));
            }
        }
    }

    private static void drain(Transports transport, List<Double> done, List<Double> gone) throws Exception {
        GracefulCloseManager manager = GracefulCloseManager.builder()
                .maxClosing(20_000)
                .drainPolicy(
                        DrainPolicy.builder().idleAfter(Duration.ofMillis(1)).build())
                .build();
        try (Server server = new Server(transport, manager.childHandler(new Nothing()))) {
            try (IdlePeers peers = IdlePeers.connect(server.port(), IDLE, IdlePeers.Manners.CLOSING)) {
                await(() -> peers.isAlive() && manager.openConnections() == IDLE);
                long start = System.nanoTime();
                DrainReport report = manager.drain().get(60, TimeUnit.SECONDS);
                done.add(millis(start));
                peers.awaitEnded();
                gone.add(millis(start));
                assertEquals(IDLE, report.openAtStart());
                assertEquals(0, report.forced());
            }
        }
    }

    private static void await(Callable<Boolean> condition) {
        Awaitility.await()
                .pollInterval(Duration.ofMillis(10))
                .atMost(Duration.ofSeconds(40))
                .until(condition);
    }

    private static double millis(long sinceNanos) {
        return Math.round((System.nanoTime() - sinceNanos) / 1e5) / 10.0;
    }

    private static double median(List<Double> values) {
        List<Double> sorted = new ArrayList<>(values);
        Collections.sort(sorted);
        return sorted.get(sorted.size() / 2);
    }

    /** No handlers but ours. */
    @ChannelHandler.Sharable
    private static final class Nothing extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {}
    }

    /** A server on loopback with two event loops. */
    private static final class Server implements AutoCloseable {
        private final EventLoopGroup group;
        private final Channel listener;

        Server(Transports transport, ChannelHandler childHandler) throws IOException {
            group = transport.newGroup(2);
            listener = new ServerBootstrap()
                    .group(group)
                    .channel(transport.serverChannel())
                    .option(ChannelOption.SO_BACKLOG, 4096)
                    .childHandler(childHandler)
                    .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                    .syncUninterruptibly()
                    .channel();
        }

        int port() {
            return ((InetSocketAddress) listener.localAddress()).getPort();
        }

        @Override
        public void close() {
            listener.close().syncUninterruptibly();
            group.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
        }
    }
}
