package dev.lastbyte.drain;

import dev.lastbyte.internal.SystemView;
import io.netty.channel.Channel;

/** Drains that go no further than their event, for tests of handlers that hear it. Stateless. */
public final class DrainEvents {
    private DrainEvents() {}

    /** The event of a drain that begins now. */
    public static DrainEvent begun(DrainPolicy policy) {
        return begun(policy, SystemView.REAL);
    }

    /** The same in a system of the test's own. */
    public static DrainEvent begun(DrainPolicy policy, SystemView system) {
        return new DrainPlan(policy, system, system.nanoTime(), () -> {}).event();
    }

    /** Tells a pipeline, as the manager does. */
    public static void tell(Channel channel, DrainEvent event) {
        event.tell(channel);
    }
}
