package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseCause;
import dev.lastbyte.CloseReport;
import dev.lastbyte.tcp.PacedAnswer;
import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.PeerResult;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.ScriptedPeer;
import dev.lastbyte.testing.Transports;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A server that is drained while peers of every kind are connected. */
@RealSockets
class DrainIT {
    private static final String GRACEFUL = "dev.lastbyte.testing.Transports#graceful";
    private static final int ANSWER = 1 << 20;
    private static final int LARGE = 16 << 20;
    private static final List<ScriptedPeer> PEERS = List.of(
            ScriptedPeer.WELL_BEHAVED,
            ScriptedPeer.CHATTY,
            ScriptedPeer.SLOW_READER,
            ScriptedPeer.UPLOADS_UNTIL_EOF,
            ScriptedPeer.UPLOADS_FIRST,
            ScriptedPeer.HALF_CLOSES_FIRST,
            ScriptedPeer.NEVER_CLOSES,
            ScriptedPeer.STALLS,
            ScriptedPeer.RESETS,
            ScriptedPeer.NEVER_READS);

    /** The answers take half of the grace period, the slowest reader no longer than the other half. */
    private static final DrainPolicy POLICY = Drained.POLICY.toBuilder()
            .gracePeriod(Duration.ofMillis(2000))
            .longLivedPeriod(Duration.ofMillis(2000))
            .drainTimeout(Duration.ofMillis(3000))
            .build();

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void drain_peersOfEveryKind_endsInTimeAndCutsNoAnswerThatIsRead(Transports transport) throws Exception {
        CountDownLatch begun = new CountDownLatch(2 * PEERS.size());
        ExecutorService threads = Executors.newCachedThreadPool();
        // The silent ones are told apart from the others by what they get: nothing.
        List<PeerRun> silent = new ArrayList<>();
        Map<ScriptedPeer, List<Future<PeerResult>>> results = new EnumMap<>(ScriptedPeer.class);
        try (ManagedServer server = ManagedServer.on(transport)
                .policy(POLICY)
                .loops(2)
                .handlers(c -> c.pipeline().addLast(new PacedAnswer(ANSWER, 40, begun)))
                .start()) {
            if (!transport.isUnix()) {
                server.withTls();
                silent.add(server.connectTo(server.tlsAddress(), 0));
            }
            silent.add(server.connect());
            for (ScriptedPeer peer : PEERS) {
                for (int i = 0; i < 2; i++) {
                    PeerRun run = server.connect(peer.receiveBuffer());
                    results.computeIfAbsent(peer, k -> new ArrayList<>()).add(threads.submit(() -> peer.run(run)));
                }
            }
            assertTrue(begun.await(30, TimeUnit.SECONDS));
            long all = 2L * PEERS.size() + silent.size();
            Eventually.await("all known", () -> server.manager.openConnections() + server.reports.size() == all);

            DrainReport report = Drained.await(server.manager.drain(), POLICY.drainTimeout());

            assertTrue(report.openAtStart() >= all - 2, report::toString); // two may have reset before
            assertEquals(all, server.reports.size());
            assertEquals(0, report.unfinished(), report::toString);
            assertEquals(0, server.manager.openConnections());
            assertEquals(0, server.manager.closingConnections());
            assertEquals(
                    2,
                    server.reports.stream()
                            .filter(r -> r.cause() == CloseCause.RESET)
                            .count(),
                    () -> server.reports.toString());
            for (PeerRun peer : silent) {
                peer.readAll();
                assertTrue(peer.isEof(), () -> peer.result().toString());
                peer.socket().close();
            }
            for (ScriptedPeer peer : PEERS) {
                for (Future<PeerResult> future : results.get(peer)) {
                    PeerResult result = future.get(30, TimeUnit.SECONDS);
                    if (peer.readsOn()) {
                        assertTrue(result.isWhole(ANSWER), () -> peer + " " + result + " " + report);
                    } else {
                        assertFalse(result.wasDeceived(ANSWER), () -> peer + " " + result);
                    }
                }
            }
        } finally {
            threads.shutdownNow();
            for (PeerRun peer : silent) {
                peer.socket().close();
            }
        }
    }

