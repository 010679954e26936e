package dev.lastbyte.bench;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Measures what discarding one upload takes of its event loop: reads, CPU time, heap. Confined to the event loop. */
final class DiscardMeter {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private long reads;
    private long startNanos;
    private long startAllocated;

    void begin() {
        reads = 0;
        startAllocated = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
        startNanos = THREADS.getCurrentThreadCpuTime();
    }

    void read() {
        reads++;
    }

    /** Tells the parent. */
    void end(long bytes) {
        long nanos = THREADS.getCurrentThreadCpuTime() - startNanos;
        long allocated = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId()) - startAllocated;
        Orders.say("done " + bytes + " " + reads + " " + nanos + " " + allocated);
    }
}
