package dev.lastbyte.drain;

/**
 * Decides when the next of a number of closes is due so that all of them are spread evenly over a span of time. What joins
 * later shares the time that is left. Immutable.
 *
 * @param startNanos begin of the span
 * @param endNanos its end, from which on everything is due
 */
record EvenSpread(long startNanos, long endNanos) {
    /**
     * When the next one is due.
     *
     * @param lastNanos when the one before was closed, or the span began
     * @param waiting how many are left, this one included
     */
    long next(long lastNanos, int waiting) {
        long from = lastNanos - startNanos < 0 ? startNanos : lastNanos;
        long left = endNanos - from;
        return left <= 0 ? from : from + left / (waiting + 1);
    }
}
