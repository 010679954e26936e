package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseCause;
import dev.lastbyte.CloseOutcome;
import dev.lastbyte.CloseReport;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.NoWarnings;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The limits over all closes of a server that run at once, with frozen time. */
@ExtendWith(NoWarnings.class)
class ClosingBudgetScenarioTest {

    private static FrozenDrain limitedTo(long maxClosing, long maxClosingBytes) {
        return new FrozenDrain(new FrozenServer(GracefulCloseConfig.defaults(), maxClosing, maxClosingBytes));
    }

    private static CloseReport report(EmbeddedDuplexChannel channel) {
        return GracefulCloseHandler.report(channel).getNow();
    }

    @Test
    void maxClosing_exceeded_evictsTheOldest() {
        FrozenDrain small = limitedTo(2, Long.MAX_VALUE);
        small.play("connect:3 at:1 close 1ms at:2 close 1ms at:3 close 1ms");
        small.play("at:2 open at:3 open at:1 over");
        assertEquals(CloseCause.EVICTED, report(small.channel()).cause());
        assertEquals(2, small.server.registry.budget().closing());
    }

    @Test
    void maxClosingBytes_exceeded_evictsTheOldest_andIsGivenBack() {
        FrozenDrain small = limitedTo(100, 1000);
        for (int i = 0; i < 3; i++) {
            small.play("connect room:0 write:450");
        }
        small.play("at:1 close 1ms at:2 close 1ms at:3 close 1ms");
        small.play("at:3 open at:1 over");
        assertEquals(CloseOutcome.ABORTED, report(small.channel()).outcome());
        small.play("at:2 room at:3 room 10ms");
        assertFalse(small.server.registry.budget().isExceeded());
    }

    @Test
    void drain_keepsItsOwnClosesWithinTheLimit() {
        FrozenDrain small = limitedTo(4, Long.MAX_VALUE).play("silent connect:10 drain");
        List<EmbeddedDuplexChannel> all = small.server.channels;
        for (int i = 0; i < 500; i++) {
            small.play("1ms");
            assertTrue(small.server.registry.budget().closing() <= 4);
            if (i % 10 == 0) { // sooner than anybody is evicted
                all.stream().filter(c -> c.isOpen() && c.log().contains("FIN")).forEach(EmbeddedDuplexChannel::peerFin);
            }
        }
        assertEquals(
                10L,
                small.report().closed().get(CloseOutcome.DELIVERED)
                        + small.report().closed().get(CloseOutcome.PEER_CLOSED));
        assertTrue(all.stream().noneMatch(c -> report(c).cause() == CloseCause.EVICTED));
    }
}
