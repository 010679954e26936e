package dev.lastbyte.drain;

import static dev.lastbyte.drain.DrainPhase.DRAINED;
import static dev.lastbyte.drain.DrainPhase.FINISHING;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.NoWarnings;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Whom a drain tells what: connections, late ones too, and the listener for progress, with frozen time. */
@ExtendWith(NoWarnings.class)
class DrainNewsScenarioTest {
    private final FrozenDrain drain = new FrozenDrain();
    private final FrozenServer server = drain.server;

    // ---- connections -----------------------------------------------------------------------------------------------

    @Test
    void event_travelsOnce_whenShedding() {
        drain.play("used connect");
        drain.drain(policy -> policy.announceDelay(Duration.ofMillis(100)));
        drain.play("90ms told:0 300ms told:1");
    }

    @Test
    void event_tellsTheTimeLeft() {
        drain.play("used connect drain 1s");
        DrainEvent event = drain.events().get(0);
        assertEquals(2000, event.timeLeft().toMillis());
        assertEquals(0, event.graceLeft().toMillis());
    }

    @Test
    void lateConnection_isToldAtOnce_andCounted() {
        drain.play("used connect drain 50ms connect told:1 3s");
        assertEquals(1, drain.report().late());
        assertEquals(1, drain.report().openAtStart());
    }

    @Test
    void connection_afterTheDrain_isClosed() {
        drain.play("used connect close drain 10ms fin 3s");
        assertEquals(DRAINED, server.phases.get(server.phases.size() - 1));
        drain.play("connect 1ms closing");
    }

    // ---- progress --------------------------------------------------------------------------------------------------

    @Test
    void progress_comesAtItsRate_andNamesBlockers() {
        EmbeddedDuplexChannel oldest = drain.play("used connect").channel();
        drain.play("10ms connect");
        drain.drain(policy -> policy.progressInterval(Duration.ofMillis(100)).maxBlockers(1));
        drain.play("550ms");
        List<DrainProgress> regular = server.progress.stream()
                .filter(p -> p.timeLeft().toMillis() % 100 == 0 && p.timeLeft().toMillis() < 3000)
                .toList();
        assertEquals(5, regular.size());
        DrainProgress last = regular.get(4);
        assertEquals(FINISHING, last.phase());
        assertEquals(2, last.open());
        assertEquals(2, last.busy());
        assertEquals(0, last.closing());
        assertEquals(2500, last.timeLeft().toMillis());
        assertEquals(1, last.blockers().size());
        assertEquals(oldest.id().asShortText(), last.blockers().get(0).id());
        assertEquals(510, last.blockers().get(0).age().toMillis(), 100);
        assertNotNull(last.toString());
    }
}
