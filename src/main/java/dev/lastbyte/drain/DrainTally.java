package dev.lastbyte.drain;

import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** Keeps the figures of one drain, for its progress and its report. Confined to the drain's thread. */
final class DrainTally {
    private final DrainPlan plan;
    private final ConnectionCounts before;
    private final long startNanos;
    private final DrainReport.Builder report = new DrainReport.Builder();
    private long phaseNanos;
    private long endedBeforePhase;
    private long nextProgressNanos;

    DrainTally(DrainPlan plan, ConnectionCounts before, long startNanos) {
        this.plan = plan;
        this.before = before;
        this.startNanos = startNanos;
        phaseNanos = startNanos;
        endedBeforePhase = before.ended();
        nextProgressNanos = startNanos + plan.policy().progressIntervalNanos();
        report.openAtStart = before.open();
    }

    /** When the phase began. */
    long phaseNanos() {
        return phaseNanos;
    }

    /** A phase is over, the next begins. */
    void phaseEnded(DrainPhase phase, long now, ConnectionCounts counts) {
        report.phaseTimes.put(phase, Duration.ofNanos(now - phaseNanos));
        report.closedIn.put(phase, counts.ended() - endedBeforePhase);
        endedBeforePhase = counts.ended();
        phaseNanos = now;
    }

    long nextProgressNanos() {
        return nextProgressNanos;
    }

    /** Whether progress is due; then the next one is due an interval later, however late this one is. */
    boolean takeProgressTurn(long now) {
        if (now - nextProgressNanos < 0) {
            return false;
        }
        long interval = plan.policy().progressIntervalNanos();
        nextProgressNanos += ((now - nextProgressNanos) / interval + 1) * interval;
        return true;
    }

    DrainProgress progress(long now, ConnectionCounts counts, Collection<LoopConnections> loops) {
        List<OpenConnection> blockers = loops.stream()
                .flatMap(loop -> loop.blockers().stream())
                .sorted(Comparator.comparingLong(OpenConnection::ageNanos).reversed())
                .limit(plan.policy().maxBlockers())
                .toList();
        return new DrainProgress(plan.phase(), counts, before, plan.forced(), plan.deadlineNanos() - now, blockers);
    }

    /** Whether an open exchange was cut short, or a request lost. */
    boolean isInterrupted(ConnectionCounts counts) {
        return counts.interrupted() > before.interrupted() || counts.lost() > before.lost();
    }

    DrainReport report(DrainOutcome outcome, long now, ConnectionCounts counts, List<ListenerReport> listeners) {
        report.outcome = outcome;
        report.late = counts.opened() - before.opened();
        report.released = counts.released() - before.released();
        report.interrupted = counts.interrupted() - before.interrupted();
        report.refusedRequests = counts.refused() - before.refused();
        report.lostRequests = counts.lost() - before.lost();
        report.closed.putAll(counts.closedSince(before));
        report.totalNanos = now - startNanos;
        report.stragglers = plan.stragglers();
        report.unfinished = counts.open();
        report.listeners = listeners;
        return report.build();
    }
}
