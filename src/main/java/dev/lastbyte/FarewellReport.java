package dev.lastbyte;

import java.time.Duration;

/**
 * What came of a protocol's farewell, as a part of the {@link CloseReport}. Immutable.
 *
 * @param protocol the protocol's name, for example {@code http/1.1}
 * @param outcome how far the farewell came
 * @param refusedRequests requests that were not served and that the peer may safely repeat, because the protocol told it so;
 *     where requests cannot be told apart, 1 for all that came too late
 * @param lostRequests requests that were not served, or not completely, without the peer being able to know; counted in the same
 *     way
 * @param time from the last words until the answer, or until the wait for it ended
 */
public record FarewellReport(String protocol, Outcome outcome, long refusedRequests, long lostRequests, Duration time) {
    /** How far a protocol came with its last words. */
    public enum Outcome {
        /**
         * Nothing was said: the connection ended otherwise before {@code close()} was called, or the protocol has no words for that
         * moment, as HTTP/1.1 has none for an idle connection.
         */
        NOT_SAID,
        /** The last words were written, and the protocol has no answer to them. */
        SAID,
        /** The peer's application answered: it has read everything up to the last words. TCP acknowledgements cannot say that. */
        ANSWERED,
        /** The last words were written, and no answer came within the limit or before the connection ended. */
        UNANSWERED
    }

    @Override
    public String toString() {
        return protocol + " " + outcome + ", refused " + refusedRequests + ", lost " + lostRequests + ", "
                + time.toNanos() / 1000 + " us";
    }
}
