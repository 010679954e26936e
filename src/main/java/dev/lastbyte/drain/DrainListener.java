package dev.lastbyte.drain;

/**
 * Is told how a drain goes. Set it with {@link GracefulCloseManager.Builder#drainListener}.
 *
 * <p>Called on a thread of its own, one call at a time, in order. A listener that is slow misses progress, never a phase, and
 * never holds up the drain. An exception is logged and changes nothing.
 */
public interface DrainListener {
    /**
     * Called at each change of phase, for instance to turn readiness off at {@link DrainPhase#ANNOUNCING} and on again
     * should {@link DrainPhase#READY} follow. The future of the drain may complete before the last phase is told here.
     */
    default void onPhase(DrainPhase phase) {}

    /** Called at each change of phase, each {@code progressInterval} while the drain runs, and at its end. */
    default void onProgress(DrainProgress progress) {}
}
