package dev.lastbyte;

import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;

/** What a handler brings to each close of its connection. Thread-safe. */
interface CloseTerms {
    /** The limits. */
    GracefulCloseConfig config();

    /** Time and kernel. */
    SystemView system();

    /** Who keeps count. */
    default ConnectionWatch watch() {
        return ConnectionWatch.NONE;
    }

    /** The terms of a connection that belongs to no manager. */
    static CloseTerms of(GracefulCloseConfig config, SystemView system) {
        return new Unmanaged(config, system);
    }

    /** The terms of one close; limits that do not fit the connection's own must not keep it from being closed. */
    static CloseTerms ofClose(Channel channel, CloseTerms terms, @Nullable CloseOverride wanted) {
        if (wanted == null) {
            return terms;
        }
        try {
            return new Overridden(wanted.applyTo(terms.config()), terms);
        } catch (RuntimeException e) {
            CloseLog.LOG.warn("{} has limits that its CloseOverride does not fit; closing with its own", channel, e);
            return terms;
        }
    }

    /** Terms with other limits. Thread-safe as the original ones are. */
    record Overridden(GracefulCloseConfig config, CloseTerms terms) implements CloseTerms {
        @Override
        public SystemView system() {
            return terms.system();
        }

        @Override
        public ConnectionWatch watch() {
            return terms.watch();
        }
    }

    /** Terms of nobody else's. Immutable. */
    record Unmanaged(GracefulCloseConfig config, SystemView system) implements CloseTerms {}
}
