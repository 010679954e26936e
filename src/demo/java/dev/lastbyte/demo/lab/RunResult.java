package dev.lastbyte.demo.lab;

import dev.lastbyte.demo.lab.peer.PeerEnd;
import dev.lastbyte.demo.lab.peer.PeerResult;
import dev.lastbyte.demo.lab.server.ServerResult;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Both ends' findings of one run. Immutable.
 *
 * @param number the run's number
 * @param cell where it belongs
 * @param size bytes the peer asked for
 * @param peer what the peer saw, or null if it never reported
 * @param server what the server knows, or null if it never reported
 */
record RunResult(int number, Cell cell, int size, @Nullable PeerResult peer, @Nullable ServerResult server) {
    long received() {
        return peer == null ? 0 : peer.received();
    }

    boolean complete() {
        return received() == size && peer != null && !peer.corrupt();
    }

    /** Truncated data that ends in a clean EOF, which the peer cannot tell from the whole. */
    boolean shortEof() {
        return peer != null && peer.end() == PeerEnd.EOF && received() < size;
    }

    boolean sawReset() {
        return peer != null && peer.sawReset();
    }

    /** What went wrong in the lab itself, apart from what it measures. */
    Optional<String> fault() {
        if (peer == null) {
            return Optional.of("the peer never reported");
        }
        if (peer.corrupt()) {
            return Optional.of("the peer read a wrong byte");
        }
        if (!peer.error().isEmpty()) {
            return Optional.of(peer.error());
        }
        if (peer.end() == PeerEnd.CUT) {
            return Optional.of("the peer was not done in time");
        }
        return server == null ? Optional.of("the server never reported a close") : Optional.empty();
    }

    Map<String, @Nullable Object> toJson() {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("transport", cell.transport().label());
        json.put("strategy", cell.way().label());
        json.put("peer", cell.peer().label());
        json.put("size", size);
        json.put("received", received());
        json.put("complete", complete());
        json.put("end", peer == null ? null : peer.end().label());
        json.put("shortEof", shortEof());
        json.put("sawReset", sawReset());
        json.put("sent", peer == null ? null : peer.sent());
        json.put("peerNanos", peer == null ? null : peer.nanos());
        json.put("closeNanos", server == null ? null : server.closeNanos());
        json.put("outcome", server == null || server.outcome().isEmpty() ? null : constant(server.outcome()));
        json.put("cause", server == null || server.cause().isEmpty() ? null : constant(server.cause()));
        json.put("discardedBytes", server == null ? null : server.discarded());
        json.put("unsentBytes", server == null ? null : server.unsent());
        json.put("unacknowledgedBytes", server == null || server.unacknowledged() < 0 ? null : server.unacknowledged());
        json.put("fault", fault().orElse(null));
        return json;
    }

    private static String constant(String label) {
        return label.toUpperCase(Locale.ROOT).replace(' ', '_');
    }
}
