package dev.lastbyte;

import dev.lastbyte.testing.FrozenSystem;

/** Handlers whose time stands still and whose kernel says what the test wants, for the tests of all packages. Stateless. */
public final class FrozenHandlers {
    private FrozenHandlers() {}

    /** A handler with every default. */
    public static GracefulCloseHandler on(FrozenSystem system) {
        return on(system, GracefulCloseConfig.defaults());
    }

    public static GracefulCloseHandler on(FrozenSystem system, GracefulCloseConfig config) {
        return new GracefulCloseHandler(config, system);
    }

    /** A handler that tells somebody about its connection, as a manager's does. */
    public static GracefulCloseHandler on(FrozenSystem system, Connection connection) {
        return new GracefulCloseHandler(connection, system);
    }
}
