package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.internal.TcpInfo;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.FrozenSystem;
import dev.lastbyte.testing.NoWarnings;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.traffic.ChannelTrafficShapingHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.net.SocketException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Where handlers of the user's meddle with a close: the answer stays whole and the report true. */
class CloseEdgesTest {
    private final FrozenSystem system = new FrozenSystem();
    private final EmbeddedDuplexChannel channel =
            new EmbeddedDuplexChannel(new GracefulCloseHandler(GracefulCloseConfig.defaults(), system));
    private final Future<CloseReport> report = GracefulCloseHandler.report(channel);

    private ChannelFuture write(int bytes) {
        return channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[bytes]));
    }

    private static EmbeddedDuplexChannel told(FrozenSystem system) {
        system.kernel(1, 100, 0);
        return new EmbeddedDuplexChannel(new GracefulCloseHandler(GracefulCloseConfig.defaults(), system));
    }

    @Test
    void lateWriteWithVoidPromise_doesNotEndTheFlush() {
        channel.room(10);
        write(100);
        channel.pipeline().close();
        channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[1]), channel.voidPromise());
        channel.runPendingTasks();
        assertTrue(channel.isOpen());
        channel.room(90);
        channel.peerFin();
        assertEquals(100, channel.taken());
        assertEquals(CloseOutcome.UNCONFIRMED, report.getNow().outcome());
        try {
            channel.checkException();
        } catch (Exception e) {
            assertTrue(
                    e instanceof GracefulCloseHandler.ClosedForWritingException,
                    e.toString()); // the user hears of it, as from Netty
        }
    }

    @Test
    void resetOfAnotherConnection_firedByTheApplication_isNotOurs() {
        channel.room(10);
        write(100);
        channel.pipeline().close();
        channel.pipeline().fireExceptionCaught(new SocketException("Connection reset"));
        channel.runPendingTasks();
        channel.peerFin();
        assertTrue(channel.isOpen());
        channel.room(90);
        channel.runPendingTasks();
        assertEquals(100, channel.taken());
        assertEquals(CloseOutcome.UNCONFIRMED, report.getNow().outcome());
    }

    @Test
    void writeOfAListener_behindTheBarrier_isSentBeforeTheFin() {
        channel.room(120);
        channel.write(Unpooled.wrappedBuffer(new byte[100])).addListener(f -> write(50));
        channel.pipeline().close();
        channel.runPendingTasks();
        assertEquals(120, channel.taken());
        assertFalse(channel.log().contains("FIN AFTER A CUT"), channel.log().toString());
        assertFalse(channel.log().contains("FIN"), "not before the last byte");
        channel.room(30);
        channel.runPendingTasks();
        assertTrue(channel.log().contains("FIN"), channel.log().toString());
        channel.peerFin();
        assertEquals(150, channel.taken());
        assertEquals(0, report.getNow().unsentBytes());
    }

    @Test
    void finOfThePeerBeforeOurAnswer_isNoSignOfItsApplication() {
        EmbeddedDuplexChannel other = told(system);
        system.kernel(TcpInfo.CLOSE_WAIT, 100, 0);
        other.pipeline().close();
        other.runPendingTasks();
        system.kernel(TcpInfo.CLOSE, 100, 101);
        other.peerFin();
        assertEquals(
                CloseOutcome.DELIVERED,
                GracefulCloseHandler.report(other).getNow().outcome());
    }

    @Test
    void writesHeldInFront_closedNow_areResetAndNotEndedWithAFin() {
        channel.pipeline().addFirst("front", new ChannelTrafficShapingHandler(0) {
            @Override
            public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
                ReferenceCountUtil.release(message); // as good as held for ever
            }
        });
        write(100);
        channel.pipeline().close();
        channel.runPendingTasks();
        GracefulCloseHandler.closeNow(channel);
        channel.runPendingTasks();
        assertEquals(CloseOutcome.ABORTED, report.getNow().outcome());
        assertEquals(List.of("SO_LINGER 0", "CLOSE"), channel.log());
    }

    /** It may write at any time: the FIN must not wait for a later task, in which its bytes would be dropped behind a clean end. */
    @Test
    void handlerInFront_leavesNoGapBetweenTheLastByteAndTheFin() {
        channel.pipeline().addFirst("front", new ChannelTrafficShapingHandler(0));
        write(10);
        channel.pipeline().close();
        assertEquals("FIN", channel.log().get(channel.log().size() - 1));
        channel.peerFin();
    }

    @Test
    void withoutAHandlerInFront_theFinGoesOutWithTheTurn() {
        write(10);
        channel.pipeline().close();
        assertFalse(channel.log().contains("FIN"), channel.log().toString());
        channel.runPendingTasks();
        assertTrue(channel.log().contains("FIN"), channel.log().toString());
        channel.peerFin();
    }

    /** It is read first: closing over it would reset the peer. */
    @Test
    void inputThatCameWhileTheLoopStoodStill_keepsThePeerFromBeingQuiet() {
        EmbeddedDuplexChannel other = told(system);
        other.pipeline().close();
        other.runPendingTasks();
        system.kernel(TcpInfo.FIN_WAIT2, 100, 101, 2000); // acknowledged long ago, and nobody has looked
        system.pass(other, 31);
        other.runPendingTasks();
        assertTrue(other.isOpen());
        other.peerSends(100);
        system.pass(other, 200);
        assertTrue(other.isOpen());
        system.pass(other, 100);
        assertEquals(
                CloseCause.QUIET, GracefulCloseHandler.report(other).getNow().cause());
    }

    @Test
    void closeByAHandlerInFront_isNotThePeersEof() {
        EmbeddedDuplexChannel other = told(system);
        ChannelDuplexHandler front = new ChannelDuplexHandler();
        other.pipeline().close();
        other.pipeline().addFirst("front", front);
        system.kernel(TcpInfo.FIN_WAIT2, 100, 101);
        system.pass(other, 40);
        other.pipeline().context("front").close();
        other.runPendingTasks();
        CloseReport result = GracefulCloseHandler.report(other).getNow();
        assertEquals(CloseCause.TRANSPORT, result.cause());
        assertEquals(CloseOutcome.DELIVERED, result.outcome());
    }

    @Test
    void closeSwallowedInFront_isForcedPastAllHandlers() {
        ChannelFuture close = channel.pipeline().close();
        channel.pipeline().addFirst(new ChannelDuplexHandler() {
            @Override
            public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
                // swallows it
            }
        });
        system.pass(channel, 30_000);
        assertTrue(channel.isOpen());
        system.pass(channel, 5_001);
        assertFalse(channel.isOpen());
        assertTrue(close.isSuccess());
        assertEquals(CloseCause.STALLED, report.getNow().cause());
        assertTrue(channel.closeFuture().isDone());
    }

    @Test
    void sequenceThatFails_outputIsQueued_resetsAndCountsIt() {
        NoWarnings.expect("the close sequence failed in FLUSHING");
        channel.write(Unpooled.wrappedBuffer(new byte[77]));
        channel.failQueries(new IllegalStateException("expected by the test"));
        channel.pipeline().close();
        channel.runPendingTasks();
        assertEquals(CloseOutcome.ABORTED, report.getNow().outcome());
        assertEquals(CloseCause.ERROR, report.getNow().cause());
        assertEquals(77, report.getNow().unsentBytes());
        assertEquals(List.of("SO_LINGER 0", "CLOSE"), channel.log());
    }

    @Test
    void closeNow_countsUnflushedBytes() {
        channel.write(Unpooled.wrappedBuffer(new byte[77]));
        GracefulCloseHandler.closeNow(channel);
        channel.runPendingTasks();
        assertEquals(CloseOutcome.ABORTED, report.getNow().outcome());
        assertEquals(77, report.getNow().unsentBytes());
        assertEquals(List.of("SO_LINGER 0", "CLOSE"), channel.log());
    }

    @Test
    void reportAskedBeforeTheHandlerWasThere_isAnsweredLater() {
        EmbeddedDuplexChannel other = new EmbeddedDuplexChannel();
        assertFalse(GracefulCloseHandler.report(other).isSuccess());
        other.pipeline().addFirst(new GracefulCloseHandler(GracefulCloseConfig.defaults(), system));
        other.pipeline().close();
        other.peerFin();
        assertTrue(GracefulCloseHandler.report(other).isSuccess());
    }
}
