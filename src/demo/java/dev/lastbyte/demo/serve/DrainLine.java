package dev.lastbyte.demo.serve;

import dev.lastbyte.CloseReport;
import dev.lastbyte.demo.Json;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.ListenerReport;
import dev.lastbyte.drain.OpenConnection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** A drain as one JSON line. Without a report its findings are null: a plain close does not know. Stateless. */
final class DrainLine {
    private DrainLine() {}

    static String of(Optional<DrainReport> report) {
        Map<String, @Nullable Object> line = unknown();
        report.ifPresent(known -> fill(line, known));
        return Json.of(line);
    }

    /** All fields in their order, still null. */
    private static Map<String, @Nullable Object> unknown() {
        Map<String, @Nullable Object> line = new LinkedHashMap<>();
        line.put("event", "drain");
        line.put("outcome", null);
        line.put("openAtStart", null);
        line.put("late", null);
        line.put("forced", null);
        line.put("interrupted", null);
        line.put("possiblyUnanswered", null);
        line.put("unjudged", null);
        line.put("refusedRequests", null);
        line.put("lostRequests", null);
        line.put("unfinished", null);
        line.put("closed", null);
        line.put("closedIn", null);
        line.put("phaseMillis", null);
        line.put("totalMillis", null);
        line.put("stragglers", null);
        line.put("listeners", null);
        return line;
    }

    private static void fill(Map<String, @Nullable Object> line, DrainReport report) {
        Map<String, Long> phases = new LinkedHashMap<>();
        report.phaseTimes().forEach((phase, time) -> phases.put(phase.name(), time.toMillis()));
        line.put("outcome", report.outcome().name());
        line.put("openAtStart", report.openAtStart());
        line.put("late", report.late());
        line.put("forced", report.forced());
        line.put("interrupted", report.interrupted());
        line.put("possiblyUnanswered", report.possiblyUnanswered());
        line.put("unjudged", report.unjudged());
        line.put("refusedRequests", report.refusedRequests());
        line.put("lostRequests", report.lostRequests());
        line.put("unfinished", report.unfinished());
        line.put("closed", report.closed());
        line.put("closedIn", report.closedIn());
        line.put("phaseMillis", phases);
        line.put("totalMillis", report.totalTime().toMillis());
        line.put(
                "stragglers",
                report.stragglers().stream().map(DrainLine::connection).toList());
        line.put(
                "listeners",
                report.listeners().stream().map(DrainLine::listener).toList());
    }

    /** An open connection, with its end if that is known. */
    static Map<String, @Nullable Object> connection(OpenConnection connection) {
        Optional<CloseReport> end = connection.report();
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("remote", connection.remoteAddress().orElse(null));
        fields.put("state", connection.state().name());
        fields.put("ageMillis", connection.age().toMillis());
        fields.put("exchanges", connection.openExchanges());
        fields.put("pendingBytes", connection.pendingBytes());
        fields.put("outcome", end.map(CloseReport::outcome).orElse(null));
        fields.put("cause", end.map(CloseReport::cause).orElse(null));
        return fields;
    }

    private static Map<String, @Nullable Object> listener(ListenerReport listener) {
        OptionalLong unaccepted = listener.unaccepted();
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("address", listener.localAddress().orElse(null));
        fields.put("transport", listener.transport());
        fields.put("filtered", listener.isFiltered());
        fields.put("unaccepted", unaccepted.isPresent() ? unaccepted.getAsLong() : null);
        fields.put("millis", listener.time().toMillis());
        fields.put("failure", listener.failure().orElse(null));
        return fields;
    }
}
