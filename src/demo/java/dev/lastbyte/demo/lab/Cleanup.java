package dev.lastbyte.demo.lab;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What must be undone when the lab ends, newest first: by {@link #close} or, should the process be stopped (Ctrl-C), by a
 * shutdown hook, once in any case. Thread-safe.
 */
final class Cleanup implements AutoCloseable {
    private final Deque<AutoCloseable> undo = new ArrayDeque<>();
    private final Thread hook = new Thread(this::closeAll, "lab-cleanup");

    Cleanup() {
        Runtime.getRuntime().addShutdownHook(hook);
    }

    <T extends AutoCloseable> T keep(T resource) {
        synchronized (undo) {
            undo.push(resource);
        }
        return resource;
    }

    @Override
    public void close() {
        closeAll();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // the process is ending: the hook has run or runs now
        }
    }

    private void closeAll() {
        synchronized (undo) {
            while (!undo.isEmpty()) {
                try {
                    undo.pop().close();
                } catch (Exception e) {
                    System.err.println("lab: could not clean up: " + e);
                }
            }
        }
    }
}
