package dev.lastbyte.drain;

import dev.lastbyte.internal.CloseLog;
import io.netty.channel.Channel;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The state machine of a server's drain, from {@code drain()} to the report: watches the clock and the counters, and decides
 * which phase comes next. What a phase does to connections is done by {@link LoopDrain} on each event loop. Confined to the
 * drain's thread, but for the methods that say otherwise.
 */
final class DrainSequence {
    /*
     * READY ──drain()──► ANNOUNCING ──announceDelay──► STOP_ACCEPTING ──queues empty──► SHEDDING ──no idle left──► FINISHING
     *   ▲                    │                               │ acceptTimeout               │                          │
     *   └───cancelDrain()────┘                               │                             │ empty                    │ empty
     *                                                        ▼                             ▼                          ▼
     *                        FORCING ◄──deadline── (any of these three)                 DRAINED ◄──empty, stuck── FORCING
     *
     * Three kinds of threads take part and none waits for another. This one owns the phase. It publishes the phase in the plan
     * and then asks every event loop to look around; a loop reports by counters that only it writes, and by news() when
     * something may have changed. The third, the listener's, only hears.
     *
     * No connection escapes: one that opens enters its list first and reads the plan after, the plan is set first and the
     * lists are read after. Before SHEDDING every loop has run one task behind the last accept, so that what the listeners
     * handed over is in the lists. A loop that is blocked, or gone, delays nothing but its own connections.
     */

    private static final long STUCK_NANOS = 1_000_000_000;
    private static final long FORCE_COST_NANOS = 40_000;
    private static final long RETRY_NANOS = 100_000_000;
    private static final long FORCING_LOOK_NANOS = 5_000_000;

    private final ConnectionRegistry registry;
    private final ListenerStops listeners;
    private final DrainClock clock;
    private final DrainNews news;
    private final DrainPlan plan;
    private final CompletableFuture<DrainReport> future = new CompletableFuture<>();
    private final DrainTally tally;
    private long stuckNanos;
    private boolean accepted;
    private boolean over;

    DrainSequence(DrainPolicy policy, ConnectionRegistry registry, Collection<Channel> listeners, Tools tools) {
        this.registry = registry;
        clock = tools.clock();
        news = tools.news();
        long start = clock.nanoTime();
        plan = new DrainPlan(policy, registry.system(), start, this::evaluateSoon);
        tally = new DrainTally(plan, registry.counts(), start);
        this.listeners = new ListenerStops(listeners, tools.stopper());
    }

    /**
     * What a drain works with. Immutable.
     *
     * @param clock time and thread
     * @param news who is told
     * @param stopper closes a listener by the given moment
     */
    record Tools(DrainClock clock, DrainNews news, ListenerStops.Stopper stopper) {}

    // ---- from any thread -------------------------------------------------------------------------------------------

    /** Begins. */
    void start() {
        registry.plan(plan);
        news.phase(DrainPhase.ANNOUNCING);
        clock.execute(() -> {
            registry.lookAround();
            evaluate();
        });
    }

    /** Takes the drain back, if it is still being announced. */
    boolean cancel() {
        boolean taken = plan.cancel();
        if (taken) {
            registry.plan(null);
            news.phase(DrainPhase.READY); // before a next drain is announced
            clock.execute(() -> {
                ConnectionCounts counts = registry.counts();
                tally.phaseEnded(DrainPhase.ANNOUNCING, clock.nanoTime(), counts);
                registry.lookAround();
                complete(DrainOutcome.CANCELLED, counts);
            });
        }
        return taken;
    }

    /** Makes it end as early as this policy, begun now, would. */
    void tighten(DrainPolicy policy) {
        long now = clock.nanoTime();
        clock.execute(() -> {
            DrainEvent.Times earlier = plan.times().orEarlier(DrainEvent.Times.of(policy, now));
            plan.times(earlier);
            registry.lookAround();
            evaluate();
        });
    }

    DrainPhase phase() {
        return plan.phase();
    }

    CompletableFuture<DrainReport> future() {
        return future;
    }

    /** A listener that is managed only now. */
    void listener(Channel listener) {
        clock.execute(() -> {
            listeners.add(listener);
            if (!plan.phase().isAccepting()) {
                listeners.stop(plan.deadlineNanos(), this::evaluateSoon);
            }
        });
        if (future.isDone() && plan.phase() == DrainPhase.DRAINED) {
            listener.close(); // the thread may have ended before it took that up
        }
    }

    // ---- on the drain's thread -------------------------------------------------------------------------------------

    private void evaluateSoon() {
        clock.execute(this::evaluate);
    }

    /** Whatever goes wrong inside, the drain goes on and ends. */
    private void evaluate() {
        if (over) {
            return;
        }
        long now = clock.nanoTime();
        long next = now + RETRY_NANOS;
        try {
            boolean forced = haveForced(); // before the counts, which it runs ahead of
            ConnectionCounts counts = registry.counts();
            while (advance(now, counts, forced)) {
                // the next phase may be over already
            }
            if (over) {
                return;
            }
            if (tally.takeProgressTurn(now)) {
                news.progress(tally.progress(now, counts, registry.loops()));
            }
            next = nextWakeUp(now, forcingNanos(counts));
        } catch (Throwable t) {
            CloseLog.LOG.warn("the drain failed in {}; it goes on", plan.phase(), t);
        }
        clock.wakeAt(next, this::evaluate);
    }

