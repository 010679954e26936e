package dev.lastbyte.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.FrozenHandlers;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.internal.LoopTimer;
import dev.lastbyte.internal.TcpInfo;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.FrozenSystem;
import dev.lastbyte.testing.NoWarnings;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.PendingWriteQueue;
import io.netty.handler.codec.LengthFieldPrepender;
import io.netty.handler.codec.protobuf.ProtobufVarint32LengthFieldPrepender;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Who waits for which byte, when the kernel is asked, and how each wait ends; with a kernel that says what the test wants. */
@ExtendWith(NoWarnings.class)
class AcknowledgementsTest {
    private static final int ESTABLISHED = 1;

    private final FrozenSystem system = new FrozenSystem();

    @AfterEach
    void nothingIsWatchedAnyMore() {
        assertEquals(0, LoopTimer.waiting(LoopTimer.Pace.LOOKS));
    }

    @Test
    void acknowledgedAlready_completesAtOnceAndWatchesNothing() {
        EmbeddedDuplexChannel channel = open(100, 100);
        assertTrue(acknowledged(channel).isSuccess());
        assertEquals(0, LoopTimer.waiting(LoopTimer.Pace.LOOKS));
        channel.close();
    }

    @Test
    void acknowledgedLater_completesThen_andNothingIsAskedAfterwards() {
        EmbeddedDuplexChannel channel = open(100, 40);
        ChannelFuture future = acknowledged(channel);
        system.pass(channel, 20);
        assertFalse(future.isDone());
        system.kernel(ESTABLISHED, 100, 100);
        system.pass(channel, 50);
        assertTrue(future.isSuccess());
        int readings = system.readings();
        system.pass(channel, 200);
        assertEquals(readings, system.readings());
        channel.close();
    }

    @Test
    void silentKernel_isAskedEverMoreRarely() {
        EmbeddedDuplexChannel channel = open(100, 40);
        ChannelFuture future = acknowledged(channel);
        int before = system.readings();
        system.pass(channel, 1063); // 1 + 2 + 4 + 8 + 16 + 32, then each 50 ms
        assertEquals(6 + 20, system.readings() - before);
        channel.close();
        assertFalse(future.isSuccess());
    }

    @Test
    void manyWaits_areAskedForTogether_andEndInTheOrderOfTheStream() {
        EmbeddedDuplexChannel channel = open(100, 0);
        List<ChannelFuture> futures = new ArrayList<>();
        for (int i = 1; i <= 10; i++) {
            system.kernel(ESTABLISHED, 100 * i, 0);
            futures.add(acknowledged(channel));
        }
        int before = system.readings();
        system.kernel(ESTABLISHED, 1000, 399);
        system.pass(channel, 1);
        assertEquals(1, system.readings() - before);
        assertEquals(3, futures.stream().filter(ChannelFuture::isSuccess).count());
        system.kernel(ESTABLISHED, 1000, 1000);
        system.pass(channel, 1);
        assertTrue(futures.stream().allMatch(ChannelFuture::isSuccess));
        channel.close();
    }

    @Test
    void listenerThatWaitsAgain_isNotTakenForTheFirst() {
        EmbeddedDuplexChannel channel = open(100, 0);
        List<ChannelFuture> second = new ArrayList<>();
        ChannelFuture first = acknowledged(channel).addListener(f -> {
            system.kernel(ESTABLISHED, 150, 100);
            second.add(acknowledged(channel));
        });
        system.kernel(ESTABLISHED, 100, 100);
        system.pass(channel, 1);
        assertTrue(first.isSuccess());
        assertFalse(second.get(0).isDone());
        system.kernel(ESTABLISHED, 150, 150);
        system.pass(channel, 1);
        assertTrue(second.get(0).isSuccess());
        channel.close();
    }

    @Test
    void unflushedWrite_isFlushedAndCounts() {
        EmbeddedDuplexChannel channel = open(0, 0);
        channel.write(Unpooled.wrappedBuffer(new byte[10]));
        system.kernel(ESTABLISHED, 10, 10);
        assertTrue(acknowledged(channel).isSuccess());
        assertEquals(10, channel.taken());
        channel.close();
    }

