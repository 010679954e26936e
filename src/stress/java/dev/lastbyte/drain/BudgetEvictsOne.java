package dev.lastbyte.drain;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IJ_Result;

/** Two loops begin a close each where one is allowed: one eviction is asked for, and the ends bring the count to zero. */
@JCStressTest
@Description("Two loops begin closes, one is allowed")
@Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "one eviction asked for, nothing left")
@Outcome(expect = Expect.FORBIDDEN, desc = "the limit was passed, or the count is wrong")
@State
public class BudgetEvictsOne {
    private final ClosingBudget budget = new ClosingBudget(1, Long.MAX_VALUE);
    private final ConnectionRegistry registry = new ConnectionRegistry(FakeLoop.SYSTEM, budget);
    private final FakeLoop one = new FakeLoop(registry);
    private final FakeLoop two = new FakeLoop(registry);

    /** One event loop. */
    @Actor
    public void first() {
        begin(one);
    }

    /** The other. */
    @Actor
    public void second() {
        begin(two);
    }

    private static void begin(FakeLoop loop) {
        LoopConnections connections = loop.connections();
        ManagedConnection connection = loop.connection();
        connection.opened(loop.ctx);
        connections.move(connection, connections.closing);
        connections.registry().budget().began(connections);
    }

    /** Both again. */
    @Arbiter
    public void end(IJ_Result result) {
        result.r1 = one.tasks() + two.tasks();
        budget.ended();
        budget.ended();
        result.r2 = budget.closing();
    }
}
