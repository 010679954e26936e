package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.Transports;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** What holds for every drain, whatever it met. Stateless. */
public final class Drained {
    /** Short times, for peers on the same machine. */
    public static final DrainPolicy POLICY = DrainPolicy.builder()
            .idleAfter(Duration.ofMillis(100))
            .gracePeriod(Duration.ofMillis(1000))
            .longLivedPeriod(Duration.ofMillis(1000))
            .drainTimeout(Duration.ofMillis(2000))
            .build();

    /** Where clients and server share the processors with whatever else runs: nobody is interrupted for being slow. */
    public static final DrainPolicy PATIENT = POLICY.toBuilder()
            .gracePeriod(Duration.ofSeconds(15))
            .longLivedPeriod(Duration.ofSeconds(15))
            .drainTimeout(Duration.ofSeconds(20))
            .build();

    /** Shorter ones, where the deadline is what is waited for. */
    public static final DrainPolicy SHORT = POLICY.toBuilder()
            .acceptTimeout(Duration.ofMillis(300))
            .gracePeriod(Duration.ofMillis(400))
            .longLivedPeriod(Duration.ofMillis(400))
            .drainTimeout(Duration.ofMillis(900))
            .build();

    /** No drain takes longer behind its deadline. */
    private static final Duration BEHIND_DEADLINE = Duration.ofMillis(2500);

    private Drained() {}

    /** Waits for the report of a drain that has begun, and checks what must hold for all. */
    public static DrainReport await(CompletableFuture<DrainReport> drain, Duration drainTimeout) {
        DrainReport report = get(drain);
        check(report);
        assertTrue(report.totalTime().compareTo(drainTimeout.plus(BEHIND_DEADLINE)) < 0, report::toString);
        return report;
    }

    /** The same for a drain with {@link #POLICY}. */
    public static DrainReport await(CompletableFuture<DrainReport> drain) {
        return await(drain, POLICY.drainTimeout());
    }

    private static DrainReport get(CompletableFuture<DrainReport> drain) {
        try {
            return drain.get(ManagedServer.PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("the drain did not end", e);
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The outcome of a drain that has closed connections as idle: only some kernels tell who spoke last before it. */
    public static DrainReport.Outcome outcomeOfSilence(Transports transport) {
        return transport.tellsSilence() ? DrainReport.Outcome.COMPLETE : DrainReport.Outcome.UNCONFIRMED;
    }

    /** How many connections were closed during a drain, whatever the outcome. */
    public static long closed(DrainReport report) {
        return report.closed().values().stream().mapToLong(Long::longValue).sum();
    }

    /** The figures of a report agree with each other. */
    static void check(DrainReport report) {
        long closed = closed(report);
        assertEquals(
                report.openAtStart() + report.late(),
                closed + report.released() + report.unfinished(),
                () -> "open and late against closed, released and unfinished: " + report);
        assertEquals(
                closed,
                report.closedIn().values().stream().mapToLong(Long::longValue).sum(),
                () -> "closed against closed in each phase: " + report);
        assertEquals(report.stragglers().size(), report.forced(), report::toString);
        for (OpenConnection straggler : report.stragglers()) {
            assertTrue(straggler.report().isPresent(), straggler::toString);
        }
        switch (report.outcome()) {
            case COMPLETE, UNCONFIRMED, INTERRUPTED ->
                assertEquals(0, report.unfinished() + report.forced(), report::toString);
            case FORCED -> assertTrue(report.forced() > 0, report::toString);
            case UNFINISHED -> assertTrue(report.unfinished() > 0, report::toString);
            case CANCELLED -> assertEquals(0, report.forced(), report::toString);
        }
        Duration phases = report.phaseTimes().values().stream().reduce(Duration.ZERO, Duration::plus);
        assertTrue(phases.compareTo(report.totalTime()) <= 0, report::toString);
    }

    /** Waits until no thread of any drain is left. */
    static void awaitNoThreads() {
        Eventually.await(
                "no thread of a drain, not " + threads(), () -> threads().isEmpty());
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("lastbyte-drain"))
                .toList();
    }
}
