package dev.lastbyte.bench;

/**
 * One variant as measured once.
 *
 * @param heapBytes per closing connection, beyond the open one; NaN if not measured
 * @param idlePercent CPU time of the server's process while nothing happens, in percent of one core
 * @param gapMillis the greatest lateness of an event loop's task while all end
 * @param lateMillis from the deadline to the last end
 */
record ClosingFigures(double heapBytes, double idlePercent, double gapMillis, double lateMillis) {}
