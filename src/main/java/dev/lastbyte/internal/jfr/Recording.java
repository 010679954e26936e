package dev.lastbyte.internal.jfr;

import jdk.jfr.Event;
import org.jspecify.annotations.Nullable;

/**
 * Whether Flight Recorder wants to hear of closes and drains. While it does not, the answer is null, and costs a look at a flag. Thread-safe.
 */
public final class Recording {
    private static final boolean PRESENT = isPresent();

    private Recording() {}

    /** The event of a close that begins now, or null. */
    public static @Nullable ConnectionCloseEvent beginClose() {
        return PRESENT && ConnectionCloseEvent.isOn() ? ConnectionCloseEvent.begun() : null;
    }

    /** The event of a close that ends now and whose beginning was not recorded, or null. */
    public static @Nullable ConnectionCloseEvent endClose() {
        return PRESENT && ConnectionCloseEvent.isOn() ? new ConnectionCloseEvent() : null;
    }

    /** The event of a phase of a drain that begins now, or null. */
    public static @Nullable DrainPhaseEvent beginPhase() {
        return PRESENT && DrainPhaseEvent.isOn() ? DrainPhaseEvent.begun() : null;
    }

    /** The module jdk.jfr need not be there; the literal fails then. */
    private static boolean isPresent() {
        try {
            return Event.class != null;
        } catch (NoClassDefFoundError e) {
            return false;
        }
    }
}
