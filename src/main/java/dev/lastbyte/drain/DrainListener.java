package dev.lastbyte.drain;

/**
 * Follows a drain. Set it with {@link GracefulCloseManager.Builder#drainListener}, or add it with {@link
 * GracefulCloseManager#addDrainListener}.
 *
 * <p>Called on a thread of its own, in order, one call at a time. A slow listener misses progress, never a phase, and never delays the
 * drain, nor other listeners. When a drain is over its future waits for the listeners, so that who waits for the future need not wait for
 * them; for a second at most. An exception is logged and changes nothing.
 */
public interface DrainListener {
    /**
     * Called at each change of phase: for instance to turn readiness off at {@link DrainPhase#ANNOUNCING}, and on again if {@link
     * DrainPhase#READY} follows.
     */
    default void onPhase(DrainPhase phase) {}

    /** Called at each change of phase, every {@code progressInterval} while the drain runs, and at its end. */
    default void onProgress(DrainProgress progress) {}

    /** Called once for each drain, as the last of its calls, also if the drain was cancelled. */
    default void onReport(DrainReport report) {}
}
