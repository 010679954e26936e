package dev.lastbyte.drain;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JZ_Result;

/** Two loops begin and end closes that hold bytes: nothing stays on the account. */
@JCStressTest
@Description("Two loops begin and end closes")
@Outcome(id = "0, false", expect = Expect.ACCEPTABLE, desc = "nothing left")
@Outcome(expect = Expect.FORBIDDEN, desc = "something is still counted")
@State
public class BudgetReturnsToZero {
    private final ClosingBudget budget = new ClosingBudget(1, 1);
    private final ConnectionRegistry registry = new ConnectionRegistry(FakeLoop.SYSTEM, budget);
    private final FakeLoop one = new FakeLoop(registry);
    private final FakeLoop two = new FakeLoop(registry);

    /** One event loop. */
    @Actor
    public void first() {
        beginAndEnd(one);
    }

    /** The other. */
    @Actor
    public void second() {
        beginAndEnd(two);
    }

    private void beginAndEnd(FakeLoop loop) {
        budget.began(loop.connections());
        budget.changed(100, registry);
        budget.changed(-100, registry);
        budget.ended();
    }

    /** Afterwards. */
    @Arbiter
    public void read(JZ_Result result) {
        result.r1 = budget.closing();
        result.r2 = budget.isExceeded();
    }
}
