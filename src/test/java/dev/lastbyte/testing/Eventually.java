package dev.lastbyte.testing;

import java.time.Duration;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;

/** Waits for what no future tells: the state of the kernel, of an allocator, of an event loop. Stateless. */
public final class Eventually {
    private Eventually() {}

    /** Looks every few milliseconds, for at most half a minute. */
    public static void await(String what, Callable<Boolean> condition) {
        await(what, Duration.ofSeconds(30), condition);
    }

    static void await(String what, Duration limit, Callable<Boolean> condition) {
        Awaitility.await(what)
                .atMost(limit)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(5))
                .until(condition);
    }
}
