package dev.lastbyte.receipt;

import dev.lastbyte.CloseOutcome;
import dev.lastbyte.CloseReport;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.ListenerReport;
import dev.lastbyte.drain.OpenConnection;
import dev.lastbyte.internal.DurationText;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.StringJoiner;

/**
 * A drain as people and programs read it: what matters most comes first, and the oldest connections that were closed by force are named.
 * {@link ReceiptWriter} writes it. Immutable.
 */
public final class DrainReceipt {
    /** What a pod's status shows of {@code /dev/termination-log}, and so the most that a file gets. */
    static final int FILE_BYTES = 4096;

    private static final int NAMED = 5;

    private final DrainReport report;

    private DrainReceipt(DrainReport report) {
        this.report = report;
    }

    /**
     * The receipt of a drain.
     *
     * @throws NullPointerException if {@code report} is null
     */
    public static DrainReceipt of(DrainReport report) {
        return new DrainReceipt(Objects.requireNonNull(report, "report"));
    }

    // ---- sentences -------------------------------------------------------------------------------------------------

    /** Sentences, one a line: the verdict, requests, connections, those that were closed by force, listeners. Counts of 0 are left out. */
    public List<String> sentences() {
        return sentences(NAMED);
    }

    private List<String> sentences(int named) {
        List<String> lines = new ArrayList<>();
        lines.add(verdict() + " after " + time(report.totalTime()));
        lines.add(requests());
        lines.add(connections());
        String doubts = doubts();
        if (!doubts.isEmpty()) {
            lines.add(doubts);
        }
        report.stragglers().stream().limit(named).forEach(straggler -> lines.add(straggler(straggler)));
        if (report.forced() > named) {
            lines.add("and " + (report.forced() - named) + " more closed by force");
        }
        report.listeners().forEach(listener -> lines.add(listener(listener)));
        return lines;
    }

    private String verdict() {
        String word = report.outcome().name();
        return switch (report.outcome()) {
            case COMPLETE -> word + ": no client is known to have lost an answer";
            case UNCONFIRMED -> word + ": nothing is known to be lost, but not everything could be seen";
            case CANCELLED -> word + ": the drain was cancelled";
            case INTERRUPTED -> word + ": some exchanges were interrupted, or requests lost";
            case FORCED -> word + ": some connections were still open at the deadline";
            case UNFINISHED -> word + ": some connections could not be closed";
        };
    }

    private String requests() {
        return count(report.lostRequests(), "request") + " lost, " + report.refusedRequests() + " refused, "
                + report.answeredRequests() + " answered, " + report.acknowledgedRequests()
                + " of them known to have arrived";
    }

    private String connections() {
        StringJoiner parts = new StringJoiner(", ");
        parts.add(count(report.openAtStart(), "connection") + " at the start");
        add(parts, report.late(), "came later");
        report.closed().forEach((outcome, closed) -> add(parts, closed, end(outcome)));
        add(parts, report.released(), "released");
        add(parts, report.unfinished(), "still open");
        return parts.toString();
    }

    private String doubts() {
        StringJoiner parts = new StringJoiner(", ");
        add(parts, report.forced(), "closed by force");
        add(parts, report.interrupted(), "interrupted before all output was sent");
        add(parts, report.possiblyUnanswered(), "possibly unanswered");
        add(parts, report.unjudged(), "that may have waited for an answer, nobody can tell");
        return parts.toString();
    }

    private static String straggler(OpenConnection straggler) {
        String end = straggler
                .report()
                .map(closed -> ", " + end(closed.outcome()) + " (" + closed.code() + " " + closed.cause() + ")")
                .orElse("");
        return straggler.remoteAddress().map(DrainReceipt::address).orElse(straggler.id()) + " was "
                + words(straggler.state()) + ", open for " + time(straggler.age()) + ", "
                + count(straggler.openExchanges(), "open exchange") + ", " + straggler.pendingBytes() + " B pending"
                + end;
    }

    private static String listener(ListenerReport listener) {
        String name =
                "listener " + listener.localAddress().map(DrainReceipt::address).orElse("of unknown address");
        if (listener.failure().isPresent()) {
            return name + " was not stopped as it should be: "
                    + printable(listener.failure().get().toString());
        }
        long unaccepted = listener.unaccepted().orElse(0);
        return unaccepted > 0
                ? name + " closed while " + count(unaccepted, "client") + " waited to be accepted"
                : name + " closed in " + time(listener.time());
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
        return outcome == CloseOutcome.UNCONFIRMED ? "closed, acknowledgements not seen" : words(outcome);
    }

