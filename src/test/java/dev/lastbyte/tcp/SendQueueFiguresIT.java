package dev.lastbyte.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.lastbyte.demo.link.DelayedLink;
import dev.lastbyte.demo.link.LinkException;
import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.ChildJvm;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Prints the figures of docs/send-queue.md: what a snapshot costs, and what a limit costs and gives. */
@Tag("heavy")
@RealSockets
@Timeout(300)
class SendQueueFiguresIT {
    private static final String WITH_TCP_INFO = "dev.lastbyte.testing.Transports#withTcpInfo";
    private static final int SNAPSHOTS = 300_000;
    private static final int ROUNDS = 3;
    private static final long[] LIMITS = {0, 64 << 10, 256 << 10, 1 << 20, 4 << 20};
    private static final long SLOW_LENGTH = 4 << 20;
    private static final long MANY_LIMITS = 100;

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void snapshot_cost(Transports transport) throws Exception {
        try (TestServer server = TestServer.on(transport)
                        .withoutHandler()
                        .handlers(c -> c.pipeline().addLast(new Answer(ctx -> {
                            Answer.write(ctx, 1000);
                            ctx.flush();
                        })))
                        .start();
                PeerRun peer = server.connect(0)) {
            peer.request();
            Channel channel = server.accepted();
            double best = Double.MAX_VALUE;
            for (int round = 0; round < ROUNDS; round++) {
                long nanos = channel.eventLoop().submit(() -> many(channel)).get(60, TimeUnit.SECONDS);
                best = Math.min(best, (double) nanos / SNAPSHOTS);
            }
            System.out.printf(Locale.ROOT, "%s: a snapshot takes %.0f ns%n", transport, best);
            channel.close();
        }
    }

    private static long many(Channel channel) {
        long begin = System.nanoTime();
        long known = 0;
        for (int i = 0; i < SNAPSHOTS; i++) {
            known += SendQueue.snapshot(channel).getNow().acknowledgedBytes().isPresent() ? 1 : 0;
        }
        assertEquals(SNAPSHOTS, known);
        return System.nanoTime() - begin;
    }

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void limit_onLoopback(Transports transport) throws Exception {
        transport.assumeAvailable();
        transfer(transport, "127.0.0.1", List.of(), List.of(), 512L << 20);
    }

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void limit_overALongLink(Transports transport) throws Exception {
        transport.assumeAvailable();
        try (DelayedLink link = open()) {
            transfer(transport, DelayedLink.SERVER_HOST, link.atServer(), link.atPeers(), 64L << 20);
        }
    }

    private static void transfer(
            Transports transport, String host, List<String> atServer, List<String> atPeers, long length)
            throws Exception {
        try (ChildJvm server = new ChildJvm(atServer, InFlightChild.class, "server", transport.name(), host);
                ChildJvm peer = new ChildJvm(atPeers, InFlightChild.class, "peer")) {
            String port = server.await("bound");
            for (int warmUp = 0; warmUp < 2; warmUp++) {
                one(server, peer, 0, host, port, length, 0);
            }
            for (long limit : LIMITS) {
                double[] speeds = new double[ROUNDS];
                long most = 0;
                long enough = limit == 0 ? length : Math.min(length, MANY_LIMITS * limit);
                for (int round = 0; round < ROUNDS; round++) {
                    speeds[round] = one(server, peer, limit, host, port, enough, 0);
                    most = Math.max(most, Long.parseLong(server.ask("most", "most")));
                }
                Arrays.sort(speeds);
                double slow = one(server, peer, limit, host, port, SLOW_LENGTH, 2);
                long mostSlow = Long.parseLong(server.ask("most", "most"));
                System.out.printf(
                        Locale.ROOT,
                        "%s %s: limit %d KiB: %.0f MB/s, at most %d KiB unacknowledged; slow peer %.1f MB/s, %d KiB%n",
                        transport,
                        host,
                        limit >> 10,
                        speeds[ROUNDS / 2],
                        most >> 10,
                        slow,
                        mostSlow >> 10);
                assertTrue(limit == 0 || Math.max(most, mostSlow) <= limit + (16 << 10), "over the limit");
            }
        }
    }

    /** Megabytes per second. */
    private static double one(
            ChildJvm server, ChildJvm peer, long limit, String host, String port, long length, long pauseMillis)
            throws Exception {
        server.ask("send " + limit + " " + length, "ready");
        String[] read = peer.ask("read " + host + " " + port + " " + length + " " + pauseMillis, "read")
                .split(" ");
        assertEquals(length, Long.parseLong(read[0]));
        return (double) length / Long.parseLong(read[1]);
    }

    private static DelayedLink open() {
        try {
            return DelayedLink.open(Duration.ofMillis(20));
        } catch (LinkException e) {
            return abort("no link to be had: " + e.getMessage());
        }
    }
}
