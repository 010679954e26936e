package dev.lastbyte;

/** How a drain ended. Immutable. */
public enum DrainOutcome {
    /** Every connection ended within the limits of its own close, before the deadline, and no open exchange was cut short. */
    COMPLETE,
    /** Every connection ended before the deadline, but some were closed with an exchange open: {@code gracePeriod} was over. */
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
