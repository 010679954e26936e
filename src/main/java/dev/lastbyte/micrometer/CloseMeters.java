package dev.lastbyte.micrometer;

import dev.lastbyte.CloseCause;
import dev.lastbyte.CloseOutcome;
import dev.lastbyte.CloseReport;
import dev.lastbyte.CloseStrategy;
import dev.lastbyte.FarewellReport;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The meters of closes in one registry. The registry finds a meter by its name and all its tags, which costs more than a close should pay;
 * so each meter is kept here once it is known, under what the report says. Thread-safe.
 */
final class CloseMeters {
    private static final int CAUSES = CloseCause.values().length;
    private static final int STRATEGIES = CloseStrategy.values().length;
    private static final int OUTCOMES = CloseOutcome.values().length;

    private final MeterRegistry registry;
    private final Tags common;
    private final Counter resets;
    private final Counter evictions;
    private final Counter refused;
    private final Counter lost;
    private final Map<String, OfTransport> transports = new ConcurrentHashMap<>();

    CloseMeters(MeterRegistry registry, Tags common) {
        this.registry = registry;
        this.common = common;
        resets = counter("lastbyte.close.resets", "Closes that sent a reset, so that cut data does not look complete")
                .register(registry);
        evictions = counter("lastbyte.close.evictions", "Closes that were cut short because too many were closing")
                .register(registry);
        refused = counter("lastbyte.requests.refused", "Requests that were not served, which their senders know")
                .register(registry);
        lost = counter("lastbyte.requests.lost", "Requests that were not served, which their senders cannot know")
                .register(registry);
    }

    private Counter.Builder counter(String name, String description) {
        return Counter.builder(name).tags(common).description(description);
    }

    /** Counts a close. */
    void count(CloseReport report) {
        OfTransport meters = transports.get(report.transport());
        if (meters == null) {
            meters = transports.computeIfAbsent(report.transport(), OfTransport::new);
        }
        meters.count(report);
        if (report.outcome() == CloseOutcome.ABORTED) {
            resets.increment();
        }
        if (report.cause() == CloseCause.EVICTED) {
            evictions.increment();
        }
        FarewellReport farewell = report.farewell().orElse(null);
        if (farewell != null) {
            add(refused, farewell.refusedRequests());
            add(lost, farewell.lostRequests());
        }
    }

    private static void add(Counter counter, long amount) {
        if (amount > 0) {
            counter.increment((double) amount);
        }
    }

    void removeFrom(MeterRegistry from) {
        List.of(resets, evictions, refused, lost).forEach(from::remove);
        transports.values().forEach(meters -> meters.removeFrom(from));
    }

    private static String tag(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /** The meters of one transport. Thread-safe: a meter that two threads look for at once is the same. */
    private final class OfTransport {
        private final Tags tags;
        private final Counter discarded;
        private final Counter unsent;
        private final Counter unacknowledged;
        private final AtomicReferenceArray<@Nullable Counter> closes =
                new AtomicReferenceArray<>(OUTCOMES * CAUSES * STRATEGIES);
        private final AtomicReferenceArray<@Nullable Timers> timers = new AtomicReferenceArray<>(OUTCOMES);

        private OfTransport(String transport) {
            tags = common.and("transport", transport);
            discarded = bytes("lastbyte.close.discarded", "Input that was read and dropped after close()");
            unsent = bytes("lastbyte.close.unsent", "Output that never reached the kernel");
            unacknowledged = bytes(
                    "lastbyte.close.unacknowledged",
                    "Output that was not known to be acknowledged when its socket closed");
        }

        private Counter bytes(String name, String description) {
            return Counter.builder(name)
                    .tags(tags)
                    .baseUnit("bytes")
                    .description(description)
                    .register(registry);
        }

        private void count(CloseReport report) {
            closes(report.outcome(), report.cause(), report.strategy()).increment();
            if (report.step() != CloseReport.Step.NONE) {
                Timers times = timers(report.outcome());
                times.total.record(report.totalTime().toNanos(), TimeUnit.NANOSECONDS);
                times.flush.record(report.flushTime().toNanos(), TimeUnit.NANOSECONDS);
                times.discard.record(report.discardTime().toNanos(), TimeUnit.NANOSECONDS);
            }
            add(discarded, report.discardedBytes());
            add(unsent, report.unsentBytes());
            add(unacknowledged, report.unacknowledgedBytes().orElse(0));
        }

        private Counter closes(CloseOutcome outcome, CloseCause cause, CloseStrategy strategy) {
            int place = (index(outcome) * CAUSES + index(cause)) * STRATEGIES + index(strategy);
            Counter known = closes.get(place);
            if (known == null) {
                known = Counter.builder("lastbyte.closes")
                        .tags(tags.and("outcome", tag(outcome), "cause", tag(cause), "strategy", tag(strategy)))
                        .description("Connections that have closed")
                        .register(registry);
                closes.set(place, known);
            }
            return known;
        }

        private Timers timers(CloseOutcome outcome) {
            Timers known = timers.get(index(outcome));
            if (known == null) {
                known = new Timers(
                        timer("lastbyte.close.duration", outcome, "From close() until the channel was closed"),
                        timer(
                                "lastbyte.close.flush.duration",
                                outcome,
                                "From close() until the last byte was in the kernel"),
                        timer(
                                "lastbyte.close.discard.duration",
                                outcome,
                                "From there until the wait for the peer ended"));
                timers.set(index(outcome), known);
            }
            return known;
        }

        private Timer timer(String name, CloseOutcome outcome, String description) {
            return Timer.builder(name)
                    .tags(tags.and("outcome", tag(outcome)))
                    .description(description)
                    .register(registry);
        }

        private void removeFrom(MeterRegistry from) {
            List.of(discarded, unsent, unacknowledged).forEach(from::remove);
            for (int i = 0; i < closes.length(); i++) {
                remove(from, closes.get(i));
            }
            for (int i = 0; i < OUTCOMES; i++) {
                Timers known = timers.get(i);
                if (known != null) {
                    List.of(known.total, known.flush, known.discard).forEach(from::remove);
                }
            }
        }

        private static void remove(MeterRegistry from, @Nullable Meter meter) {
            if (meter != null) {
                from.remove(meter);
            }
        }
    }

    @SuppressWarnings("EnumOrdinal") // a place in an array of this process, and on the way of every close
    private static int index(Enum<?> value) {
        return value.ordinal();
    }

    /** How long closes took. */
    private record Timers(Timer total, Timer flush, Timer discard) {}
}