    @Test
    void encoders_makeNoFrameOfTheBarrier() {
        EmbeddedDuplexChannel channel =
                open(0, 0, new LengthFieldPrepender(4), new ProtobufVarint32LengthFieldPrepender());
        channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[5]));
        assertEquals(4 + 1 + 5, channel.taken());
        assertTrue(acknowledged(channel).isSuccess());
        assertTrue(acknowledged(channel).isSuccess());
        assertEquals(4 + 1 + 5, channel.taken());
        channel.close();
    }

    @Test
    void whatHoldsWritesBack_holdsTheBarrierBackToo() {
        PendingWrites held = new PendingWrites();
        EmbeddedDuplexChannel channel = open(0, 0, held, new LengthFieldPrepender(4));
        channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[5]));
        ChannelFuture future = acknowledged(channel);
        assertFalse(future.isDone());
        channel.pipeline().remove(held); // which lets all go
        channel.flush();
        assertTrue(future.isSuccess());
        assertEquals(9, channel.taken());
        channel.close();
    }

    /** Holds what is written until it leaves, as a traffic shaper does. */
    private static final class PendingWrites extends ChannelOutboundHandlerAdapter {
        private PendingWriteQueue queue;

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            queue = new PendingWriteQueue(ctx);
        }

        @Override
        public void handlerRemoved(ChannelHandlerContext ctx) {
            queue.removeAndWriteAll();
        }

        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            queue.add(message, promise);
        }
    }

    @Test
    void bytesThatTheKernelDoesNotTake_areWaitedFor() {
        EmbeddedDuplexChannel channel = open(0, 0);
        channel.room(4);
        channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[10]));
        ChannelFuture future = acknowledged(channel);
        system.kernel(ESTABLISHED, 4, 4);
        system.pass(channel, 100);
        assertFalse(future.isDone());
        channel.room(6);
        system.kernel(ESTABLISHED, 10, 10);
        channel.peerSends(1);
        assertTrue(future.isDone());
        channel.releaseInbound();
        channel.close();
    }

    @Test
    void readThatFindsTheEnd_isPrecededByALook() {
        EmbeddedDuplexChannel channel = open(100, 40);
        ChannelFuture future = acknowledged(channel);
        system.kernel(TcpInfo.CLOSE, 100, 100);
        channel.pipeline().fireChannelReadComplete(); // as the transports do before they close
        assertTrue(future.isSuccess());
        channel.close();
    }

    @Test
    void reset_failsWhatIsNotAcknowledged_andOnlyThat() {
        EmbeddedDuplexChannel channel = open(100, 0);
        ChannelFuture first = acknowledged(channel);
        system.kernel(ESTABLISHED, 200, 0);
        ChannelFuture second = acknowledged(channel);
        system.kernel(TcpInfo.CLOSE, 200, 100);
        system.pass(channel, 2);
        assertTrue(first.isSuccess());
        assertInstanceOf(NotAcknowledgedException.class, second.cause());
        channel.close();
    }

    @Test
    void closedChannel_failsWhatIsLeft() {
        EmbeddedDuplexChannel channel = open(100, 40);
        ChannelFuture future = acknowledged(channel);
        channel.close();
        assertInstanceOf(NotAcknowledgedException.class, future.cause());
        assertTrue(String.valueOf(future.cause().getMessage()).contains("40"), future.cause()::toString);
        system.pass(channel, 50); // the watch finds nobody
    }

    @Test
    void closeByTheUser_looksOnceMore() {
        EmbeddedDuplexChannel channel = open(100, 40);
        ChannelFuture future = acknowledged(channel);
        system.kernel(ESTABLISHED, 100, 100);
        channel.close();
        assertTrue(future.isSuccess());
        system.pass(channel, 50);
    }

    @Test
    void writesNoLongerPossible_failWithTheirOwnCause() {
        EmbeddedDuplexChannel channel = open(100, 100);
        channel.close();
        ChannelFuture future = acknowledged(channel);
        assertInstanceOf(IOException.class, future.cause());
    }

    @Test
    void transportThatCannotTell_isRefused() {
        EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel();
        assertInstanceOf(
                UnsupportedOperationException.class, acknowledged(channel).cause());
        assertNull(Acknowledgements.of(channel));
        channel.close();
    }

    @Test
    void kernelThatDoesNotCount_isRefused() {
        EmbeddedDuplexChannel channel = open(0, 50);
        assertInstanceOf(
                UnsupportedOperationException.class, acknowledged(channel).cause());
        channel.close();
    }

    @Test
    void cancelledWait_harmsNobody() {
        EmbeddedDuplexChannel channel = open(100, 40);
        ChannelFuture cancelled = acknowledged(channel);
        ChannelFuture other = acknowledged(channel);
        assertTrue(cancelled.cancel(false));
        system.kernel(ESTABLISHED, 100, 100);
        system.pass(channel, 2);
        assertTrue(other.isSuccess());
        channel.close();
    }

    @Test
    void gracefulClose_decidesWhatWasAskedBefore() {
        for (boolean arrives : new boolean[] {true, false}) {
            EmbeddedDuplexChannel channel = open(100, 40, FrozenHandlers.on(system, config()));
            ChannelFuture future = acknowledged(channel);
            channel.pipeline().close();
            channel.runPendingTasks();
            assertFalse(future.isDone());
            system.kernel(arrives ? TcpInfo.FIN_WAIT2 : TcpInfo.CLOSE, 100, arrives ? 101 : 60);
            int readings = system.readings();
            channel.peerFin(); // the sequence asks the kernel and closes
            assertTrue(system.readings() > readings);
            assertTrue(future.isDone());
            assertEquals(arrives, future.isSuccess());
            assertFalse(channel.isOpen());
            system.pass(channel, 50);
        }
    }

    @Test
    void listenerThatRemovesTheHandler_duringAGracefulClose_endsItInOrder() {
        GracefulCloseHandler graceful = FrozenHandlers.on(system, config());
        EmbeddedDuplexChannel channel = open(100, 40, graceful);
        ChannelFuture future =
                acknowledged(channel).addListener(f -> channel.pipeline().remove(GracefulCloseHandler.class));
        channel.pipeline().close();
        system.kernel(TcpInfo.FIN_WAIT2, 100, 101);
        system.pass(channel, 500);
        assertTrue(future.isSuccess());
        assertFalse(channel.isOpen());
    }

    @Test
    void askedDuringAGracefulClose_isRefusedWithTheWrite() {
        EmbeddedDuplexChannel channel = open(100, 40, FrozenHandlers.on(system, config()));
        channel.pipeline().close();
        assertEquals(
                "ClosedForWritingException",
                acknowledged(channel).cause().getClass().getSimpleName());
        system.kernel(TcpInfo.FIN_WAIT2, 100, 101);
        channel.peerFin();
    }

    @Test
    void place_isBehindTheGracefulCloseHandler_once() {
        GracefulCloseHandler graceful = FrozenHandlers.on(system, config());
        EmbeddedDuplexChannel channel = open(100, 100, graceful);
        acknowledged(channel);
        acknowledged(channel);
        List<String> names = channel.pipeline().names();
        Acknowledgements installed = Acknowledgements.of(channel);
        assertNotNull(installed);
        assertSame(graceful, channel.pipeline().get(names.get(0)));
        assertSame(installed, channel.pipeline().get(names.get(1)));
        assertEquals(4, names.size(), names::toString); // with the end of the barrier, and the tail
        GracefulCloseHandler.closeNow(channel);
        channel.runPendingTasks();
    }

    private static GracefulCloseConfig config() {
        return GracefulCloseConfig.defaults();
    }

    private EmbeddedDuplexChannel open(long written, long acked, ChannelHandler... handlers) {
        EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel(handlers);
        system.kernel(ESTABLISHED, written, acked);
        return channel;
    }

    private ChannelFuture acknowledged(EmbeddedDuplexChannel channel) {
        ChannelFuture future = SendQueue.acknowledged(channel, system);
        channel.runPendingTasks();
        return future;
    }
}
