package dev.lastbyte.demo.lab.peer;

import java.util.Locale;

/** How a connection ended in the eyes of the peer's application. Immutable. */
public enum PeerEnd {
    /** A read returned end of stream. */
    EOF,
    /** A read failed because the connection was reset. */
    RESET,
    /** The peer ended the connection itself, or never read to its end. */
    OWN,
    /** The lab ended it, because the time for the run was over. */
    CUT;

    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
