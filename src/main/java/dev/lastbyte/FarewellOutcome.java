package dev.lastbyte;

/** How far a protocol came with its last words. Immutable. */
public enum FarewellOutcome {
    /**
     * Nothing was said: the connection ended otherwise before {@code close()} was called, or the protocol had no words for that
     * moment, as HTTP/1.1 has none for an idle connection.
     */
    NOT_SAID,
    /** The words were written, and the protocol has no answer to them. */
    SAID,
    /** The peer's application answered: it has read everything up to these words. No acknowledgement of TCP says as much. */
    ANSWERED,
    /** The words were written, and no answer came within the limit, or before the connection ended. */
    UNANSWERED
}
