package dev.lastbyte.drain;

import io.netty.channel.EventLoopGroup;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Shuts event loops down when a drain has left nothing to lose. Stateless. */
final class LoopShutdown {
    /** With 0 a loop of Netty 4.2 may end without closing its channels. */
    private static final long QUIET_MILLIS = 100;

    private static final long TIMEOUT_MILLIS = 5000;

    private LoopShutdown() {}

    /** Completes when all groups have terminated, or when they should have: an event loop that is blocked never does. */
    static CompletableFuture<Void> of(EventLoopGroup... groups) {
        CompletableFuture<?>[] ends = new CompletableFuture<?>[groups.length];
        for (int i = 0; i < groups.length; i++) {
            CompletableFuture<Void> end = new CompletableFuture<>();
            ends[i] = end;
            groups[i].terminationFuture().addListener(terminated -> end.complete(null));
            groups[i].shutdownGracefully(QUIET_MILLIS, TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
        }
        return CompletableFuture.allOf(ends)
                .completeOnTimeout(null, QUIET_MILLIS + TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
    }
}