    private static String words(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static String address(SocketAddress address) {
        String text = address.toString();
        return printable(text.startsWith("/") ? text.substring(1) : text);
    }

    /** Text from elsewhere, which must not begin lines of its own. */
    private static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }

    private static String time(Duration time) {
        return DurationText.of(Duration.ofMillis(time.toMillis()));
    }

    // ---- JSON ------------------------------------------------------------------------------------------------------

    /**
     * One JSON object on one line. Its fields are {@code outcome}, {@code lost}, {@code refused}, {@code answered}, {@code acknowledged},
     * {@code forced}, {@code interrupted}, {@code possiblyUnanswered}, {@code unjudged}, {@code openAtStart}, {@code late}, {@code released},
     * {@code unfinished}, {@code totalMillis}; {@code closed} by outcome and {@code phaseMillis} by phase; and {@code stragglers}, the
     * connections that were closed by force.
     */
    public String json() {
        return json(Integer.MAX_VALUE);
    }

    private String json(int named) {
        StringBuilder json = new StringBuilder(512).append("{\"event\":\"drain\"");
        field(json, "outcome", report.outcome().name());
        field(json, "lost", report.lostRequests());
        field(json, "refused", report.refusedRequests());
        field(json, "answered", report.answeredRequests());
        field(json, "acknowledged", report.acknowledgedRequests());
        field(json, "forced", report.forced());
        field(json, "interrupted", report.interrupted());
        field(json, "possiblyUnanswered", report.possiblyUnanswered());
        field(json, "unjudged", report.unjudged());
        field(json, "openAtStart", report.openAtStart());
        field(json, "late", report.late());
        field(json, "released", report.released());
        field(json, "unfinished", report.unfinished());
        field(json, "totalMillis", report.totalTime().toMillis());
        json.append(",\"closed\":{");
        String separator = "";
        for (Map.Entry<CloseOutcome, Long> closed : report.closed().entrySet()) {
            json.append(separator)
                    .append(quoted(closed.getKey().name()))
                    .append(':')
                    .append(closed.getValue());
            separator = ",";
        }
        json.append("},\"phaseMillis\":{");
        separator = "";
        for (var phase : report.phaseTimes().entrySet()) {
            json.append(separator)
                    .append(quoted(phase.getKey().name()))
                    .append(':')
                    .append(phase.getValue().toMillis());
            separator = ",";
        }
        json.append("},\"stragglers\":[");
        separator = "";
        for (OpenConnection straggler : report.stragglers()
                .subList(0, Math.min(named, report.stragglers().size()))) {
            json.append(separator);
            appendStraggler(json, straggler);
            separator = ",";
        }
        return json.append("]}").toString();
    }

    private static void appendStraggler(StringBuilder json, OpenConnection straggler) {
        json.append("{\"remote\":")
                .append(straggler
                        .remoteAddress()
                        .map(DrainReceipt::address)
                        .map(DrainReceipt::quoted)
                        .orElse("null"));
        field(json, "state", straggler.state().name());
        field(json, "ageMillis", straggler.age().toMillis());
        field(json, "exchanges", straggler.openExchanges());
        field(json, "pendingBytes", straggler.pendingBytes());
        CloseReport closed = straggler.report().orElse(null);
        if (closed != null) {
            field(json, "code", closed.code());
            field(json, "outcome", closed.outcome().name());
            field(json, "cause", closed.cause().name());
        }
        json.append('}');
    }

    private static void field(StringBuilder json, String name, long value) {
        json.append(",\"").append(name).append("\":").append(value);
    }

    private static void field(StringBuilder json, String name, String value) {
        json.append(",\"").append(name).append("\":").append(quoted(value));
    }

    private static String quoted(String text) {
        StringBuilder out = new StringBuilder(text.length() + 2).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < 0x20 || c > 0x7e) {
                out.append('\\').append(String.format("u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }

    // ---- a file ----------------------------------------------------------------------------------------------------

    /**
     * The sentences and, as the last line, the JSON object, in at most 4,096 bytes of UTF-8: as many connections are named as there is room
     * for, and the counts always say how many there were.
     */
    public byte[] file() {
        for (int named = NAMED; named > 0; named--) {
            byte[] text = file(named);
            if (text.length <= FILE_BYTES) {
                return text;
            }
        }
        byte[] shortest = (sentences(0).get(0) + "\n" + json(0) + "\n").getBytes(StandardCharsets.UTF_8);
        return shortest; // without names and listeners it cannot be too long
    }

    private byte[] file(int named) {
        return (String.join("\n", sentences(named)) + "\n" + json(named) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /** The sentences on one line. */
    @Override
    public String toString() {
        return String.join("; ", sentences());
    }
}
