package dev.lastbyte.bench;

import java.util.concurrent.TimeUnit;

/** The end of a process that has been told to end: waited for, and forced if it does not come. Stateless. */
final class ProcessEnd {
    private static final long GRACE_SECONDS = 10;

    private ProcessEnd() {}

    static void await(Process process) {
        try {
            if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            process.destroyForcibly();
        }
    }
}
