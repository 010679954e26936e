package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.FrozenSystem;
import dev.lastbyte.testing.LogRecorder;
import dev.lastbyte.testing.NoWarnings;
import dev.lastbyte.testing.TestTls;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPromise;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.traffic.ChannelTrafficShapingHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A handler that something was put in front of with addFirst: it moves to the front by itself, and nobody else notices. */
@ExtendWith(NoWarnings.class)
class OvertakenHandlerTest {
    private static final String NAME = "graceful";

    private final FrozenSystem system = new FrozenSystem();
    private final List<CloseReport> reports = new ArrayList<>();
    private final GracefulCloseConfig config = GracefulCloseConfig.builder()
            .closeListener((channel, report) -> reports.add(report))
            .build();
    private final Watching watching = new Watching(config);
    private final GracefulCloseHandler handler = new GracefulCloseHandler(watching, system);
    private final Front front = new Front();
    private EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel();

    /** What the manager would hear. */
    private static final class Watching implements Connection {
        private final GracefulCloseConfig config;
        private final List<String> heard = new ArrayList<>();
        private int closed;

        Watching(GracefulCloseConfig config) {
            this.config = config;
        }

        @Override
        public GracefulCloseConfig config() {
            return config;
        }

        @Override
        public void exchanges(int open) {
            heard.add("exchanges " + open);
        }

        @Override
        public void closed(CloseReport report) {
            closed++;
        }

        @Override
        public void released() {
            heard.add("released");
        }
    }

    /** Notes the closes that travel through it. */
    private static final class Front extends ChannelDuplexHandler {
        private int closes;

