package dev.lastbyte.internal;

import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;

/**
 * Tells who is interested when an event loop has terminated, without keeping them in memory until then: a listener of the loop's own future
 * lives as long as the loop, and what it refers to lives with it. Thread-safe.
 */
public final class LoopEnds {
    /** Who wants to hear of the end. Whoever nobody else refers to is forgotten. */
    public interface Listener {
        /** The event loop has terminated. Called once, on a thread that serves all terminated loops. */
        void loopEnded();
    }

    private static final Map<EventExecutor, Set<Listener>> LISTENERS = new HashMap<>(); // guarded by itself

    private LoopEnds() {}

    /** Tells the listener when the event loop has terminated, or soon if it has. */
    public static void tell(Listener listener, EventExecutor loop) {
        boolean first;
        synchronized (LISTENERS) {
            Set<Listener> known = LISTENERS.get(loop);
            first = known == null;
            if (known == null) {
                known = Collections.newSetFromMap(new WeakHashMap<>());
                LISTENERS.put(loop, known);
            }
            known.add(listener);
        }
        if (first) {
            loop.terminationFuture().addListener(ended -> ended(loop));
        }
    }

    private static void ended(EventExecutor loop) {
        List<Listener> told;
        synchronized (LISTENERS) {
            Set<Listener> known = LISTENERS.remove(loop);
            told = known == null ? List.of() : new ArrayList<>(known);
        }
        told.forEach(Listener::loopEnded);
    }
}
