package dev.lastbyte.demo.serve;

import dev.lastbyte.CloseOutcome;
import dev.lastbyte.CloseReport;
import dev.lastbyte.demo.Colour;
import dev.lastbyte.demo.Durations;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.ListenerReport;
import dev.lastbyte.drain.OpenConnection;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.StringJoiner;

/** A drain as sentences for a person at a terminal; counts that are zero are left out. Immutable. */
final class DrainProse {
    private static final int NAMED = 5;

    private final Colour colour;

    DrainProse(Colour colour) {
        this.colour = colour;
    }

    String of(Optional<DrainReport> report) {
        return report.map(this::known)
                .orElseGet(() -> colour.warn("closed at once: a plain close does not know who lost an answer"));
    }

    private String known(DrainReport report) {
        List<String> lines = new ArrayList<>();
        lines.add(verdict(report) + " after " + time(report.totalTime()));
        lines.add("  " + connections(report));
        String losses = losses(report);
        if (!losses.isEmpty()) {
            lines.add("  " + colour.warn(losses));
        }
        report.stragglers().stream()
                .limit(NAMED)
                .forEach(straggler -> lines.add("  " + colour.bad(straggler(straggler))));
        if (report.forced() > NAMED) {
            lines.add("  " + colour.bad("and " + (report.forced() - NAMED) + " more; --json names all"));
        }
        report.listeners().forEach(listener -> lines.add("  " + listener(listener)));
        return String.join(System.lineSeparator(), lines);
    }

    private String verdict(DrainReport report) {
        String word = report.outcome().name();
        return switch (report.outcome()) {
            case COMPLETE -> colour.good(word + ": no client is known to have lost an answer");
            case UNCONFIRMED -> colour.warn(word + ": nothing is known to be lost, but not everything could be seen");
            case CANCELLED -> colour.warn(word + ": the drain was cancelled");
            case INTERRUPTED -> colour.bad(word + ": some exchanges were interrupted, or requests lost");
            case FORCED -> colour.bad(word + ": some connections were still open at the deadline");
            case UNFINISHED -> colour.bad(word + ": some connections could not be closed");
        };
    }

    private static String connections(DrainReport report) {
        StringJoiner parts = new StringJoiner(", ");
        parts.add(count(report.openAtStart(), "connection") + " at the start");
        add(parts, report.late(), "came later");
        report.closed().forEach((outcome, closed) -> add(parts, closed, end(outcome)));
        add(parts, report.released(), "released");
        add(parts, report.unfinished(), "still open");
        return parts.toString();
    }

    private static String losses(DrainReport report) {
        StringJoiner parts = new StringJoiner(", ");
        add(parts, report.forced(), "closed by force");
        add(parts, report.interrupted(), "interrupted at the end of the grace period");
        add(parts, report.possiblyUnanswered(), "possibly unanswered");
        add(parts, report.unjudged(), "that may have waited for an answer, nobody can tell");
        if (report.lostRequests() > 0) {
            parts.add(count(report.lostRequests(), "request") + " lost");
        }
        if (report.refusedRequests() > 0) {
            parts.add(count(report.refusedRequests(), "request") + " refused, safe to repeat");
        }
        return parts.toString();
    }

    private static String straggler(OpenConnection straggler) {
        String exchanges =
                straggler.openExchanges() == 0 ? "" : ", " + count(straggler.openExchanges(), "open exchange");
        String end = straggler
                .report()
                .map(CloseReport::outcome)
                .map(outcome -> ", " + end(outcome))
                .orElse("");
        return straggler.remoteAddress().map(DrainProse::address).orElse(straggler.id()) + ": open for "
                + time(straggler.age()) + exchanges + end;
    }

    private String listener(ListenerReport listener) {
        String name =
                "listener " + listener.localAddress().map(DrainProse::address).orElse("of unknown address");
        if (listener.failure().isPresent()) {
            return colour.bad(name + " was not stopped as it should be: "
                    + listener.failure().get());
        }
        long unaccepted = listener.unaccepted().orElse(0);
        return unaccepted > 0
                ? colour.bad(name + " closed while " + count(unaccepted, "client") + " waited to be accepted")
                : colour.faint(name + " closed in " + time(listener.time()));
    }

    private static void add(StringJoiner parts, long count, String what) {
        if (count > 0) {
            parts.add(count + " " + what);
        }
    }

    private static String count(long count, String what) {
        return count + " " + what + (count == 1 ? "" : "s");
    }

    /** "Unconfirmed" alone would read like a loss. */
    private static String end(CloseOutcome outcome) {
        return outcome == CloseOutcome.UNCONFIRMED
                ? "closed, acknowledgements not seen"
                : outcome.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static String address(SocketAddress address) {
        String text = address.toString();
        return text.startsWith("/") ? text.substring(1) : text;
    }

    /** To the millisecond. */
    private static String time(Duration time) {
        return Durations.format(Duration.ofMillis(time.toMillis())).replaceFirst("(?<=\\d)(?=\\D+$)", " ");
    }
}
