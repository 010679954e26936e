package dev.lastbyte.bench.discard;

import dev.lastbyte.bench.process.ChildProcess;
import java.io.IOException;
import java.util.List;

/** A server that answers an upload at once, and then discards it. Not thread-safe. */
interface DiscardReceiver extends AutoCloseable {
    int port();

    /** What the upload that has just ended took. */
    Cost cost(long bytes) throws IOException;

    @Override
    void close() throws IOException;

    /**
     * What one discarded upload took.
     *
     * @param bytes of the upload
     * @param reads how many there were; NaN if unknown
     * @param cpuNanos of the thread that reads, or of a process that has one thread
     * @param allocated bytes of heap that this thread allocated; NaN outside a JVM
     */
    record Cost(double bytes, double reads, double cpuNanos, double allocated) {
        private static final double GIB = 1L << 30;

        /** From the words that follow {@code done}: bytes, reads, nanoseconds and, of a JVM, bytes allocated. */
        private static Cost parse(List<String> words) {
            double allocated = words.size() > 3 ? Double.parseDouble(words.get(3)) : Double.NaN;
            return new Cost(
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

    /** A child that measures itself: a loop in C, or a {@link DiscardServer}. */
    final class Child implements DiscardReceiver {
        private final ChildProcess process;
        private final int port;

        Child(ChildProcess process) throws IOException {
            this.process = process;
            port = Integer.parseInt(process.await("listening").get(0));
        }

        @Override
        public int port() {
            return port;
        }

        @Override
        public Cost cost(long bytes) throws IOException {
            return Cost.parse(process.await("done"));
        }

        @Override
        public void close() {
            process.close();
        }
    }
}
