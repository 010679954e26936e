package dev.lastbyte.demo.lab;

import dev.lastbyte.demo.lab.peer.Job;
import dev.lastbyte.demo.lab.peer.Lane;
import dev.lastbyte.demo.lab.peer.LocalPeers;
import dev.lastbyte.demo.lab.peer.PeerResult;
import dev.lastbyte.demo.lab.peer.Peers;
import dev.lastbyte.demo.lab.server.Server;
import dev.lastbyte.demo.lab.server.ServerResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Makes all connections of a plan, each lane at its own width, and brings together what both ends report. Thread-safe for
 * the ends' reports; {@link #run} is called once.
 */
final class LabRunner {
    /** Added to the peers' own limit, so that a run is only given up when an end has gone silent. */
    private static final Duration SILENCE = Duration.ofSeconds(5);

    private static final Duration WAIT_AFTER_ERROR = Duration.ofSeconds(1);

    private final Map<Integer, Pending> pending = new ConcurrentHashMap<>();
    private final LabPlan plan;
    private volatile boolean stopped;

    /** The two reports that a run waits for. */
    private record Pending(CompletableFuture<PeerResult> peer, CompletableFuture<ServerResult> server) {
        Pending() {
            this(new CompletableFuture<>(), new CompletableFuture<>());
        }
    }

    LabRunner(LabPlan plan) {
        this.plan = plan;
    }

    /** Where the peers' end reports to. */
    void onPeer(PeerResult result) {
        Pending run = pending.get(result.run());
        if (run != null) {
            run.peer().complete(result);
        }
    }

    /** Where the server's end reports to. */
    void onServer(ServerResult result) {
        Pending run = pending.get(result.run());
        if (run != null) {
            run.server().complete(result);
        }
    }

    /**
     * Makes all runs and returns them in the plan's order.
     *
     * @param eachRun called after each run, by any thread
     * @throws IllegalStateException if an end is gone
     */
    List<RunResult> run(Server server, Peers peers, Runnable eachRun) throws InterruptedException {
        List<RunResult> results = Collections.synchronizedList(new ArrayList<>());
        ExecutorService threads = Executors.newCachedThreadPool(LocalPeers.daemons("lab-lane"));
        List<Future<?>> workers = new ArrayList<>();
        try {
            warmUp(server, peers);
            for (Lane lane : Lane.values()) {
                Queue<LabPlan.Run> queue = new ConcurrentLinkedQueue<>(plan.runs(lane));
                for (int i = 0; i < lane.width(plan.isDelayed()); i++) {
                    workers.add(threads.submit(() -> work(queue, server, peers, results, eachRun)));
                }
            }
            for (Future<?> worker : workers) {
                await(worker);
            }
        } finally {
            stopped = true;
            threads.shutdownNow();
        }
        List<RunResult> sorted = new ArrayList<>(results);
        sorted.sort(Comparator.comparingInt(RunResult::number));
        return sorted;
    }

    private @Nullable Void work(
            Queue<LabPlan.Run> queue, Server server, Peers peers, List<RunResult> results, Runnable eachRun)
            throws InterruptedException {
        for (LabPlan.Run run = queue.poll(); run != null && !stopped; run = queue.poll()) {
            results.add(play(run, server, peers));
            eachRun.run();
        }
        return null;
    }

    /** One connection per column that is not counted: the first ones would time the class loader. */
    private void warmUp(Server server, Peers peers) throws InterruptedException {
        for (LabPlan.Run run : plan.warmUpRuns()) {
            play(run, server, peers);
        }
    }

    private RunResult play(LabPlan.Run run, Server server, Peers peers) throws InterruptedException {
        Cell cell = run.cell();
        Pending reports = new Pending();
        pending.put(run.number(), reports);
        reports.server().thenRun(() -> peers.release(run.number()));
        int port = server.port(cell.transport(), cell.way());
        peers.start(new Job(run.number(), cell.peer(), server.host(), port, plan.size()));
        Duration longest = plan.limits().longestRun().plus(SILENCE);
        PeerResult peerSaw = get(reports.peer(), longest);
        // a peer that failed may not even have reached the server
        boolean failed = peerSaw == null || !peerSaw.error().isEmpty();
        ServerResult serverKnows = get(reports.server(), failed ? WAIT_AFTER_ERROR : longest);
        pending.remove(run.number());
        return new RunResult(run.number(), cell, plan.size(), peerSaw, serverKnows);
    }

    private static <T> @Nullable T get(CompletableFuture<T> report, Duration longest) throws InterruptedException {
        try {
            return report.get(longest.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return null;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    private static void await(Future<?> worker) throws InterruptedException {
        try {
            worker.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause());
        }
    }
}
