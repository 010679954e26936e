package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.NoWarnings;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.DefaultChannelId;
import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which connections a drain takes for idle, and when it closes them, with frozen time. */
@ExtendWith(NoWarnings.class)
class DrainIdleScenarioTest {
    private final FrozenDrain drain = new FrozenDrain();
    private final FrozenServer server = drain.server;

    // ---- silence ---------------------------------------------------------------------------------------------------

    @Test
    void idleConnection_silentBefore_isClosedAtOnce() {
        drain.play("silent connect 200ms drain 10ms closing fin 10ms");
        assertEquals(DrainReport.Outcome.COMPLETE, drain.report().outcome());
        assertEquals(1, drain.report().openAtStart());
        assertEquals(1L, Drained.closed(drain.report()));
    }

    /** The kernel counts from the handshake; how long a connection waits to be accepted is our doing. */
    @Test
    void connection_thatWaitedToBeAccepted_isSilentOnlySinceThen() {
        drain.play("silent connect drain 150ms untouched 160ms closing");
    }

    @Test
    void unreadInput_isNoSilence() {
        drain.play("silent connect 200ms unread drain 500ms untouched read 310ms closing");
    }

    @Test
    void silence_unknownToTheKernel_countsFromTheStartOfTheDrain() {
        drain.play("connect 5s drain 150ms untouched 160ms closing");
    }

    @Test
    void input_unknownToTheKernel_endsTheSilence() {
        drain.play("connect drain 150ms in:3 out:3 150ms untouched 160ms closing");
    }

    @Test
    void processStopped_isNoSilence() {
        drain.play("used connect 500ms drain 50ms silent stopped:500 untouched 180ms untouched 120ms closing");
    }

    @Test
    void processStopped_unknownToTheKernel_isNoSilence() {
        drain.play("connect drain 50ms stopped:500 untouched 180ms untouched 120ms closing");
    }

    // ---- exchanges -------------------------------------------------------------------------------------------------

    @Test
    void busyConnection_exchangeEnds_isClosedAfterItsSilence() {
        drain.play("silent connect busy drain 500ms phase:FINISHING untouched done 110ms closing");
    }

    @Test
    void exchangeOfAStream_keepsItsConnectionBusy() {
        drain.play("silent connect");
        EmbeddedChannel stream = stream(new ChannelInboundHandlerAdapter());
        GracefulCloseHandler.exchangeStarted(stream);
        assertEquals(1, server.registry.counts().of(LoopCounters.Count.IN_EXCHANGE));
        drain.play("drain 500ms untouched");
        GracefulCloseHandler.exchangeEnded(stream);
        drain.play("110ms closing");
        stream.close();
    }

    @Test
    void streamWithAHandlerOfItsOwn_isNoConnection() {
        drain.play("connect");
        EmbeddedChannel stream = stream(
                new GracefulCloseHandler(new ManagedConnection(GracefulCloseConfig.defaults(), server.registry)));
        assertEquals(1, server.registry.counts().open());
        stream.close();
        assertEquals(1, server.registry.counts().open());
    }

    // ---- output that waits elsewhere ------------------------------------------------------------------------------

    /** As a handler does that holds output back. */
    @Test
    void writers_stoppedByAHandler_areBusy() {
        drain.play("silent connect 200ms");
        ChannelOutboundBuffer buffer = drain.channel().unsafe().outboundBuffer();
        buffer.setUserDefinedWritability(1, false);
        drain.play("drain 500ms untouched");
        buffer.setUserDefinedWritability(1, true);
        drain.play("110ms closing");
    }

    // ---- connections to other servers ------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(
            strings = {
                "silent client connect busy 200ms drain 500ms at:1 untouched at:2 done 110ms closing at:1 110ms closing",
                "silent client connect longlived 200ms drain 500ms at:1 untouched 600ms closing",
                "silent client connect busy 200ms drain 990ms at:1 untouched 20ms closing",
                "silent connect client client 200ms drain 10ms at:1 closing at:2 110ms closing at:3 closing",
                "silent client 200ms drain 10ms closing"
            })
    void client_leavesAfterTheServersConnections(String script) {
        drain.play(script);
    }

    // ---- classes and spread ----------------------------------------------------------------------------------------

    @Test
    void idleOnes_spread_areClosedEvenly() {
        drain.play("silent connect:9 200ms");
        long start = server.millis();
        drain.drain(policy -> policy.closeSpread(Duration.ofMillis(1000)));
        List<Long> closed = new ArrayList<>();
        for (int i = 0; i < 1100; i++) {
            server.pass(1);
            long gone = server.channels.stream()
                    .filter(c -> c.log().contains("FIN"))
                    .count();
            while (closed.size() < gone) {
                closed.add(server.millis() - start);
            }
        }
        // each is alone on its event loop: the middle of the span
        assertEquals(9, closed.size());
        assertEquals(500, closed.get(0), 10);
    }

    @Test
    void longLived_isToldEarly_butClosedAtItsOwnTime() {
        drain.play("silent connect longlived drain 10ms told:1 1480ms untouched 30ms closing");
    }

    private EmbeddedChannel stream(ChannelHandler handler) {
        return new EmbeddedChannel(drain.channel(), DefaultChannelId.newInstance(), true, false, handler);
    }
}
