package dev.lastbyte.demo.lab.server;

import dev.lastbyte.CloseReport;
import dev.lastbyte.demo.lab.peer.Fields;
import java.util.Locale;

/**
 * What the server knows about the end of one run. Immutable.
 *
 * @param run the run's number
 * @param closeNanos from handing the answer to Netty until the channel was closed
 * @param outcome the report's outcome, or an empty text where there is no handler to report
 * @param cause the report's cause, or an empty text
 * @param discarded bytes read and dropped after {@code close()}
 * @param unsent bytes that never reached the kernel
 * @param unacknowledged bytes that the peer's TCP had not acknowledged; -1 if unknown
 */
public record ServerResult(
        int run, long closeNanos, String outcome, String cause, long discarded, long unsent, long unacknowledged) {
    static ServerResult plain(int run, long closeNanos) {
        return new ServerResult(run, closeNanos, "", "", 0, 0, -1);
    }

    static ServerResult of(int run, long closeNanos, CloseReport report) {
        return new ServerResult(
                run,
                closeNanos,
                label(report.outcome()),
                label(report.cause()),
                report.discardedBytes(),
                report.unsentBytes(),
                report.unacknowledgedBytes().orElse(-1));
    }

    /** PEER_CLOSED reads better in a table as "peer closed". */
    private static String label(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    public Fields toFields() {
        return new Fields("closed")
                .with("run", run)
                .with("closeNanos", closeNanos)
                .with("outcome", outcome)
                .with("cause", cause)
                .with("discarded", discarded)
                .with("unsent", unsent)
                .with("unacknowledged", unacknowledged);
    }

    public static ServerResult from(Fields fields) {
        return new ServerResult(
                fields.number("run"),
                fields.big("closeNanos"),
                fields.text("outcome"),
                fields.text("cause"),
                fields.big("discarded"),
                fields.big("unsent"),
                fields.big("unacknowledged"));
    }
}
