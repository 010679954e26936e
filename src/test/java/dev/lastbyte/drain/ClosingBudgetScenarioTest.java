package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
    private static final int ESTABLISHED = 1;

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

    // Netty counts 96 bytes for each message, and the barrier is one: 300 bytes count as 492.

    /** As many connections as sizes; each has written so many bytes, of which the kernel takes none, and closes. */
    private static FrozenDrain closing(long maxClosingBytes, int... sizes) {
        FrozenDrain server = limitedTo(100, maxClosingBytes);
        for (int size : sizes) {
            server.play("connect room:0 write:" + size + " close 1ms");
        }
        return server;
    }

    private static void assertReset(FrozenDrain server, int number) {
        server.play("at:" + number + " over");
        CloseReport report = report(server.channel());
        assertEquals(CloseCause.EVICTED, report.cause());
        assertEquals(CloseOutcome.UNDELIVERED, report.outcome());
        List<String> log = server.channel().log();
        assertEquals(List.of("SO_LINGER 0", "CLOSE"), log.subList(log.size() - 2, log.size()));
    }

    @Test
    void maxClosingBytes_exceeded_oneIsReset_andItsBytesAreGivenBack() {
        FrozenDrain server = closing(1500, 450, 450, 450);
        server.play("at:1 open at:2 open at:3 open 1s");
        assertReset(server, 1);
        server.play("at:2 open room at:3 open room 10ms");
        assertTrue(server.server.registry.budget().bytes().hasRoom(server.server.system));
    }

    @Test
    void maxClosingBytes_exceeded_thoseThatHoldNoneStay_howeverOld() {
        FrozenDrain server = limitedTo(100, 1500);
        server.play("connect:3 at:1 close at:2 close at:3 close 2s");
        server.play("connect room:0 write:1000 close 100ms connect room:0 write:1000 close 1ms");
        assertReset(server, 4);
        server.play("at:1 open at:2 open at:3 open at:5 open");
    }

    @Test
    void maxClosingBytes_exceeded_theLargestWithoutProgressGoesFirst() {
        FrozenDrain server = closing(6500, 300, 1100, 300);
        server.play("1s connect room:0 write:5000 close 1ms");
        assertReset(server, 2);
        server.play("at:1 open at:3 open at:4 open");
    }

    @Test
    void maxClosingBytes_exceeded_theLargestIsSparedAsLongAsItMoves() {
        FrozenDrain server = closing(6200, 4000, 300, 300);
        server.play("1s at:1 room:100 connect room:0 write:1200 close 1ms");
        assertReset(server, 2);
        server.play("at:1 open at:3 open at:4 open");
    }

    @Test
    void maxClosingBytes_exceededByLessThanHalf_onlyThoseThatStallForASecondGo() {
        FrozenDrain server = closing(1000, 300, 600);
        server.play("at:1 open at:2 open 990ms at:1 room:100 at:1 open at:2 open 1s");
        assertReset(server, 2);
        server.play("at:1 open");
    }

    @Test
    void maxClosingBytes_exceededByHalf_theOneThatNeverMovedAndPausedForTheLongestGoes() {
        FrozenDrain server = closing(4200, 4000);
        server.play("500ms room:100 300ms connect room:0 write:600 close 1ms at:1 room:100 900ms");
        server.play("connect room:0 write:600 close 1ms at:2 open connect room:0 write:600 close 1ms");
        assertReset(server, 2);
        server.play("at:1 open at:3 open at:4 open");
    }

    /** A peer that reads nothing takes what its receive buffer holds. */
    @Test
    void maxClosingBytes_exceededByHalf_progressInTheFirstMomentsDoesNotSpareForLong() {
        FrozenDrain server = closing(2000, 300);
        server.play("400ms room:10 400ms connect room:0 write:1000 close 1ms room:10 300ms at:1 room:10 750ms");
        server.play("connect room:0 write:1600 close 1ms");
        assertReset(server, 2);
        server.play("at:1 open at:3 open");
    }

    /** To reset it would not free much. */
    @Test
    void maxClosingBytes_exceededByHalf_aSmallOneStays() {
        FrozenDrain server = closing(2000, 10);
        server.play("connect room:0 write:1200 close 1ms connect room:0 write:1600 close 1ms");
        assertReset(server, 2);
        server.play("at:1 open at:3 open");
    }

    @Test
    void maxClosing_evictedWithBytesInTheKernel_theyCountUntilTheKernelGivesThemUp() {
        FrozenDrain server = limitedTo(1, 1000);
        server.server.system.kernel(ESTABLISHED, 600, 0);
        server.play("connect:2 at:1 close 1ms at:2 close 1ms at:1 over at:2 open 2s over");
        assertEquals(CloseOutcome.UNDELIVERED, report(server.channel()).outcome());
        assertTrue(server.server.registry.budget().bytes().hasRoom(server.server.system)); // the second was reset
        server.server.system.kernel(ESTABLISHED, 500, 0);
        server.play("connect at:3 close 2s over");
        server.play("60s connect at:4 close 1s open");
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
