package dev.lastbyte.bench.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * CPU time of processes and threads as the Linux scheduler counts it, in nanoseconds (/proc/PID/task/TID/schedstat).
 * Stateless.
 */
public final class CpuTime {
    private CpuTime() {}

    /** All threads of a process that live. */
    public static long ofProcess(long pid) throws IOException {
        List<Path> threads;
        try (Stream<Path> entries = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
            threads = entries.toList();
        }
        long sum = 0;
        for (Path thread : threads) {
            sum += read(thread.resolve("schedstat"));
        }
        return sum;
    }

    /** A process and all its children, as a server with worker processes is. */
    static long ofFamily(ProcessHandle root) throws IOException {
        long sum = ofProcess(root.pid());
        for (ProcessHandle child : root.descendants().toList()) {
            sum += ofProcess(child.pid());
        }
        return sum;
    }

    private static long read(Path schedstat) throws IOException {
        try {
            String line = Files.readString(schedstat);
            return Long.parseLong(line.substring(0, line.indexOf(' ')));
        } catch (NoSuchFileException e) {
            return 0; // the thread has ended meanwhile
        }
    }
}
