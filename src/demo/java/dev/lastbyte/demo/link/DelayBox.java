package dev.lastbyte.demo.link;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Joins two tun devices into a wire that takes a fixed time each way. Two threads per direction: one reads packets and
 * notes when they are due, one writes them when they are. Closing it ends the threads and the devices. Thread-safe.
 */
final class DelayBox implements AutoCloseable {
    /** 16384 packets of 1500 bytes hold 24 MB: 10 ms at 2.4 GB/s, so only a runaway sender fills it. */
    private static final int SLOTS = 1 << 14;

    private static final int SLOT_BYTES = 2048;
    private static final int POLL_MILLIS = 50;
    private static final long LONGEST_SLEEP_NANOS = TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS);

    private final List<Thread> threads = new ArrayList<>();
    private final Tun left;
    private final Tun right;
    private volatile boolean closed;

    /** Starts at once and owns the devices from here on. */
    DelayBox(Tun left, Tun right, Duration oneWay) {
        this.left = left;
        this.right = right;
        join(left, right, oneWay);
        join(right, left, oneWay);
        threads.forEach(Thread::start);
    }

    private void join(Tun from, Tun to, Duration oneWay) {
        DelayLine line = new DelayLine(oneWay.toNanos(), SLOTS);
        Memory memory = new Memory((long) SLOTS * SLOT_BYTES);
        Memory scrap = new Memory(SLOT_BYTES);
        threads.add(daemon("delay-in-" + from.name(), () -> readInto(line, memory, scrap, from)));
        threads.add(daemon("delay-out-" + to.name(), () -> writeFrom(line, memory, to)));
    }

    private void readInto(DelayLine line, Memory memory, Memory scrap, Tun from) {
        while (!closed) {
            int slot = line.claim();
            Pointer packet = slot == DelayLine.NONE ? scrap : memory.share((long) slot * SLOT_BYTES);
            int length = from.read(packet, SLOT_BYTES);
            if (length <= 0) {
                from.awaitReadable(POLL_MILLIS);
            } else if (slot != DelayLine.NONE) {
                line.fill(length, System.nanoTime());
            }
        }
    }

    private void writeFrom(DelayLine line, Memory memory, Tun to) {
        while (!closed) {
            long now = System.nanoTime();
            int slot = line.due(now);
            if (slot == DelayLine.NONE) {
                LockSupport.parkNanos(Math.min(line.nanosUntilDue(now), LONGEST_SLEEP_NANOS));
            } else {
                to.write(memory.share((long) slot * SLOT_BYTES), line.length(slot));
                line.empty();
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        boolean interrupted = false;
        for (Thread thread : threads) {
            LockSupport.unpark(thread);
            try {
                // each looks at the flag every 50 ms; a device must not be closed under a reader
                thread.join(TimeUnit.SECONDS.toMillis(5));
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        left.close();
        right.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static Thread daemon(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }
}
