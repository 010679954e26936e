package dev.lastbyte;

import java.time.Duration;

/**
 * What a protocol's goodbye came to, as a part of the {@link CloseReport}. Immutable.
 *
 * @param protocol the protocol's name, for example {@code http/1.1}
 * @param outcome how far it came
 * @param refusedRequests requests that were not served and that the peer may safely repeat, because the protocol told it so;
 *     where requests cannot be told apart, 1 for all that came too late
 * @param lostRequests requests that were not served, or not to the end, of which the peer cannot know that; counted in the same
 *     way
 * @param time from the first word until the answer, or until it was not waited for any more
 */
public record FarewellReport(
        String protocol, FarewellOutcome outcome, long refusedRequests, long lostRequests, Duration time) {
    @Override
    public String toString() {
        return protocol + " " + outcome + ", refused " + refusedRequests + ", lost " + lostRequests + ", "
                + time.toNanos() / 1000 + " us";
    }
}
