package dev.lastbyte.spring;

import dev.lastbyte.drain.DrainPhase;
import dev.lastbyte.drain.GracefulCloseManager;
import org.springframework.context.SmartLifecycle;

/**
 * Drains when the application context stops, just before Spring Boot's own graceful shutdown, which then finds nothing left to do. At
 * that time Boot has turned readiness off, and every bean that a request may need still works. Thread-safe.
 */
final class DrainLifecycle implements SmartLifecycle {

    /**
     * The phase of Spring Boot's graceful shutdown. Its constant has another class in each line of Boot; the compiler would put the number
     * here in any case.
     */
    static final int BOOT_GRACEFUL_SHUTDOWN = SmartLifecycle.DEFAULT_PHASE - 1024;

    private final GracefulCloseManager manager;
    private volatile boolean running;

    DrainLifecycle(GracefulCloseManager manager) {
        this.manager = manager;
    }

    @Override
    public void start() {
        if (manager.phase() == DrainPhase.DRAINED) {
            throw new IllegalStateException("the GracefulCloseManager has drained and takes no more connections"
                    + " (expected: a new application context; one that was stopped cannot be started again)");
        }
        running = true;
    }

    @Override
    public void stop(Runnable callback) {
        running = false;
        manager.drain().whenComplete((report, failure) -> callback.run());
    }

    /** Only for callers that do not know {@link SmartLifecycle}. */
    @Override
    public void stop() {
        running = false;
        manager.close();
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** Higher phases stop earlier. */
    @Override
    public int getPhase() {
        return BOOT_GRACEFUL_SHUTDOWN + 1;
    }
}
