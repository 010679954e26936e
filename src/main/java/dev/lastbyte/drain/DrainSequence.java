package dev.lastbyte.drain;

import dev.lastbyte.CloseOutcome;
import dev.lastbyte.drain.LoopCounters.Count;
import dev.lastbyte.drain.LoopCounters.Totals;
import dev.lastbyte.internal.EventLoops;
import dev.lastbyte.internal.Loggers;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * The state machine of a server's drain, from {@code drain()} to the report. It watches the clock and the counters, decides which phase
 * comes next, stops the listeners and keeps the figures. What a phase does to connections is done by {@link LoopDrain} on each event
 * loop. Confined to the drain's thread, except the methods that are marked otherwise.
 */
final class DrainSequence {
    /*
     * READY ──drain()──► ANNOUNCING ──announceDelay──► STOP_ACCEPTING ──queues empty──► SHEDDING ──no idle left──► FINISHING
     *   ▲                    │                               │ acceptTimeout               │                          │
     *   └───cancelDrain()────┘                               │                             │ empty                    │ empty
     *                                                        ▼                             ▼                          ▼
     *                        FORCING ◄──deadline── (any of these three)                 DRAINED ◄──empty, stuck── FORCING
     *
     * Three kinds of threads take part, and none waits for another. This one owns the phase. It publishes the phase in the plan and
     * then asks every event loop to look around. An event loop reports by counters that only it writes, and calls news() when something
     * may have changed. The third thread calls the drain listener.
     *
     * No connection is missed: a new one enters its list first and then reads the plan; the drain sets the plan first and then reads the
     * lists. Before SHEDDING every event loop has run one task behind the last accept, so accepted connections are in the lists. An
     * event loop that is blocked, or has ended, delays only its own connections.
     */

    private static final Logger LOG = Loggers.of(DrainSequence.class);
    private static final long STUCK_NANOS = 1_000_000_000;
    private static final long FORCE_COST_NANOS = 40_000;
    private static final long RETRY_NANOS = 100_000_000;
    private static final long FORCING_LOOK_NANOS = 5_000_000;

    private final ConnectionRegistry registry;
    private final DrainThread thread;
    private final DrainNews news;
    private final Stopper stopper;
    private final DrainPlan plan;
    private final CompletableFuture<DrainReport> future = new CompletableFuture<>();
    private final Set<Channel> listeners;
    private final Map<Channel, CompletableFuture<ListenerReport>> stops = new LinkedHashMap<>();
    private final Totals before;
    private final long startNanos;
    private final Map<DrainPhase, Long> closedIn = new EnumMap<>(DrainPhase.class);
    private final Map<DrainPhase, Duration> phaseTimes = new EnumMap<>(DrainPhase.class);
    private long phaseNanos;
    private long closedBeforePhase;
    private long nextProgressNanos;
    private long stuckNanos;
    private boolean accepted;
    private boolean over;

    DrainSequence(DrainPolicy policy, ConnectionRegistry registry, Collection<Channel> listeners, Tools tools) {
        this.registry = registry;
        this.listeners = new LinkedHashSet<>(listeners);
        thread = tools.thread();
        news = tools.news();
        stopper = tools.stopper();
        startNanos = registry.system().nanoTime();
        plan = new DrainPlan(policy, registry.system(), startNanos, this::evaluateSoon);
        before = registry.counts();
        phaseNanos = startNanos;
        closedBeforePhase = before.allClosed();
        nextProgressNanos = startNanos + policy.progressIntervalNanos();
    }

    /** Closes a listener so that no client is lost. */
    @FunctionalInterface
    interface Stopper {
        /** Completes when the listener is closed, at the given moment at the latest. */
        CompletionStage<ListenerReport> stop(Channel listener, long deadlineNanos);
    }

    /**
     * What a drain works with. Immutable.
     *
     * @param thread runs it
     * @param news calls the user's listener
     * @param stopper closes the listeners
     */
    record Tools(DrainThread thread, DrainNews news, Stopper stopper) {}

    // ---- from any thread -------------------------------------------------------------------------------------------

    /** Begins the drain. */
    void start() {
        registry.plan(plan);
        news.phase(DrainPhase.ANNOUNCING);
        thread.execute(() -> {
            registry.lookAround();
            evaluate();
        });
    }

    /** Cancels the drain if it is still being announced. */
    boolean cancel() {
        boolean taken = plan.cancel();
        if (taken) {
            registry.plan(null);
            news.phase(DrainPhase.READY); // before a next drain is announced
            thread.execute(() -> {
                Totals counts = registry.counts();
                phaseEnded(DrainPhase.ANNOUNCING, now(), counts);
                registry.lookAround();
                complete(DrainReport.Outcome.CANCELLED, counts);
            });
        }
        return taken;
    }

