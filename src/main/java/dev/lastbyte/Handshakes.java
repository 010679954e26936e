package dev.lastbyte;

import java.util.HashSet;
import java.util.Set;

/**
 * Connections of a listener whose handshake was under way when the kernel's table was read: our SYN-ACK is out, the
 * client's ACK is not in, or the listener has no place for it. Immutable.
 *
 * @param fresh those whose SYN-ACK was sent once; within a second each is completed, or repeated
 * @param repeated those whose SYN-ACK was sent again, or that TCP_DEFER_ACCEPT keeps: mostly clients that are gone
 * @param shared whether another listener has the same port, so that some may be its own
 */
record Handshakes(Set<String> fresh, Set<String> repeated, boolean shared) {
    /** Those of these that were under way before already. After SYNs are held off, others are another listener's. */
    Handshakes among(Handshakes before) {
        Set<String> known = new HashSet<>(before.fresh);
        known.addAll(before.repeated);
        return new Handshakes(common(fresh, known), common(repeated, known), shared || before.shared);
    }

    int count() {
        return fresh.size() + repeated.size();
    }

    private static Set<String> common(Set<String> some, Set<String> known) {
        Set<String> both = new HashSet<>(some);
        both.retainAll(known);
        return both;
    }
}
