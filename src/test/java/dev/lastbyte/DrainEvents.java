package dev.lastbyte;

import io.netty.channel.Channel;

/** Drains that go no further than their event, for tests of handlers that hear it. Stateless. */
public final class DrainEvents {
    private DrainEvents() {}

    /** The event of a drain that begins now. */
    public static DrainEvent begun(DrainPolicy policy) {
        return new DrainPlan(policy, SystemView.REAL, System.nanoTime(), () -> {}).event();
    }

    /** Tells a pipeline, as the manager does. */
    public static void tell(Channel channel, DrainEvent event) {
        event.tell(channel);
    }
}
