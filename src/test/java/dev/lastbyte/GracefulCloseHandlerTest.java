package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.FrozenSystem;
import dev.lastbyte.testing.Listening;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultEventExecutor;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What the handler does with promises, repeated closes, late writes, removal and re-entrancy. */
class GracefulCloseHandlerTest {
    private final FrozenSystem system = new FrozenSystem();

    private EmbeddedDuplexChannel open(ChannelDuplexHandler... behind) {
        EmbeddedDuplexChannel channel =
                new EmbeddedDuplexChannel(new GracefulCloseHandler(GracefulCloseConfig.defaults(), system));
        channel.pipeline().addLast(behind);
        return channel;
    }

    @Test
    void secondClose_joinsTheFirst() {
        EmbeddedDuplexChannel channel = open();
        ChannelFuture first = channel.pipeline().close();
        ChannelFuture second = channel.pipeline().close();
        ChannelFuture third = channel.pipeline().disconnect();
        channel.runPendingTasks();
        assertFalse(first.isDone() || second.isDone() || third.isDone());
        channel.peerFin();
        assertTrue(first.isSuccess() && second.isSuccess() && third.isSuccess());
        assertEquals(List.of("FIN", "CLOSE"), channel.log());
    }

    @Test
    void closeAfterTheEnd_completesAtOnce() {
        EmbeddedDuplexChannel channel = open();
        channel.pipeline().close();
        channel.peerFin();
        assertTrue(channel.pipeline().close().isSuccess());
    }

    /** As a bootstrap has it before it registers the channel. */
    @Test
    void callsBeforeTheRegistration_doNotThrow() {
        NioSocketChannel channel = new NioSocketChannel();
        channel.pipeline().addFirst(new GracefulCloseHandler());
        GracefulCloseHandler.exchangeStarted(channel);
        GracefulCloseHandler.exchangeEnded(channel);
        GracefulCloseHandler.longLived(channel);
        GracefulCloseHandler.longLivedEnded(channel);
        assertFalse(GracefulCloseHandler.isClosing(channel));
        assertTrue(GracefulCloseHandler.closeNow(channel).isDone());
        assertFalse(channel.isOpen());
        NioSocketChannel plain = new NioSocketChannel();
        assertTrue(GracefulCloseHandler.closeNow(plain).isDone());
        assertTrue(GracefulCloseHandler.abort(new NioSocketChannel()).isDone());
    }

    @Test
    void voidPromise_isTaken() {
        EmbeddedDuplexChannel channel = open();
        GracefulCloseHandler handler = channel.pipeline().get(GracefulCloseHandler.class);
        handler.close(channel.pipeline().context(handler), channel.voidPromise());
        channel.peerFin();
        assertFalse(channel.isOpen());
    }

    @Test
    void unflushedWrite_isSent() {
        EmbeddedDuplexChannel channel = open();
        ChannelFuture write = channel.write(Unpooled.wrappedBuffer(new byte[50]));
        channel.pipeline().close();
        channel.runPendingTasks();
        assertTrue(write.isSuccess());
        assertEquals(50, channel.taken());
        channel.peerFin();
    }

    @Test
    void lateWrite_failsAndIsReleased() {
        EmbeddedDuplexChannel channel = open();
        channel.pipeline().close();
        ByteBuf late = Unpooled.buffer().writeInt(1);
        ChannelFuture write = channel.writeAndFlush(late);
        channel.runPendingTasks();
        ClosedChannelException failure = assertInstanceOf(ClosedChannelException.class, write.cause());
        assertTrue(failure.getMessage().contains("close() was called"), failure.getMessage());
        assertEquals(0, late.refCnt());
        channel.peerFin();
    }

