package dev.lastbyte.internal.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** One phase of a drain as Flight Recorder keeps it. Confined to the drain's thread. */
@Name("dev.lastbyte.DrainPhase")
@Label("Drain Phase")
@Category("Lastbyte")
@Description("One phase of a server's drain")
@Enabled(false)
@StackTrace(false)
public final class DrainPhaseEvent extends Event {
    private static final DrainPhaseEvent ANY = new DrainPhaseEvent();

    @Label("Phase")
    public @Nullable String phase;

    @Label("Next Phase")
    public @Nullable String next;

    @Label("Closed")
    @Description("Connections that closed in this phase")
    public long closed;

    @Label("Open")
    @Description("Connections that were open at its end")
    public long open;

    @Label("Forced")
    @Description("Connections that have been closed by force so far")
    public long forced;

    DrainPhaseEvent() {}

    static boolean isOn() {
        return ANY.isEnabled();
    }

    static DrainPhaseEvent begun() {
        DrainPhaseEvent event = new DrainPhaseEvent();
        event.begin();
        return event;
    }
}
