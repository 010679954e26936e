package dev.lastbyte.testing;

import dev.lastbyte.CloseCause;
import dev.lastbyte.CloseOutcome;
import dev.lastbyte.CloseReport;
import java.util.ArrayList;
import java.util.List;

/** Compares a report with what the peer saw: what it may not say. Stateless. */
public final class CloseTruth {
    private CloseTruth() {}

    /** The lies of a report, in words; empty if it is true. */
    public static List<String> lies(
            Transports transport, ScriptedPeer peer, long expected, PeerResult saw, CloseReport report) {
        List<String> lies = new ArrayList<>();
        boolean whole = saw.bytes() == expected;
        if (!saw.intact()) {
            lies.add("bytes out of place");
        }
        if (report.outcome().isDelivered() && peer.readsOn() && !whole) {
            lies.add("claims delivery");
        }
        if (report.outcome() == CloseOutcome.PEER_CLOSED && !saw.eof() && peer.readsOn()) {
            lies.add("claims that the peer ended in order");
        }
        if (report.outcome() == CloseOutcome.PEER_CLOSED && neverEnds(peer)) {
            lies.add("claims that a peer ended its side that did not");
        }
        if (report.outcome() == CloseOutcome.ABORTED && saw.eof() && saw.writeError() == null && !transport.isUnix()) {
            lies.add("claims a reset, but the peer saw a clean EOF");
        }
        if (report.outcome().isDelivered() && report.unacknowledgedBytes().orElse(0) > 0) {
            lies.add("claims delivery with bytes unacknowledged");
        }
        if (!transport.tellsDelivery()
                && (report.outcome().isDelivered()
                        || report.unacknowledgedBytes().isPresent())) {
            lies.add("claims to know what the kernel did not tell");
        }
        if (whole && report.unsentBytes() > 0) {
            lies.add("claims unsent bytes that arrived");
        }
        if (report.cause() == CloseCause.ERROR || report.cause() == CloseCause.WRITE_FAILED && whole) {
            lies.add("names an error that was none");
        }
        return lies;
    }

    private static boolean neverEnds(ScriptedPeer peer) {
        return peer == ScriptedPeer.NEVER_CLOSES || peer == ScriptedPeer.DRIPS || peer == ScriptedPeer.NEVER_READS;
    }
}
