package dev.lastbyte.drain;

import dev.lastbyte.CloseOutcome;
import dev.lastbyte.drain.LoopCounters.Count;
import java.util.List;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJ_Result;

/** One loop opens and ends connections while another thread reads: nothing has ended that has not begun. */
@JCStressTest
@Description("One loop counts, another thread reads")
@Outcome(id = "[012], 0", expect = Expect.ACCEPTABLE, desc = "none, one or both")
@Outcome(expect = Expect.FORBIDDEN, desc = "figures that never were")
@State
public class CountersAgree {
    private final LoopConnections connections =
            new FakeLoop(new ConnectionRegistry(FakeLoop.SYSTEM, new ClosingBudget(10, Long.MAX_VALUE))).connections();

    /** The event loop. */
    @Actor
    public void count() {
        LoopCounters counters = connections.counters();
        counters.add(Count.OPENED, 1);
        counters.closed(CloseOutcome.PEER_CLOSED);
        counters.add(Count.OPENED, 1);
        counters.add(Count.RELEASED, 1);
    }

    /** The drain's thread. */
    @Actor
    public void read(JJ_Result result) {
        result.r1 = LoopCounters.Totals.read(List.of(connections.counters())).open();
    }

    /** Afterwards. */
    @Arbiter
    public void readAgain(JJ_Result result) {
        result.r2 = LoopCounters.Totals.read(List.of(connections.counters())).open();
    }
}
