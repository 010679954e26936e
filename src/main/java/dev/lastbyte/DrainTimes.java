package dev.lastbyte;

/**
 * The moments at which the parts of one drain end. Immutable.
 *
 * @param announcedNanos when the announcement has lasted long enough
 * @param graceEndNanos when busy connections are closed as they are
 * @param longLivedEndNanos when the last long-lived connection is closed
 * @param deadlineNanos when everything is over
 */
record DrainTimes(long announcedNanos, long graceEndNanos, long longLivedEndNanos, long deadlineNanos) {
    static DrainTimes of(DrainPolicy policy, long startNanos) {
        long announced = startNanos + policy.announceDelayNanos();
        return new DrainTimes(
                announced,
                announced + policy.gracePeriodNanos(),
                announced + policy.longLivedPeriodNanos(),
                startNanos + policy.drainTimeoutNanos());
    }

    /** Each of the moments, or another drain's where that is earlier. */
    DrainTimes orEarlier(DrainTimes other) {
        return new DrainTimes(
                earlier(announcedNanos, other.announcedNanos),
                earlier(graceEndNanos, other.graceEndNanos),
                earlier(longLivedEndNanos, other.longLivedEndNanos),
                earlier(deadlineNanos, other.deadlineNanos));
    }

    static long earlier(long a, long b) {
        return a - b < 0 ? a : b;
    }
}
