package dev.lastbyte.drain;

import dev.lastbyte.CloseOutcome;
import dev.lastbyte.FarewellReport;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What is known about the drain of one server, made when it has ended. Counts are of connections that the manager knew:
 * those whose pipelines have one of its handlers. Immutable.
 */
public final class DrainReport {
    private final DrainOutcome outcome;
    private final long openAtStart;
    private final long late;
    private final long released;
    private final long interrupted;
    private final long refusedRequests;
    private final long lostRequests;
    private final Map<CloseOutcome, Long> closed;
    private final Map<DrainPhase, Long> closedIn;
    private final Map<DrainPhase, Duration> phaseTimes;
    private final long totalNanos;
    private final List<OpenConnection> stragglers;
    private final long unfinished;
    private final List<ListenerReport> listeners;

    DrainReport(Builder builder) {
        outcome = Objects.requireNonNull(builder.outcome, "outcome");
        openAtStart = builder.openAtStart;
        late = builder.late;
        released = builder.released;
        interrupted = builder.interrupted;
        refusedRequests = builder.refusedRequests;
        lostRequests = builder.lostRequests;
        closed = Collections.unmodifiableMap(new EnumMap<>(builder.closed));
        closedIn = Collections.unmodifiableMap(new EnumMap<>(builder.closedIn));
        phaseTimes = Collections.unmodifiableMap(new EnumMap<>(builder.phaseTimes));
        totalNanos = builder.totalNanos;
        stragglers = List.copyOf(builder.stragglers);
        unfinished = builder.unfinished;
        listeners = List.copyOf(builder.listeners);
    }

    /** How the drain ended. */
    public DrainOutcome outcome() {
        return outcome;
    }

    /** Connections that were open when {@code drain()} was called, those included whose close sequence ran already. */
    public long openAtStart() {
        return openAtStart;
    }

    /** Connections that came after {@code drain()} was called. */
    public long late() {
        return late;
    }

    /** Connections that the manager lost sight of during the drain because its handler was removed from their pipeline. */
    public long released() {
        return released;
    }

    /**
     * Connections that were closed at the end of {@link DrainPolicy#gracePeriod()} although an exchange was open: gracefully, but its
     * answer was not complete. Stragglers with open exchanges are not among them.
     */
    public long interrupted() {
        return interrupted;
    }

    /**
     * Requests that were not served and that their senders may safely repeat, as the protocols tell ({@link FarewellReport}); only
     * of connections whose pipelines have a handler that tells.
     */
    public long refusedRequests() {
        return refusedRequests;
    }

    /** The same for requests that were not served, or not to the end, and whose senders cannot know that. */
    public long lostRequests() {
        return lostRequests;
    }

    /** Connections that ended during the drain, by outcome; every outcome is a key. */
    public Map<CloseOutcome, Long> closed() {
        return closed;
    }

    /** Connections that ended during each phase. */
    public Map<DrainPhase, Long> closedIn() {
        return closedIn;
    }

    /** How long each phase lasted, for those that were entered. */
    public Map<DrainPhase, Duration> phaseTimes() {
        return phaseTimes;
    }

    /** From {@code drain()} to the report. */
    public Duration totalTime() {
        return Duration.ofNanos(totalNanos);
    }

    /** How many connections were ended at the deadline: the size of {@link #stragglers()}. */
    public long forced() {
        return stragglers.size();
    }

    /** The connections that were ended at the deadline, as they were then, each with the report of its end. */
    public List<OpenConnection> stragglers() {
        return stragglers;
    }

    /**
     * How many connections were still open when the report was made: none after {@link DrainOutcome#COMPLETE}, those that
     * could not be ended after {@link DrainOutcome#UNFINISHED}, all after {@link DrainOutcome#CANCELLED}, and after {@link
     * DrainOutcome#FORCED} those that came at the last moment, which are closed as they come. {@link #openAtStart()} and {@link #late()} together are
     * this, the closed and the {@link #released()} ones.
     */
    public long unfinished() {
        return unfinished;
    }

    /** How each managed listener was closed. */
    public List<ListenerReport> listeners() {
        return listeners;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(240)
                .append(outcome)
                .append(" after ")
                .append(totalNanos / 1_000_000)
                .append(" ms: ")
                .append(openAtStart)
                .append(" connections and ")
                .append(late)
                .append(" late ones, ")
                .append(sum(closed))
                .append(" closed");
        appendCounts(text, closed);
        text.append(", ")
                .append(stragglers.size())
                .append(" forced, ")
                .append(interrupted)
                .append(" interrupted, ")
                .append(refusedRequests)
                .append(" requests refused, ")
                .append(lostRequests)
                .append(" lost, ")
                .append(unfinished)
                .append(" unfinished; ");
        phaseTimes.forEach((phase, time) -> text.append(phase)
                .append(' ')
                .append(time.toMillis())
                .append(" ms (")
                .append(closedIn.getOrDefault(phase, 0L))
                .append(" closed), "));
        return text.append("listeners ").append(listeners).toString();
    }

    static long sum(Map<CloseOutcome, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    static void appendCounts(StringBuilder text, Map<CloseOutcome, Long> counts) {
        String separator = " (";
        for (Map.Entry<CloseOutcome, Long> count : counts.entrySet()) {
            if (count.getValue() > 0) {
                text.append(separator).append(count.getValue()).append(' ').append(count.getKey());
                separator = ", ";
            }
        }
        text.append(separator.equals(", ") ? ")" : "");
    }

    /** Collects what a report says. Confined to the drain's thread. */
    static final class Builder {
        @Nullable
        DrainOutcome outcome;

        long openAtStart;
        long late;
        long released;
        long interrupted;
        long refusedRequests;
        long lostRequests;
        final Map<CloseOutcome, Long> closed = new EnumMap<>(CloseOutcome.class);
        final Map<DrainPhase, Long> closedIn = new EnumMap<>(DrainPhase.class);
        final Map<DrainPhase, Duration> phaseTimes = new EnumMap<>(DrainPhase.class);
        long totalNanos;
        List<OpenConnection> stragglers = List.of();
        long unfinished;
        List<ListenerReport> listeners = List.of();

        DrainReport build() {
            return new DrainReport(this);
        }
    }
}