    /** Makes the drain end no later than one with this policy that begins now. */
    void tighten(DrainPolicy policy) {
        long now = now();
        thread.execute(() -> {
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

    /** Adds a listener during the drain. */
    void listener(Channel listener) {
        thread.execute(() -> {
            listeners.add(listener);
            if (!plan.phase().isAccepting()) {
                stopListeners(plan.deadlineNanos(), this::evaluateSoon);
            }
        });
        if (future.isDone() && plan.phase() == DrainPhase.DRAINED) {
            EventLoops.close(listener); // the drain's thread may have ended before that step
        }
    }

    // ---- on the drain's thread -------------------------------------------------------------------------------------

    private void evaluateSoon() {
        thread.execute(this::evaluate);
    }

    /** Looks what is due. If this fails, the drain goes on, and ends. */
    private void evaluate() {
        if (over) {
            return;
        }
        long now = now();
        long next = now + RETRY_NANOS;
        try {
            boolean forced = haveForced(); // read before the counts, because it changes before they do
            Totals counts = registry.counts();
            while (advance(now, counts, forced)) {
                // the next phase may be over already
            }
            if (over) {
                return;
            }
            if (takeProgressTurn(now)) {
                news.progress(progress(now, counts));
            }
            next = nextWakeUp(now, forcingNanos(counts));
        } catch (Throwable t) {
            LOG.warn("the drain failed in {}; it goes on", plan.phase(), t);
        }
        thread.wakeAt(next, this::evaluate);
    }

    /** Enters the next phase if this one is over; returns whether it did and the drain is not over. */
    private boolean advance(long now, Totals counts, boolean forced) {
        DrainPhase phase = plan.phase();
        DrainPhase next = next(phase, now, counts, forced);
        if (next == null || !plan.enter(phase, next, now)) {
            return false; // or cancelled at this moment
        }
        LOG.debug("drain {} -> {}", phase, next);
        phaseEnded(phase, now, counts);
        if (next == DrainPhase.STOP_ACCEPTING) {
            stopListeners(acceptEndNanos(), () -> thread.execute(this::awaitRegistrations));
        } else if (next == DrainPhase.FORCING) {
            stuckNanos = now + STUCK_NANOS + 2 * FORCE_COST_NANOS * counts.open();
        }
        registry.lookAround();
        news.phase(next);
        news.progress(progress(now, counts));
        if (next == DrainPhase.DRAINED) {
            complete(outcome(counts, forced), counts);
        }
        return !over;
    }

    private @Nullable DrainPhase next(DrainPhase phase, long now, Totals counts, boolean forced) {
        boolean late = now - forcingNanos(counts) >= 0;
        boolean allClosed = counts.open() == 0;
        boolean empty = allClosed && areStopped();
        return switch (phase) {
            case ANNOUNCING -> now - plan.times().announcedNanos() >= 0 ? DrainPhase.STOP_ACCEPTING : null;
            case STOP_ACCEPTING ->
                late ? DrainPhase.FORCING : accepted || now - acceptEndNanos() >= 0 ? DrainPhase.SHEDDING : null;
            case SHEDDING ->
                late ? DrainPhase.FORCING : !haveShed(now) ? null : empty ? DrainPhase.DRAINED : DrainPhase.FINISHING;
            case FINISHING -> empty ? DrainPhase.DRAINED : late ? DrainPhase.FORCING : null;
            case FORCING -> allClosed || forced || now - stuckNanos >= 0 ? DrainPhase.DRAINED : null;
            case READY, DRAINED -> null;
        };
    }

    /** When closing by force must begin to be over at the deadline. */
    private long forcingNanos(Totals counts) {
        long lead = Math.min(
                counts.open() * FORCE_COST_NANOS, plan.policy().drainTimeoutNanos() / DrainPolicy.FORCING_PART);
        return plan.deadlineNanos() - lead;
    }

    private DrainReport.Outcome outcome(Totals counts, boolean forced) {
        if (counts.open() > 0 && (!forced || plan.forced() == 0)) {
            return DrainReport.Outcome.UNFINISHED;
        }
        if (plan.forced() > 0) {
            return DrainReport.Outcome.FORCED;
        }
        Totals during = counts.since(before);
        if (during.of(Count.INTERRUPTED) > 0 || during.of(Count.LOST) > 0) {
            return DrainReport.Outcome.INTERRUPTED;
        }
        boolean sure = during.of(Count.POSSIBLY_UNANSWERED) == 0
                && during.of(Count.UNJUDGED) == 0
                && during.closed().getOrDefault(CloseOutcome.UNDELIVERED, 0L) == 0;
        return sure && areListenersClean() ? DrainReport.Outcome.COMPLETE : DrainReport.Outcome.UNCONFIRMED;
    }

    private boolean isOver(long now, long durationNanos) {
        return now - phaseNanos >= durationNanos;
    }

    /** Whether all event loops have closed their idle connections; one that is blocked is not waited for. */
    private boolean haveShed(long now) {
        return registry.loops().stream().allMatch(LoopConnections::hasShed)
                || isOver(now, plan.policy().closeSpreadNanos() + STUCK_NANOS);
    }

    /** Whether all event loops have closed what was open at the deadline; what comes later is closed as it comes. */
    private boolean haveForced() {
        return registry.loops().stream().allMatch(LoopConnections::hasForced);
    }

    private long acceptEndNanos() {
        return DrainEvent.Times.earlier(
                phaseNanos + plan.policy().acceptTimeoutNanos(), plan.times().graceEndNanos());
    }

    /** Runs one task behind the last accept on every event loop; after it, all accepted connections are known. */
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
                .thenRun(() -> thread.execute(() -> {
                    accepted = true;
                    evaluate();
                }));
    }

    private long nextWakeUp(long now, long deadline) {
        long next = now - deadline < 0 ? DrainEvent.Times.earlier(nextProgressNanos, deadline) : nextProgressNanos;
        long phaseEnd =
                switch (plan.phase()) {
                    case ANNOUNCING -> plan.times().announcedNanos();
                    case STOP_ACCEPTING -> acceptEndNanos();
                    case SHEDDING -> phaseNanos + plan.policy().closeSpreadNanos() + STUCK_NANOS;
                    case FORCING -> now + FORCING_LOOK_NANOS;
                    case READY, FINISHING, DRAINED -> next;
                };
        return DrainEvent.Times.earlier(phaseEnd, next);
    }

    // ---- the listeners ---------------------------------------------------------------------------------------------

    /** Stops the listeners that are not being stopped yet. */
    private void stopListeners(long deadlineNanos, Runnable whenAllAreClosed) {
        listeners.forEach(listener -> stops.computeIfAbsent(listener, l -> stop(l, deadlineNanos)));
        CompletableFuture.allOf(stops.values().toArray(new CompletableFuture<?>[0]))
                .whenComplete((all, failure) -> {
                    if (failure != null) {
                        LOG.warn("a listener could not be stopped", failure);
                    }
                    whenAllAreClosed.run();
                });
    }

    private CompletableFuture<ListenerReport> stop(Channel listener, long deadlineNanos) {
        try {
            return stopper.stop(listener, deadlineNanos).toCompletableFuture();
        } catch (RuntimeException e) {
            EventLoops.close(listener);
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Closes the listeners whose stop has not ended: nothing waits for it any more. */
    private void closeListeners() {
        for (Channel listener : listeners) {
            CompletableFuture<ListenerReport> stop = stops.get(listener);
            if (stop == null || !stop.isDone()) {
                EventLoops.close(listener);
            }
        }
    }

    /** Whether every listener is closed, so that what its stop lost is known. */
    private boolean areStopped() {
        return stops.values().stream().allMatch(CompletableFuture::isDone);
    }

    private List<ListenerReport> listenerReports() {
        return stops.values().stream()
                .filter(DrainSequence::isReported)
                .map(CompletableFuture::join)
                .toList();
    }

    private static boolean isReported(CompletableFuture<ListenerReport> stop) {
        return stop.isDone() && !stop.isCompletedExceptionally();
    }

    /** Whether every listener is known to have been stopped without losing a client. */
    private boolean areListenersClean() {
        return stops.values().stream()
                .allMatch(stop -> isReported(stop) && stop.join().isClean());
    }

    // ---- the figures -----------------------------------------------------------------------------------------------

    private void phaseEnded(DrainPhase phase, long now, Totals counts) {
        phaseTimes.put(phase, Duration.ofNanos(now - phaseNanos));
        closedIn.put(phase, counts.allClosed() - closedBeforePhase);
        closedBeforePhase = counts.allClosed();
        phaseNanos = now;
    }

    /** Whether a progress is due. If so, the next one is due when the interval ends next, however late this one is. */
    private boolean takeProgressTurn(long now) {
        if (now - nextProgressNanos < 0) {
            return false;
        }
        long interval = plan.policy().progressIntervalNanos();
        nextProgressNanos += ((now - nextProgressNanos) / interval + 1) * interval;
        return true;
    }

    private DrainProgress progress(long now, Totals counts) {
        List<OpenConnection> blockers = registry.loops().stream()
                .flatMap(loop -> loop.blockers().stream())
                .sorted(Comparator.comparingLong(OpenConnection::ageNanos).reversed())
                .limit(plan.policy().maxBlockers())
                .toList();
        return new DrainProgress(plan.phase(), before, counts, plan.forced(), plan.deadlineNanos() - now, blockers);
    }

    private long now() {
        return registry.system().nanoTime();
    }

    // ---- the end ---------------------------------------------------------------------------------------------------

    private void complete(DrainReport.Outcome outcome, Totals counts) {
        over = true;
        if (outcome != DrainReport.Outcome.CANCELLED) {
            closeListeners();
        }
        long now = now();
        try {
            DrainReport report = new DrainReport(
                    outcome,
                    before,
                    counts,
                    closedIn,
                    phaseTimes,
                    now - startNanos,
                    plan.stragglers(),
                    listenerReports());
            LOG.info("drain {}", report);
            news.lastProgress(progress(now, counts));
            future.complete(report);
        } finally {
            thread.end();
            future.completeExceptionally(
                    new IllegalStateException("the drain ended in " + outcome + " without a report"));
        }
    }
}
