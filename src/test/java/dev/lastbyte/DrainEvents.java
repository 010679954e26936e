package dev.lastbyte;

/** Drains that go no further than their event, for tests of handlers that hear it. Stateless. */
public final class DrainEvents {
    private DrainEvents() {}

    /** The event of a drain that begins now. */
    public static DrainEvent begun(DrainPolicy policy) {
        return new DrainPlan(policy, SystemView.REAL, System.nanoTime(), () -> {}).event();
    }
}
