package dev.lastbyte.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Drains under pipelined requests: each answer complete and in order, unanswered only behind Connection: close. */
@RealSockets
class HttpDrainIT {
    private static final String TCP = "dev.lastbyte.testing.Transports#tcp";
    private static final int CLIENTS = 8;
    private static final int MAX_PAUSE_MICROS = 20_000;

    @ParameterizedTest
    @MethodSource(TCP)
    void drains_underPipelinedRequests_loseNone(Transports transport) throws Exception {
        drains(new HttpDrainServer(transport, HttpFarewellConfig.defaults()), transport + "", 15);
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void drains_underPipelinedRequestsOverTls_loseNone(Transports transport) throws Exception {
        drains(HttpDrainServer.withTls(transport), transport + " with TLS", 8);
    }

    @Tag("heavy")
    @Timeout(1800)
    @ParameterizedTest
    @MethodSource(TCP)
    void thousandDrains_underPipelinedRequests_loseNone(Transports transport) throws Exception {
        drains(new HttpDrainServer(transport, HttpFarewellConfig.defaults()), transport + "", 1000);
    }

    @Tag("heavy")
    @Timeout(1800)
    @ParameterizedTest
    @MethodSource(TCP)
    void thousandDrains_underPipelinedRequestsOverTls_loseNone(Transports transport) throws Exception {
        drains(HttpDrainServer.withTls(transport), transport + " with TLS", 1000);
    }

    /** What the protection is for: the same clients, the same drains, without it. */
    @ParameterizedTest
    @MethodSource(TCP)
    void drains_withoutProtection_everyLossIsInTheReport(Transports transport) throws Exception {
        HttpFarewellConfig bare =
                HttpFarewellConfig.builder().withoutIdleProtection().build();
        GracefulCloseConfig patient =
                GracefulCloseConfig.builder().quietPeriod(Duration.ofSeconds(5)).build();
        PipeliningClient.Tally tally = new PipeliningClient.Tally();
        long reported = 0;
        try (HttpDrainServer server = new HttpDrainServer(transport, transport.newAddress(), bare, patient)) {
            for (int round = 0; round < 5; round++) {
                if (round > 0) {
                    server.restart();
                }
                DrainReport report = drain(server, new SplittableRandom(round), tally);
                reported += report.lostRequests();
                assertEquals(
                        report.lostRequests() > 0 ? DrainReport.Outcome.INTERRUPTED : DrainReport.Outcome.COMPLETE,
                        report.outcome(),
                        report::toString);
            }
        }
        System.out.println(transport + " without protection: " + tally + "; reported lost " + reported);
        assertEquals(List.of(), List.copyOf(tally.problems));
        assertTrue(reported > 0, "nothing was lost: " + tally);
        assertEquals(tally.losses.get(), reported, tally::toString);
    }

    private static void drains(HttpDrainServer fresh, String name, int count) throws Exception {
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        PipeliningClient.Tally tally = new PipeliningClient.Tally();
        long refused = 0;
        long begun = System.nanoTime();
        try (HttpDrainServer server = fresh) {
            for (int round = 0; round < count; round++) {
                if (round > 0) {
                    server.restart();
                }
                DrainReport report = drain(server, random, tally);
                String where = "seed " + seed + ", drain " + round + ": " + tally + "\n" + report;
                assertEquals(0, tally.lost.get() + tally.problems.size(), where);
                assertEquals(DrainReport.Outcome.COMPLETE, report.outcome(), where);
                assertEquals(0, report.lostRequests(), where);
                refused += report.refusedRequests();
            }
        }
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
        System.out.println(
                name + ": " + count + " drains in " + millis + " ms, " + tally + "; refused as reported " + refused);
        assertEquals((long) CLIENTS * count, tally.connections.get());
        assertTrue(tally.complete.get() >= tally.connections.get());
        // requests that come behind the FIN count once for each connection
        assertTrue(refused <= tally.refused.get(), () -> "more refused than clients know of: " + tally);
    }

    /** One drain at a random moment, and the end of all its clients. */
    private static DrainReport drain(HttpDrainServer server, SplittableRandom random, PipeliningClient.Tally tally)
            throws Exception {
        PipeliningClients clients =
                new PipeliningClients(server.sockets(), server.address(), CLIENTS, MAX_PAUSE_MICROS, random, tally);
        clients.awaitAnswers();
        LockSupport.parkNanos(random.nextInt(15_000_000)); // the drain's own moment
        DrainReport report = server.drain();
        clients.join();
        return report;
    }
}