    /** Where a peer's FIN cannot be outlived: only peers that wait for the answer. */
    @ParameterizedTest
    @EnumSource(
            value = Transports.class,
            names = {"NIO_UNIX", "IO_URING_UNIX"})
    void drain_transportIgnoresHalfClosure_stillCutsNoAnswer(Transports transport) throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        try (ManagedServer server = ManagedServer.on(transport)
                        .handlers(c -> c.pipeline().addLast(new PacedAnswer(ANSWER, 10, begun)))
                        .start();
                PeerRun busy = server.connect();
                PeerRun silent = server.connect()) {
            busy.request();
            assertTrue(begun.await(30, TimeUnit.SECONDS));
            server.awaitOpen(2);
            CompletableFuture<DrainReport> drain = server.manager.drain();
            busy.readAll();
            silent.readAll();
            busy.socket().close();
            silent.socket().close();
            assertTrue(busy.result().isWhole(ANSWER), () -> busy.result().toString());
            assertTrue(silent.isEof());
            assertEquals(
                    Drained.outcomeOfSilence(transport), Drained.await(drain).outcome());
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void drain_nobodyConnected_isCompleteAtOnce_andTheListenerClosed(Transports transport) throws Exception {
        try (ManagedServer server = ManagedServer.on(transport).loops(2).start()) {
            DrainReport report = Drained.await(server.manager.drain());
            assertEquals(DrainReport.Outcome.COMPLETE, report.outcome());
            assertEquals(0, report.openAtStart());
            assertTrue(report.totalTime().toMillis() < 1000, report::toString);
            assertFalse(server.listener().isOpen());
            assertEquals(DrainPhase.DRAINED, server.manager.phase());
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void drain_closesAreRunning_waitsForThem(Transports transport) throws Exception {
        try (ManagedServer server = ManagedServer.on(transport)
                        .policy(POLICY)
                        .handlers(c -> c.pipeline().addLast(Answer.thenClose(LARGE)))
                        .start();
                PeerRun peer = server.connect()) {
            peer.request();
            Eventually.await("closing", () -> server.manager.closingConnections() == 1);
            CompletableFuture<DrainReport> drain = server.manager.drain();
            peer.readAll();
            peer.socket().close();
            DrainReport report = Drained.await(drain, POLICY.drainTimeout());
            assertEquals(DrainReport.Outcome.COMPLETE, report.outcome(), report::toString);
            assertEquals(1, report.openAtStart());
            assertTrue(peer.result().isWhole(LARGE), () -> peer.result().toString());
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void drain_peerNeverReadsAClosingConnection_isForcedAndNamed(Transports transport) throws Exception {
        try (ManagedServer server = ManagedServer.on(transport)
                        .config(ClosingLimitIT.PATIENT)
                        .policy(Drained.SHORT)
                        .handlers(c -> c.pipeline().addLast(Answer.thenClose(LARGE)))
                        .start();
                PeerRun peer = server.connect(4096)) {
            peer.request();
            Eventually.await("closing", () -> server.manager.closingConnections() == 1);
            DrainReport report = Drained.await(server.manager.drain());
            assertEquals(DrainReport.Outcome.FORCED, report.outcome(), report::toString);
            OpenConnection straggler = report.stragglers().get(0);
            assertEquals(OpenConnection.State.CLOSING, straggler.state());
            CloseReport end = straggler.report().orElseThrow();
            assertEquals(CloseCause.DRAIN_DEADLINE, end.cause());
            assertFalse(end.outcome().isDelivered());
            if (!transport.isUnix()) { // no reset there
                peer.readAll();
                assertFalse(
                        peer.result().wasDeceived(LARGE), () -> peer.result().toString());
            }
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void drain_secondCall_joins(Transports transport) throws IOException, InterruptedException {
        try (ManagedServer server = ManagedServer.on(transport).start();
                PeerRun peer = server.connect()) {
            server.accepted();
            CompletableFuture<DrainReport> first = server.manager.drain();
            CompletableFuture<DrainReport> second = server.manager.drain(DrainPolicy.defaults());
            assertTrue(second.completeExceptionally(new IllegalStateException("only this copy")));
            peer.readAll();
            peer.socket().close();
            DrainReport report = Drained.await(first);
            assertEquals(Drained.outcomeOfSilence(transport), report.outcome(), report::toString);
            assertEquals(report, Drained.await(server.manager.drain()));
        }
    }
}
