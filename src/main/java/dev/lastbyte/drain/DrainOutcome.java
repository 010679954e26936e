package dev.lastbyte.drain;

/** How a drain ended. Immutable. */
public enum DrainOutcome {
    /**
     * Every connection ended within the limits of its own close, before the deadline; no open exchange was cut short, and no
     * request lost, as far as the protocols can tell.
     */
    COMPLETE,
    /**
     * Every connection ended before the deadline, but some were closed with an exchange open, because {@code gracePeriod} was over, or
     * a request was lost that was sent while its connection was being closed.
     */
    INTERRUPTED,
    /** At the deadline some connections were still open; they were ended then, and are named in the report. */
    FORCED,
    /**
     * Some connections could not even be ended, because their event loop does not run: it is blocked by a handler, or has been
     * shut down.
     */
    UNFINISHED,
    /** {@link GracefulCloseManager#cancelDrain()} ended it while it was being announced; the server serves on. */
    CANCELLED
}
