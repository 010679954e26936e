package dev.lastbyte;

/** What it means if the peer sends something after the last word, see {@link Goodbye#lateInput}. Immutable. */
public enum LateInput {
    /** Nothing: the rest of an upload that nobody wants, frames of a protocol that numbers its requests. */
    EXPECTED,
    /** A request of a peer that had been told not to send any: it knows that this one was not served. */
    REFUSED,
    /** A request that crossed our FIN: the peer cannot know whether it was served. */
    LOST
}