    /** Enters the next phase, if this one is over; returns whether it did and the drain is not over. */
    private boolean advance(long now, ConnectionCounts counts, boolean forced) {
        DrainPhase phase = plan.phase();
        DrainPhase next = next(phase, now, counts, forced);
        if (next == null || !plan.enter(phase, next, now)) {
            return false; // or cancelled at this moment
        }
        CloseLog.LOG.debug("drain {} -> {}", phase, next);
        tally.phaseEnded(phase, now, counts);
        if (next == DrainPhase.STOP_ACCEPTING) {
            stopAccepting();
        } else if (next == DrainPhase.FORCING) {
            stuckNanos = now + STUCK_NANOS + 2 * FORCE_COST_NANOS * counts.open();
        }
        registry.lookAround();
        news.phase(next);
        news.progress(tally.progress(now, counts, registry.loops()));
        if (next == DrainPhase.DRAINED) {
            complete(outcome(counts, forced), counts);
        }
        return !over;
    }

    private @Nullable DrainPhase next(DrainPhase phase, long now, ConnectionCounts counts, boolean forced) {
        boolean late = now - forcingNanos(counts) >= 0;
        boolean empty = counts.open() == 0;
        return switch (phase) {
            case ANNOUNCING -> now - plan.times().announcedNanos() >= 0 ? DrainPhase.STOP_ACCEPTING : null;
            case STOP_ACCEPTING ->
                late ? DrainPhase.FORCING : accepted || now - acceptEndNanos() >= 0 ? DrainPhase.SHEDDING : null;
            case SHEDDING ->
                late ? DrainPhase.FORCING : !haveShed(now) ? null : empty ? DrainPhase.DRAINED : DrainPhase.FINISHING;
            case FINISHING -> empty ? DrainPhase.DRAINED : late ? DrainPhase.FORCING : null;
            case FORCING -> empty || forced || now - stuckNanos >= 0 ? DrainPhase.DRAINED : null;
            case READY, DRAINED -> null;
        };
    }

    /** When the rest must be ended so that it has ended at the deadline: ending takes its time too. */
    private long forcingNanos(ConnectionCounts counts) {
        long lead = Math.min(
                counts.open() * FORCE_COST_NANOS, plan.policy().drainTimeoutNanos() / DrainPolicy.FORCING_PART);
        return plan.deadlineNanos() - lead;
    }

    private DrainOutcome outcome(ConnectionCounts counts, boolean forced) {
        if (counts.open() > 0 && (!forced || plan.forced() == 0)) {
            return DrainOutcome.UNFINISHED;
        }
        if (plan.forced() > 0) {
            return DrainOutcome.FORCED;
        }
        return tally.isInterrupted(counts) ? DrainOutcome.INTERRUPTED : DrainOutcome.COMPLETE;
    }

    private boolean isOver(long now, long durationNanos) {
        return now - tally.phaseNanos() >= durationNanos;
    }

    /** All loops have shed their idle connections; one that is blocked is not waited for. */
    private boolean haveShed(long now) {
        return registry.loops().stream().allMatch(LoopConnections::hasShed)
                || isOver(now, plan.policy().closeSpreadNanos() + STUCK_NANOS);
    }

    /** All loops have ended what was open at the deadline; what comes later is closed as it comes. */
    private boolean haveForced() {
        return registry.loops().stream().allMatch(LoopConnections::hasForced);
    }

    private void stopAccepting() {
        listeners.stop(acceptEndNanos(), () -> clock.execute(this::awaitRegistrations));
    }

    private long acceptEndNanos() {
        return DrainEvent.Times.earlier(
                tally.phaseNanos() + plan.policy().acceptTimeoutNanos(),
                plan.times().graceEndNanos());
    }

    /** One task behind the last accept on every loop: after it, what was accepted is known. */
    private void awaitRegistrations() {
        List<CompletableFuture<?>> passed = new ArrayList<>();
        for (LoopConnections loop : registry.loops()) {
            if (!loop.runsByItself()) {
                continue;
            }
            CompletableFuture<Void> turn = new CompletableFuture<>();
            if (loop.execute(() -> turn.complete(null))) {
                passed.add(turn);
            }
        }
        CompletableFuture.allOf(passed.toArray(new CompletableFuture<?>[0]))
                .thenRun(() -> clock.execute(() -> {
                    accepted = true;
                    evaluate();
                }));
    }

    private long nextWakeUp(long now, long deadline) {
        long next = now - deadline < 0
                ? DrainEvent.Times.earlier(tally.nextProgressNanos(), deadline)
                : tally.nextProgressNanos();
        long phaseEnd =
                switch (plan.phase()) {
                    case ANNOUNCING -> plan.times().announcedNanos();
                    case STOP_ACCEPTING -> acceptEndNanos();
                    case SHEDDING -> tally.phaseNanos() + plan.policy().closeSpreadNanos() + STUCK_NANOS;
                    case FORCING -> now + FORCING_LOOK_NANOS;
                    case READY, FINISHING, DRAINED -> next;
                };
        return DrainEvent.Times.earlier(phaseEnd, next);
    }

    private void complete(DrainOutcome outcome, ConnectionCounts counts) {
        over = true;
        if (outcome != DrainOutcome.CANCELLED) {
            listeners.closeRest();
        }
        long now = clock.nanoTime();
        try {
            DrainReport report = tally.report(outcome, now, counts, listeners.reports());
            CloseLog.LOG.info("drain {}", report);
            news.lastProgress(tally.progress(now, counts, registry.loops()));
            future.complete(report);
        } finally {
            clock.end();
            future.completeExceptionally(
                    new IllegalStateException("the drain ended in " + outcome + " without a report"));
        }
    }
}
