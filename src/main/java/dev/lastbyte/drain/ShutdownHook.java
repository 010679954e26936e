package dev.lastbyte.drain;

import dev.lastbyte.internal.CloseLog;

/** Drains when the JVM is told to end, and keeps it until the report is out. Thread-safe. */
final class ShutdownHook implements Runnable {
    private final Drains drains;
    private final Thread thread = new Thread(this, "lastbyte-shutdown");
    private volatile DrainPolicy policy;
    private volatile boolean running;

    private ShutdownHook(Drains drains, DrainPolicy policy) {
        this.drains = drains;
        this.policy = policy;
    }

    static ShutdownHook install(Drains drains, DrainPolicy policy) {
        ShutdownHook hook = new ShutdownHook(drains, policy);
        Runtime.getRuntime().addShutdownHook(hook.thread);
        return hook;
    }

    void policy(DrainPolicy next) {
        policy = next;
    }

    /** Whether the JVM is ending. */
    boolean isRunning() {
        return running;
    }

    /** There is nothing left to drain: the JVM need not keep the manager for it. */
    void remove() {
        try {
            Runtime.getRuntime().removeShutdownHook(thread);
        } catch (IllegalStateException e) {
            CloseLog.LOG.trace("the JVM is ending");
        }
    }

    @Override
    public void run() {
        running = true;
        DrainReport report = drains.drainWithin(policy).join();
        if (report.outcome() == DrainOutcome.CANCELLED) {
            drains.drainWithin(policy).join(); // that one was taken back just before; this one cannot be
        }
        drains.awaitNews();
    }
}
