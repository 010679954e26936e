package dev.lastbyte.drain;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZL_Result;

/** A drain is taken back at the moment at which it would stop accepting: one of the two happens. */
@JCStressTest
@Description("cancelDrain() against the end of the announcement")
@Outcome(id = "true, false, STOP_ACCEPTING", expect = Expect.ACCEPTABLE, desc = "too late to cancel")
@Outcome(id = "false, true, READY", expect = Expect.ACCEPTABLE, desc = "cancelled")
@Outcome(expect = Expect.FORBIDDEN, desc = "both, or neither")
@State
public class CancelOrStopAccepting {
    private final DrainPlan plan = new DrainPlan(DrainPolicy.defaults(), FakeLoop.SYSTEM, 0, () -> {});

    /** The drain's thread. */
    @Actor
    public void enter(ZZL_Result result) {
        result.r1 = plan.enter(DrainPhase.ANNOUNCING, DrainPhase.STOP_ACCEPTING, 0);
    }

    /** Any other. */
    @Actor
    public void cancel(ZZL_Result result) {
        result.r2 = plan.cancel();
    }

    /** Afterwards. */
    @Arbiter
    public void read(ZZL_Result result) {
        result.r3 = plan.phase();
    }
}