        @Override
        public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
            closes++;
            ctx.close(promise);
        }
    }

    private void open(Consumer<Channel> pipeline) {
        channel = new EmbeddedDuplexChannel(new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel child) {
                pipeline.accept(child);
            }
        });
    }

    private void openOvertaken(ChannelHandler... overtakers) {
        open(child -> {
            child.pipeline().addFirst(NAME, handler);
            child.pipeline().addFirst(overtakers);
        });
    }

    private void openThenOvertake(ChannelHandler... overtakers) {
        open(child -> child.pipeline().addFirst(NAME, handler));
        channel.pipeline().addFirst(overtakers);
        assertSame(handler, channel.pipeline().get(NAME));
    }

    private void assertAtFront() {
        channel.checkException();
        assertEquals(NAME, channel.pipeline().names().get(0));
        assertNotSame(handler, channel.pipeline().first());
        assertEquals(
                1,
                channel.pipeline().toMap().values().stream()
                        .filter(GracefulCloseHandler.class::isInstance)
                        .count());
        assertEquals(List.of(), reports);
        assertFalse(watching.heard.contains("released"));
    }

    @AfterEach
    void oneReport() {
        channel.pipeline().close();
        channel.runPendingTasks();
        channel.peerFin();
        assertFalse(channel.isOpen());
        assertEquals(1, reports.size(), reports::toString);
        assertEquals(1, watching.closed);
        channel.finishAndReleaseAll();
    }

    @Test
    void overtakenBeforeTheChannelIsActive_movesThen() {
        openOvertaken(front);
        assertAtFront();
        channel.pipeline().close();
        assertEquals(1, front.closes);
    }

    @Test
    void overtakenBySeveral_passesThemAllInTheirOrder() {
        Front second = new Front();
        openOvertaken(front, second);
        assertAtFront();
        assertSame(front, channel.pipeline().toMap().values().toArray()[1]);
        assertSame(second, channel.pipeline().toMap().values().toArray()[2]);
    }

    @Test
    void overtakenByTls_movesWhenTheHandshakeIsOver_wellOrNot() {
        for (SslHandshakeCompletionEvent end : List.of(
                SslHandshakeCompletionEvent.SUCCESS, new SslHandshakeCompletionEvent(new IllegalStateException()))) {
            EmbeddedDuplexChannel other = new EmbeddedDuplexChannel(new GracefulCloseHandler());
            other.pipeline().addFirst(new ChannelDuplexHandler());
            other.pipeline().fireUserEventTriggered("some other event");
            assertFalse(other.pipeline().first() instanceof GracefulCloseHandler);
            other.pipeline().fireUserEventTriggered(end);
            assertTrue(other.pipeline().first() instanceof GracefulCloseHandler);
            other.finish();
        }
        openThenOvertake(front);
        channel.pipeline().fireUserEventTriggered(SslHandshakeCompletionEvent.SUCCESS);
        assertAtFront();
    }

    @Test
    void overtakenLater_closeTravelsThroughTheOvertaker_andRunsAtTheFront() {
        openThenOvertake(front);
        channel.pipeline().close();
        assertEquals(1, front.closes);
        assertAtFront();
        assertTrue(GracefulCloseHandler.isClosing(channel));
        channel.peerFin();
        assertEquals(1, front.closes);
        assertEquals(List.of("FIN", "CLOSE"), channel.log());
    }

    @Test
    void overtakenByTls_abort_sendsNothingOfTls() {
        openThenOvertake(TestTls.server().newHandler(channel.alloc()), front);
        GracefulCloseHandler.abort(channel);
        channel.runPendingTasks();
        assertEquals(List.of("SO_LINGER 0", "CLOSE"), channel.log());
        assertEquals(0, channel.taken());
        assertEquals(0, front.closes);
        assertEquals(CloseOutcome.ABORTED, reports.get(0).outcome());
    }

    @Test
    void openExchange_goesOnAfterTheMove() {
        open(child -> child.pipeline().addFirst(NAME, handler));
        GracefulCloseHandler.exchangeStarted(channel);
        channel.pipeline().addFirst(front);
        channel.pipeline().fireUserEventTriggered(SslHandshakeCompletionEvent.SUCCESS);
        assertAtFront();
        channel.peerFin(); // owed an answer, so the channel stays open
        assertTrue(channel.isOpen());
        GracefulCloseHandler.exchangeEnded(channel);
        channel.runPendingTasks();
        assertEquals(List.of("exchanges 1", "exchanges 0"), watching.heard);
        assertFalse(channel.isOpen());
    }

    @Test
    void peersFin_afterTheMove_endsTheChannelAsBefore() {
        openOvertaken(front);
        channel.peerFin();
        assertFalse(channel.isOpen());
        assertEquals(CloseCause.EOF, reports.get(0).cause());
    }

    @Test
    void movedHandler_removedByName_isReleased() {
        openOvertaken(front);
        channel.pipeline().remove(NAME);
        assertTrue(watching.heard.contains("released"));
        channel.pipeline().addFirst(NAME, new GracefulCloseHandler(watching, system)); // it is reported after all
    }

    @Test
    void trafficShaperInFront_keepsItsPlace_forItsOutputIsWaitedFor() {
        ChannelTrafficShapingHandler shaper = new ChannelTrafficShapingHandler(100, 0, 0);
        openOvertaken(shaper, front);
        assertEquals(List.of(shaper), List.of(channel.pipeline().first()));
        assertEquals(1, channel.pipeline().names().indexOf(NAME));
        for (int i = 0; i < 3; i++) {
            channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[100]));
        }
        channel.pipeline().close();
        assertTrue(channel.taken() < 300);
        for (int i = 0; i < 20 && channel.isOpen() && !channel.log().contains("FIN"); i++) {
            channel.pass(500);
        }
        assertEquals(300, channel.taken());
    }

    @Test
    void trafficShaperBehindTls_isPassedWithIt() {
        openOvertaken(TestTls.server().newHandler(channel.alloc()), new ChannelTrafficShapingHandler(0));
        assertAtFront();
    }

    @Test
    void move_isLoggedWithWhomItPasses() {
        LogRecorder log = LogRecorder.quiet(GracefulCloseHandler.class, Level.DEBUG);
        log.start();
        openOvertaken(front);
        List<String> lines = log.stop();
        assertTrue(
                lines.stream()
                        .anyMatch(line ->
                                line.contains("'graceful' moves to the front, past ['OvertakenHandlerTest$Front#0' ("
                                        + Front.class.getName() + ")]")),
                lines::toString);
    }

    @Test
    void nothingInFront_theInstanceStays() {
        open(child -> child.pipeline().addFirst(NAME, handler));
        channel.pipeline().fireUserEventTriggered(SslHandshakeCompletionEvent.SUCCESS);
        assertSame(handler, channel.pipeline().first());
        assertNull(channel.pipeline().get("front"));
    }
}
