package dev.lastbyte.drain;

import dev.lastbyte.CloseOutcome;
import dev.lastbyte.FarewellReport;
import dev.lastbyte.drain.LoopCounters.Count;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What is known about the drain of one server, made when it has ended. It counts the connections of the manager: those whose pipelines
 * have one of its handlers. Immutable.
 */
public final class DrainReport {
    /** How a drain ended. Immutable. */
    public enum Outcome {
        /**
         * Every connection closed within its own limits, before the deadline; no open exchange was interrupted, no request lost, as far
         * as the protocols can tell, and every listener was stopped as it should be.
         */
        COMPLETE,
        /**
         * Nothing is known to be lost, but not everything could be seen: connections whose peers may have waited for an answer were closed
         * without one ({@link DrainReport#possiblyUnanswered()}, {@link DrainReport#unjudged()}), a listener could not be stopped as it
         * should be, a listener was closed while clients waited to be accepted, or bytes were left to the kernel ({@link
         * CloseOutcome#UNDELIVERED}).
         */
        UNCONFIRMED,
        /**
         * Every connection closed before the deadline, but the output of some was truncated ({@link DrainReport#interrupted()}), or a
         * request was lost that was sent while its connection was being closed.
         */
        INTERRUPTED,
        /** Some connections were still open at the deadline. They were closed then, and are named in the report. */
        FORCED,
        /**
         * Some connections could not even be closed by force, because their event loop does not run: a handler blocks it, or it has
         * been shut down.
         */
        UNFINISHED,
        /** {@link GracefulCloseManager#cancelDrain()} ended it while it was being announced; the server goes on serving. */
        CANCELLED
    }

    private final Outcome outcome;
    private final long openAtStart;
    private final LoopCounters.Totals during;
    private final Map<DrainPhase, Long> closedIn;
    private final Map<DrainPhase, Duration> phaseTimes;
    private final long totalNanos;
    private final List<OpenConnection> stragglers;
    private final long unfinished;
    private final List<ListenerReport> listeners;

    DrainReport(
            Outcome outcome,
            LoopCounters.Totals before,
            LoopCounters.Totals now,
            Map<DrainPhase, Long> closedIn,
            Map<DrainPhase, Duration> phaseTimes,
            long totalNanos,
            List<OpenConnection> stragglers,
            List<ListenerReport> listeners) {
        this.outcome = outcome;
        openAtStart = before.open();
        during = now.since(before);
        this.closedIn = Collections.unmodifiableMap(new EnumMap<>(closedIn));
        this.phaseTimes = Collections.unmodifiableMap(new EnumMap<>(phaseTimes));
        this.totalNanos = totalNanos;
        this.stragglers = List.copyOf(stragglers);
        unfinished = now.open();
        this.listeners = List.copyOf(listeners);
    }

    /** How the drain ended. */
    public Outcome outcome() {
        return outcome;
    }

    /** Connections that were open when {@code drain()} was called, including those whose close sequence ran already. */
    public long openAtStart() {
        return openAtStart;
    }

    /** Connections that were opened after {@code drain()} was called. */
    public long late() {
        return during.of(Count.OPENED);
    }

    /** Open connections that the manager no longer counts, because its handler was removed from their pipeline during the drain. */
    public long released() {
        return during.of(Count.RELEASED);
    }

    /**
     * Connections that this side closed before all of their output was sent: at the end of {@link DrainPolicy#gracePeriod()} although an
     * exchange was open, or with bytes that never reached the kernel. With an exchange open, also those whose event loop was shut down,
     * and those whose last bytes are not known to have arrived. Stragglers count only if their grace period had ended before.
     */
    public long interrupted() {
        return during.of(Count.INTERRUPTED);
    }

    /**
     * Connections that were closed without an open exchange although their peers spoke last, where no protocol counts exchanges: a peer
     * may have waited for an answer for longer than {@link DrainPolicy#unansweredPeriod()}. Only the order of bytes tells that, so a ping
     * that needs no answer counts too.
     */
    public long possiblyUnanswered() {
        return during.of(Count.POSSIBLY_UNANSWERED);
    }

    /**
     * The same where nobody knows who spoke last: the kernel does not tell it on this transport, and nothing was sent or received after
     * {@code drain()}.
     */
    public long unjudged() {
        return during.of(Count.UNJUDGED);
    }

    /**
     * Requests that were answered during the drain: exchanges that ended while their connections were open, also
     * those that an HTTP/2 peer has reset. Only of protocols that report exchanges, as the handlers of this library do.
     */
    public long answeredRequests() {
        return during.of(Count.ANSWERED);
    }

    /**
     * Those of the {@link #answeredRequests()} whose answers are known to have reached the peer's TCP: their connections are closed, with
     * everything acknowledged ({@link CloseOutcome#isDelivered()}). Of the others nothing is known to be lost by that alone.
     */
    public long acknowledgedRequests() {
        return during.of(Count.ACKNOWLEDGED);
    }

    /**
     * Requests that were not served and that their senders may safely repeat, as the protocols report ({@link FarewellReport}). Only of
     * connections whose pipelines have a handler that reports it.
     */
    public long refusedRequests() {
        return during.of(Count.REFUSED);
    }

    /** The same for requests that were not served, or not completely, and whose senders cannot know that. */
    public long lostRequests() {
        return during.of(Count.LOST);
    }

    /** Connections that closed during the drain, by outcome; every outcome is a key. */
    public Map<CloseOutcome, Long> closed() {
        return during.closed();
    }

    /** Connections that closed during each phase. */
    public Map<DrainPhase, Long> closedIn() {
        return closedIn;
    }

    /** How long each phase lasted, for those that were entered. */
    public Map<DrainPhase, Duration> phaseTimes() {
        return phaseTimes;
    }

    /** Time from {@code drain()} to the report. */
    public Duration totalTime() {
        return Duration.ofNanos(totalNanos);
    }

    /** How many connections were closed by force at the deadline: the size of {@link #stragglers()}. */
    public long forced() {
        return stragglers.size();
    }

    /** The connections that were closed by force at the deadline, as they were then, each with the report of its close. */
    public List<OpenConnection> stragglers() {
        return stragglers;
    }

    /**
     * How many connections were still open when the report was made: none after {@link Outcome#COMPLETE}, all after {@link
     * Outcome#CANCELLED}, after {@link Outcome#UNFINISHED} those that could not be closed, and after {@link Outcome#FORCED} those that
     * came at the last moment, which are closed as they come. {@link #openAtStart()} plus {@link #late()} is this number plus the closed
     * and the {@link #released()} ones.
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
                .append(late())
                .append(" late ones, ")
                .append(during.closedText())
                .append(", ")
                .append(stragglers.size())
                .append(" forced, ")
                .append(interrupted())
                .append(" interrupted, ")
                .append(possiblyUnanswered())
                .append(" possibly unanswered, ")
                .append(unjudged())
                .append(" unjudged, ")
                .append(answeredRequests())
                .append(" requests answered, ")
                .append(acknowledgedRequests())
                .append(" known to be acknowledged, ")
                .append(refusedRequests())
                .append(" refused, ")
                .append(lostRequests())
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
}
