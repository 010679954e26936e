package dev.lastbyte.drain;

/**
 * Follows a drain. Set it with {@link GracefulCloseManager.Builder#drainListener}.
 *
 * <p>Called on a thread of its own, in order, one call at a time. A slow listener misses progress, never a phase, and never delays the
 * drain. An exception is logged and changes nothing.
 */
public interface DrainListener {
    /**
     * Called at each change of phase: for instance to turn readiness off at {@link DrainPhase#ANNOUNCING}, and on again if {@link
     * DrainPhase#READY} follows. The future of the drain may complete before the last phase is reported here.
     */
    default void onPhase(DrainPhase phase) {}

    /** Called at each change of phase, every {@code progressInterval} while the drain runs, and at its end. */
    default void onProgress(DrainProgress progress) {}
}
