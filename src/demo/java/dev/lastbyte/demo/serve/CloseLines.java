package dev.lastbyte.demo.serve;

import dev.lastbyte.CloseListener;
import dev.lastbyte.CloseReport;
import dev.lastbyte.TlsEnd;
import dev.lastbyte.demo.CloseWay;
import dev.lastbyte.demo.Json;
import dev.lastbyte.demo.Transport;
import io.netty.channel.Channel;
import java.io.PrintStream;
import java.net.SocketAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Prints one JSON line per closed connection. With a plain close there is no report, so the line's findings are null: plain
 * close does not know. Thread-safe.
 */
final class CloseLines implements CloseListener {
    private final PrintStream out;

    CloseLines(PrintStream out) {
        this.out = out;
    }

    @Override
    public void onClose(Channel channel, CloseReport report) {
        Map<String, @Nullable Object> line = line(
                report.strategy().name(),
                report.transport(),
                report.remoteAddress().orElse(null));
        line.put("outcome", report.outcome().name());
        line.put("cause", report.cause().name());
        line.put("discardedBytes", report.discardedBytes());
        line.put("unsentBytes", report.unsentBytes());
        line.put(
                "unacknowledgedBytes",
                report.unacknowledgedBytes().isPresent()
                        ? report.unacknowledgedBytes().getAsLong()
                        : null);
        line.put("tlsEnd", report.tlsEnd().map(TlsEnd::name).orElse(null));
        line.put("flushNanos", report.flushTime().toNanos());
        line.put("discardNanos", report.discardTime().toNanos());
        line.put("totalNanos", report.totalTime().toNanos());
        report.farewell().ifPresent(farewell -> {
            line.put("farewell", farewell.outcome().name());
            line.put("refusedRequests", farewell.refusedRequests());
            line.put("lostRequests", farewell.lostRequests());
        });
        print(line);
    }

    /** Prints the line of a connection without the library's handler, when it is closed. */
    void watchPlain(Channel channel, Transport transport) {
        SocketAddress remote = channel.remoteAddress();
        channel.closeFuture().addListener(closed -> print(line(CloseWay.PLAIN.name(), transport.label(), remote)));
    }

    /** All fields in their order, those that only a report can fill still null. */
    private static Map<String, @Nullable Object> line(
            String strategy, String transport, @Nullable SocketAddress remote) {
        Map<String, @Nullable Object> line = new LinkedHashMap<>();
        line.put("event", "close");
        line.put("outcome", null);
        line.put("cause", null);
        line.put("strategy", strategy);
        line.put("transport", transport);
        line.put("remote", remote);
        line.put("discardedBytes", null);
        line.put("unsentBytes", null);
        line.put("unacknowledgedBytes", null);
        line.put("tlsEnd", null);
        line.put("flushNanos", null);
        line.put("discardNanos", null);
        line.put("totalNanos", null);
        line.put("farewell", null);
        line.put("refusedRequests", null);
        line.put("lostRequests", null);
        return line;
    }

    private void print(Map<String, @Nullable Object> line) {
        out.println(Json.of(line));
        out.flush();
    }
}
