package dev.lastbyte;

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

    /** The same connection's terms with other limits. */
    static CloseTerms overridden(CloseTerms terms, GracefulCloseConfig config) {
        return new Overridden(config, terms);
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
