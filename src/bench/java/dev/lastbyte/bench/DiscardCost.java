package dev.lastbyte.bench;

import java.util.List;

/**
 * What one discarded upload took.
 *
 * @param bytes of the upload
 * @param reads how many there were; NaN if unknown
 * @param cpuNanos of the thread that reads, or of a process that has one thread
 * @param allocated bytes of heap that this thread allocated; NaN outside a JVM
 */
record DiscardCost(double bytes, double reads, double cpuNanos, double allocated) {
    private static final double GIB = 1L << 30;

    /** From the words that follow {@code done}: bytes, reads, nanoseconds and, of a JVM, bytes allocated. */
    static DiscardCost parse(List<String> words) {
        double allocated = words.size() > 3 ? Double.parseDouble(words.get(3)) : Double.NaN;
        return new DiscardCost(
                Double.parseDouble(words.get(0)),
                Double.parseDouble(words.get(1)),
                Double.parseDouble(words.get(2)),
                allocated);
    }

    double cpuMillisPerGib() {
        return cpuNanos / 1e6 * GIB / bytes;
    }

    double readsPerGib() {
        return reads * GIB / bytes;
    }

    double allocatedPerRead() {
        return allocated / reads;
    }
}
