package dev.lastbyte.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;

/** Whether work grows with its count and not with the square of it: what a peer may repeat must not stall an event loop. */
public final class Linear {
    /** How much more than its share ten times the count may take, on a machine that does other things too. */
    private static final int SLACK = 5;

    private static final long FREE_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

    private Linear() {}

    /** Runs the work with a tenth of the count, to warm up and to measure, and with the whole. */
    public static void assertLinear(int count, IntConsumer work) {
        nanos(work, count / 10);
        long tenth = nanos(work, count / 10);
        long whole = nanos(work, count);
        assertTrue(
                whole <= FREE_NANOS + 10 * SLACK * tenth,
                () -> count + " took " + whole / 1_000_000 + " ms, a tenth of it " + tenth / 1_000_000 + " ms");
    }

    private static long nanos(IntConsumer work, int count) {
        long start = System.nanoTime();
        work.accept(count);
        return System.nanoTime() - start;
    }
}
