package dev.lastbyte.drain;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** A connection that opens on a loop nobody knew while a drain begins: it is told of the drain once. */
@JCStressTest
@Description("A connection opens while a drain begins")
@Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "told once")
@Outcome(expect = Expect.FORBIDDEN, desc = "not told, or twice")
@State
public class DrainReachesConnection {
    private final ConnectionRegistry registry =
            new ConnectionRegistry(FakeLoop.SYSTEM, new ClosingBudget(10, Long.MAX_VALUE));
    private final FakeLoop loop = new FakeLoop(registry);
    private final ManagedConnection connection = loop.connection();
    private final DrainPlan plan =
            new DrainPlan(DrainPolicy.builder().maxBlockers(0).build(), FakeLoop.SYSTEM, 0, () -> {});

    /** The event loop. */
    @Actor
    public void open() {
        connection.opened(loop.ctx);
        connection.announced();
    }

    /** The drain's thread. */
    @Actor
    public void drain() {
        registry.plan(plan);
        plan.enter(DrainPhase.ANNOUNCING, DrainPhase.STOP_ACCEPTING, 0);
        plan.enter(DrainPhase.STOP_ACCEPTING, DrainPhase.SHEDDING, 0);
        registry.lookAround();
    }

    /** The event loop, later. */
    @Arbiter
    public void settle(I_Result result) {
        loop.run();
        result.r1 = loop.told();
    }
}