    @Test
    void inputAfterClose_neverReachesTheApplication() {
        List<Object> reads = new ArrayList<>();
        EmbeddedDuplexChannel channel = open(new ChannelDuplexHandler() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                reads.add(message);
            }

            @Override
            public void channelReadComplete(ChannelHandlerContext ctx) {
                reads.add("complete");
            }
        });
        channel.pipeline().close();
        channel.runPendingTasks();
        channel.peerSends(100);
        channel.peerFin();
        assertEquals(List.of(), reads);
    }

    @Test
    void start_isAnnouncedOnce() {
        List<Object> events = new ArrayList<>();
        EmbeddedDuplexChannel channel = open(new Listening() {
            @Override
            public void closeStarted(ChannelHandlerContext ctx) {
                events.add("closeStarted");
                assertTrue(GracefulCloseHandler.isClosing(ctx.channel()));
                ctx.close(); // re-enters
            }

            @Override
            public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                events.add(event);
            }
        });
        assertFalse(GracefulCloseHandler.isClosing(channel));
        channel.pipeline().close();
        channel.peerFin();
        assertEquals(List.of("closeStarted"), events);
    }

    @Test
    void forcedWhileStarting_endsOnce() {
        EmbeddedDuplexChannel channel = open(new Listening() {
            @Override
            public void closeStarted(ChannelHandlerContext ctx) {
                ctx.pipeline().remove(GracefulCloseHandler.class);
            }
        });
        ChannelFuture close = channel.pipeline().close();
        channel.runPendingTasks();
        assertTrue(close.isSuccess());
        assertEquals(
                CloseCause.HANDLER_REMOVED,
                GracefulCloseHandler.report(channel).getNow().cause());
        assertEquals(List.of("CLOSE"), channel.log(), "nothing was queued: no reset");
    }

    @Test
    void forcedWhileStarting_outputIsQueued_resets() {
        EmbeddedDuplexChannel channel = open(new Listening() {
            @Override
            public void closeStarted(ChannelHandlerContext ctx) {
                ctx.pipeline().remove(GracefulCloseHandler.class);
            }
        });
        channel.write(Unpooled.wrappedBuffer(new byte[50]));
        channel.pipeline().close();
        channel.runPendingTasks();
        CloseReport report = GracefulCloseHandler.report(channel).getNow();
        assertEquals(CloseOutcome.ABORTED, report.outcome());
        assertEquals(50, report.unsentBytes());
        assertEquals(List.of("SO_LINGER 0", "CLOSE"), channel.log());
    }

    @Test
    void handlerRemovedWhileDiscarding_closesTheChannel() {
        EmbeddedDuplexChannel channel = open();
        ChannelFuture close = channel.pipeline().close();
        channel.runPendingTasks();
        assertTrue(channel.isOpen());
        channel.pipeline().remove(GracefulCloseHandler.class);
        channel.runPendingTasks();
        assertTrue(close.isSuccess());
    }

    @Test
    void listenerThatThrows_changesNothing() {
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .closeListener((channel, report) -> {
                    throw new IllegalStateException("expected by the test");
                })
                .build();
        EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel(new GracefulCloseHandler(config, system));
        ChannelFuture close = channel.pipeline().close();
        channel.peerFin();
        assertTrue(close.isSuccess());
        channel.checkException();
    }

    /** Before its pipeline has heard of it, and after. */
    @Test
    void handlerAddedToAClosedChannel_reportsOnce() {
        List<CloseCause> told = new ArrayList<>();
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .closeListener((channel, report) -> told.add(report.cause()))
                .build();
        EmbeddedDuplexChannel early = new EmbeddedDuplexChannel();
        early.closeFuture().addListener(closed -> early.pipeline().addFirst(new GracefulCloseHandler(config, system)));
        early.pipeline().close();
        early.runPendingTasks();
        assertEquals(List.of(CloseCause.TRANSPORT), told);
        EmbeddedDuplexChannel late = new EmbeddedDuplexChannel();
        late.pipeline().close();
        late.runPendingTasks();
        late.pipeline().addFirst(new GracefulCloseHandler(config, system));
        late.runPendingTasks();
        assertEquals(List.of(CloseCause.TRANSPORT, CloseCause.TRANSPORT), told);
    }

    @Test
    void report_cannotBeCancelled() {
        EmbeddedDuplexChannel channel = open();
        assertFalse(GracefulCloseHandler.report(channel).cancel(true));
        channel.pipeline().close();
        channel.peerFin();
        assertTrue(GracefulCloseHandler.report(channel).isSuccess());
    }

    @Test
    void report_isTheSameEveryTime() {
        EmbeddedDuplexChannel channel = open();
        var before = GracefulCloseHandler.report(channel);
        assertSame(before, GracefulCloseHandler.report(channel));
        channel.pipeline().close();
        channel.peerFin();
        assertSame(before, GracefulCloseHandler.report(channel));
        assertEquals(CloseCause.EOF, before.getNow().cause());
    }

    @Test
    void reportWithoutHandler_failsWithAdvice() {
        EmbeddedChannel channel = new EmbeddedChannel();
        String message = GracefulCloseHandler.report(channel).cause().getMessage();
        assertTrue(message.contains("no GracefulCloseHandler"), message);
        assertTrue(message.contains("add it first"), message);
        channel.finish();
    }

    @Test
    void channelWithoutHalfClose_isFlushedAndClosed_andSaysSo() {
        EmbeddedChannel channel = new EmbeddedChannel(new GracefulCloseHandler(GracefulCloseConfig.defaults(), system));
        var report = GracefulCloseHandler.report(channel);
        channel.write(Unpooled.wrappedBuffer(new byte[5]));
        channel.pipeline().close();
        channel.runPendingTasks();
        assertEquals(CloseCause.HALF_CLOSE_UNSUPPORTED, report.getNow().cause());
        assertEquals(CloseOutcome.UNCONFIRMED, report.getNow().outcome());
        assertEquals(5, ((ByteBuf) channel.readOutbound()).skipBytes(5).readerIndex());
    }

    @Test
    void idleHandler_overridesNoReadOrWriteCallback() {
        for (var method : GracefulCloseHandler.class.getDeclaredMethods()) {
            assertFalse(
                    List.of("channelRead", "channelReadComplete", "channelWritabilityChanged", "read", "write", "flush")
                            .contains(method.getName()),
                    method.toString());
        }
    }

    @Test
    void secondHandler_isRefused() {
        EmbeddedDuplexChannel channel = open();
        String message = refusal(channel, new GracefulCloseHandler());
        assertTrue(message.contains("already, as 'GracefulCloseHandler#0': add it once"), message);
        assertNull(channel.pipeline().get("second"));
    }

    @Test
    @SuppressWarnings("deprecation") // the way to give a handler an executor, deprecated in 4.2
    void executorOfItsOwn_isRefused() throws Exception {
        EmbeddedChannel channel = new EmbeddedChannel();
        CompletableFuture<Throwable> refusal = new CompletableFuture<>();
        DefaultEventExecutor own = new DefaultEventExecutor();
        channel.pipeline().addLast(new ChannelDuplexHandler() {
            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                refusal.complete(cause);
            }
        });
        channel.pipeline().addFirst(own, "own", new GracefulCloseHandler());
        Throwable cause = refusal.get(30, TimeUnit.SECONDS);
        String message = String.valueOf(
                cause.getCause() == null ? cause.getMessage() : cause.getCause().getMessage());
        assertTrue(message.contains("with an executor of its own"), message);
        own.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
        channel.finish();
    }

    @Test
    void closeTravelsThroughWhatWasPutInFront_once() {
        List<String> seen = new ArrayList<>();
        EmbeddedDuplexChannel channel = open();
        channel.pipeline().addFirst(new ChannelDuplexHandler() {
            @Override
            public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
                seen.add("close");
                ctx.close(promise);
            }
        });
        channel.pipeline().close();
        assertEquals(List.of("close"), seen);
        channel.peerFin();
        assertEquals(List.of("close"), seen);
        assertFalse(channel.isOpen());
    }

    private static String refusal(EmbeddedChannel channel, GracefulCloseHandler handler) {
        channel.pipeline().addLast("second", handler);
        try {
            channel.checkException();
        } catch (RuntimeException e) {
            return String.valueOf(
                    e.getCause() == null ? e.getMessage() : e.getCause().getMessage());
        }
        return "not refused";
    }
}
