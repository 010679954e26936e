package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.FrozenSystem;
import dev.lastbyte.testing.NoWarnings;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** One close with limits of its own. */
@ExtendWith(NoWarnings.class)
class CloseOverrideTest {
    private static final CloseOverride BRIEF = CloseOverride.of(
            limits -> limits.flushTimeout(Duration.ofMillis(50)).eofTimeout(Duration.ofMillis(100)));

    private final FrozenSystem system = new FrozenSystem();

    private EmbeddedDuplexChannel open(GracefulCloseConfig config) {
        return new EmbeddedDuplexChannel(new GracefulCloseHandler(config, system));
    }

    @Test
    void close_usesTheChangedLimits() {
        EmbeddedDuplexChannel channel = open(GracefulCloseConfig.defaults());
        BRIEF.close(channel);
        system.pass(channel, 60);
        assertFalse(channel.isOpen());
        assertEquals(CloseCause.STALLED, report(channel).cause());
    }

    @Test
    void afterTheLastWrite_closes() {
        EmbeddedDuplexChannel channel = open(GracefulCloseConfig.defaults());
        channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[10])).addListener(BRIEF);
        channel.runPendingTasks();
        assertEquals("FIN", channel.log().get(channel.log().size() - 1));
        system.pass(channel, 60);
        assertFalse(channel.isOpen());
    }

    @Test
    void whatIsNotMentioned_staysAsConfigured() {
        List<CloseReport> reports = new ArrayList<>();
        EmbeddedDuplexChannel channel = open(GracefulCloseConfig.builder()
                .strategy(CloseStrategy.DRAIN)
                .closeListener((closed, report) -> reports.add(report))
                .build());
        BRIEF.close(channel);
        system.pass(channel, 60);
        assertEquals(1, reports.size());
        assertEquals(CloseStrategy.DRAIN, reports.get(0).strategy());
    }

    @Test
    void closeThatRuns_keepsItsLimits() {
        EmbeddedDuplexChannel channel = open(GracefulCloseConfig.defaults());
        channel.pipeline().close();
        BRIEF.close(channel);
        system.pass(channel, 200);
        assertTrue(channel.isOpen());
        channel.peerFin();
    }

    /** It fits the defaults, by which it is checked, and not this connection's limits. */
    @Test
    void changeThatDoesNotFit_closesWithTheConnectionsOwnLimits() {
        NoWarnings.expect("its CloseOverride does not fit");
        CloseOverride longer = CloseOverride.of(limits -> limits.quietPeriod(Duration.ofSeconds(2)));
        EmbeddedDuplexChannel channel = open(GracefulCloseConfig.builder()
                .quietPeriod(Duration.ofMillis(10))
                .closeTimeout(Duration.ofSeconds(1))
                .build());
        longer.close(channel);
        channel.runPendingTasks();
        assertEquals("FIN", channel.log().get(channel.log().size() - 1));
        channel.peerFin();
        assertFalse(channel.isOpen());
    }

    @Test
    void channelWithoutHandler_isClosed() {
        EmbeddedChannel channel = new EmbeddedChannel();
        assertTrue(BRIEF.close(channel).isDone());
    }

    @Test
    void wrongChange_isRefusedAtOnce() {
        assertThrows(NullPointerException.class, () -> CloseOverride.of(limits -> null));
        assertThrows(
                IllegalArgumentException.class, () -> CloseOverride.of(limits -> limits.eofTimeout(Duration.ZERO)));
    }

    private static CloseReport report(EmbeddedDuplexChannel channel) {
        return GracefulCloseHandler.report(channel).getNow();
    }
}
