package dev.lastbyte.demo;

import dev.lastbyte.CloseStrategy;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A way to close that the demo can show: Netty's own, with and without SO_LINGER, and the library's strategies. Immutable. */
public enum CloseWay {
    /** Netty's {@code close()}, nothing else in the pipeline. */
    PLAIN("plain", null),
    /** Netty's {@code close()} with the socket option SO_LINGER of 1 s, which blocks the closing thread. */
    SO_LINGER("so-linger", null),
    /** {@link CloseStrategy#LINGER}. */
    LINGER("linger", CloseStrategy.LINGER),
    /** {@link CloseStrategy#HALF_CLOSE}. */
    HALF_CLOSE("half-close", CloseStrategy.HALF_CLOSE),
    /** {@link CloseStrategy#DRAIN}. */
    DRAIN("drain", CloseStrategy.DRAIN),
    /** {@link CloseStrategy#HALF_CLOSE_LINGER}. */
    HALF_CLOSE_LINGER("half-close-linger", CloseStrategy.HALF_CLOSE_LINGER),
    /** {@link CloseStrategy#FULL}. */
    FULL("full", CloseStrategy.FULL);

    private final String label;
    private final @Nullable CloseStrategy strategy;

    CloseWay(String label, @Nullable CloseStrategy strategy) {
        this.label = label;
        this.strategy = strategy;
    }

    /** The library's strategy; empty for Netty's own ways, which need no handler. */
    public Optional<CloseStrategy> strategy() {
        return Optional.ofNullable(strategy);
    }

    /** Whether the way reads and discards until the peer is done, and so must lose nothing. */
    public boolean mustLoseNothing() {
        return this == DRAIN || this == FULL;
    }

    /** The name on the command line and in tables. */
    public String label() {
        return label;
    }

    @Override
    public String toString() {
        return label;
    }
}
