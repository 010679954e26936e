package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.internal.TcpInfo;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.FrozenSystem;
import dev.lastbyte.testing.NoWarnings;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A peer that ends its side first: what still reaches it, and when the connection ends. */
@ExtendWith(NoWarnings.class)
class PeerHalfCloseScenarioTest {
    private final FrozenSystem system = new FrozenSystem();
    private final List<String> seen = new ArrayList<>();
    private EmbeddedDuplexChannel channel;

    private void open(GracefulCloseConfig config) {
        channel =
                new EmbeddedDuplexChannel(new GracefulCloseHandler(config, system), new ChannelInboundHandlerAdapter() {
                    @Override
                    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                        if (event == ChannelInputShutdownEvent.INSTANCE) {
                            seen.add("fin");
                        }
                    }

                    @Override
                    public void channelInactive(ChannelHandlerContext ctx) {
                        seen.add("inactive");
                    }
                });
    }

    private ChannelFuture answer(int bytes) {
        return channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[bytes]));
    }

    @AfterEach
    void noTimerIsLeft() {
        channel.pipeline().close();
        channel.peerFin();
        system.pass(channel, 1);
        assertEquals(-1, channel.runScheduledPendingTasks());
        assertEquals(1, seen.stream().filter("inactive"::equals).count(), "channelInactive comes once");
    }

    @Test
    void nothingPending_endsAtOnce_asNettyUsersExpect() {
        open(GracefulCloseConfig.defaults());
        answer(10);
        channel.peerFin();
        assertFalse(channel.isOpen());
        assertEquals(List.of("inactive"), seen);
    }

    @Test
    void outputPending_isSentBeforeTheEnd() {
        open(GracefulCloseConfig.defaults());
        channel.room(10);
        ChannelFuture written = answer(100);
        channel.peerFin();
        assertTrue(channel.isOpen());
        assertEquals(List.of("fin"), seen);
        channel.room(90);
        channel.runPendingTasks();
        assertTrue(written.isSuccess());
        assertEquals(100, channel.taken());
        assertFalse(channel.isOpen());
        assertEquals("CLOSE", channel.log().get(channel.log().size() - 1));
        assertFalse(channel.log().lastIndexOf("SO_LINGER 0") > channel.log().lastIndexOf("SO_LINGER -1"), "reset");
    }

    @Test
    void openExchange_answersLate() {
        open(GracefulCloseConfig.defaults());
        GracefulCloseHandler.exchangeStarted(channel);
        channel.peerFin();
        system.pass(channel, 10_000);
        assertTrue(channel.isOpen());
        answer(1000);
        GracefulCloseHandler.exchangeEnded(channel);
        channel.runPendingTasks();
        assertEquals(1000, channel.taken());
        assertFalse(channel.isOpen());
    }

    @Test
    void twoExchanges_areBothAwaited() {
        open(GracefulCloseConfig.defaults());
        GracefulCloseHandler.exchangeStarted(channel);
        GracefulCloseHandler.exchangeStarted(channel);
        channel.peerFin();
        GracefulCloseHandler.exchangeEnded(channel);
        channel.runPendingTasks();
        assertTrue(channel.isOpen());
        GracefulCloseHandler.exchangeEnded(channel);
        channel.runPendingTasks();
        assertFalse(channel.isOpen());
    }

    @Test
    void exchangeThatNeverEnds_endsAtTheTimeout() {
        open(GracefulCloseConfig.builder()
                .peerHalfCloseTimeout(Duration.ofSeconds(5))
                .build());
        GracefulCloseHandler.exchangeStarted(channel);
        channel.peerFin();
        system.pass(channel, 4_900);
        assertTrue(channel.isOpen());
        system.pass(channel, 700);
        assertFalse(channel.isOpen());
    }

    @Test
    void processStopped_openExchange_isNotTheApplicationsSilence() {
        open(GracefulCloseConfig.builder()
                .peerHalfCloseTimeout(Duration.ofSeconds(5))
                .build());
        GracefulCloseHandler.exchangeStarted(channel);
        channel.peerFin();
        system.pass(channel, 100);
        system.stop(channel, 60_000, 0);
        system.pass(channel, 4_000);
        assertTrue(channel.isOpen());
        answer(1000);
        GracefulCloseHandler.exchangeEnded(channel);
        channel.runPendingTasks();
        assertEquals(1000, channel.taken());
        assertFalse(channel.isOpen());
    }

    @Test
    void closeSwallowedBehind_isMadeUpForAtTheTimeout() {
        NoWarnings.expect("close\\(\\) has not come through");
        open(GracefulCloseConfig.builder()
                .peerHalfCloseTimeout(Duration.ofSeconds(5))
                .build());
        channel.pipeline().addLast(new ChannelOutboundHandlerAdapter() {
            @Override
            public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
                seen.add("swallowed");
            }
        });
        GracefulCloseHandler.exchangeStarted(channel);
        var report = GracefulCloseHandler.report(channel);
        channel.peerFin();
        system.pass(channel, 5_100);
        assertTrue(channel.isOpen());
        assertEquals(List.of("fin", "swallowed"), seen);
        system.pass(channel, 5_700);
        assertFalse(channel.isOpen());
        assertEquals(CloseCause.EOF, report.getNow().cause());
    }

    /** As a farewell does that waits for its peer. */
    @Test
    void closeHeldBack_comesThroughInItsOwnTime() {
        open(GracefulCloseConfig.builder()
                .peerHalfCloseTimeout(Duration.ofSeconds(5))
                .build());
        List<Runnable> held = new ArrayList<>();
        channel.pipeline().addLast(new ChannelOutboundHandlerAdapter() {
            @Override
            public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
                held.add(() -> ctx.close(promise));
            }
        });
        GracefulCloseHandler.exchangeStarted(channel);
        channel.peerFin();
        GracefulCloseHandler.exchangeEnded(channel);
        system.pass(channel, 4_900);
        assertTrue(channel.isOpen());
        GracefulCloseHandler.exchangeStarted(channel);
        GracefulCloseHandler.exchangeEnded(channel);
        assertEquals(1, held.size());
        held.get(0).run();
        channel.runPendingTasks();
        assertFalse(channel.isOpen());
    }

    @Test
    void grace_waitsForWritesAndEnds() {
        open(GracefulCloseConfig.builder()
                .peerHalfCloseGrace(Duration.ofMillis(100))
                .build());
        channel.peerFin();
        system.pass(channel, 99);
        assertTrue(channel.isOpen());
        answer(7);
        system.pass(channel, 2);
        assertEquals(7, channel.taken());
        assertFalse(channel.isOpen());
    }

    @Test
    void grace_endsEarlyWhenTheApplicationCloses() {
        open(GracefulCloseConfig.builder()
                .peerHalfCloseGrace(Duration.ofSeconds(50))
                .build());
        channel.peerFin();
        answer(7).addListener(f -> channel.pipeline().close());
        channel.runPendingTasks();
        assertFalse(channel.isOpen());
        assertEquals(7, channel.taken());
    }

    @Test
    void resetWithOpenExchange_endsAtOnce() {
        open(GracefulCloseConfig.defaults());
        GracefulCloseHandler.exchangeStarted(channel);
        var report = GracefulCloseHandler.report(channel);
        try {
            channel.peerRst();
            channel.checkException();
        } catch (Exception e) {
            assertEquals("Connection reset", e.getMessage()); // the application hears of it, as ever
        }
        channel.runPendingTasks();
        assertFalse(channel.isOpen());
        assertEquals(CloseOutcome.RESET_BY_PEER, report.getNow().outcome());
    }

    @Test
    void resetAfterTheFin_isSeenByTheKernelOnly_andEnds() {
        system.kernel(TcpInfo.CLOSE_WAIT, 100, 0);
        open(GracefulCloseConfig.defaults());
        GracefulCloseHandler.exchangeStarted(channel);
        var report = GracefulCloseHandler.report(channel);
        channel.peerFin();
        system.pass(channel, 600);
        assertTrue(channel.isOpen());
        system.kernel(TcpInfo.CLOSE, 100, 0);
        system.pass(channel, 600);
        assertFalse(channel.isOpen());
        assertEquals(CloseOutcome.RESET_BY_PEER, report.getNow().outcome());
    }

    @Test
    void orderlyEnd_ofBothSides_isNoReset() {
        system.kernel(1, 100, 100);
        open(GracefulCloseConfig.defaults());
        GracefulCloseHandler.exchangeStarted(channel);
        var report = GracefulCloseHandler.report(channel);
        answer(100);
        channel.shutdownOutput();
        system.kernel(TcpInfo.CLOSE, 100, 101); // as after LAST_ACK: the peer has acknowledged our FIN too
        channel.peerFin();
        system.pass(channel, 2_000);
        assertTrue(channel.isOpen(), "the exchange goes on");
        GracefulCloseHandler.exchangeEnded(channel);
        channel.runPendingTasks();
        assertFalse(channel.isOpen());
        assertEquals(CloseCause.EOF, report.getNow().cause());
    }

    @Test
    void closeNow_isNettysWay() {
        open(GracefulCloseConfig.builder()
                .peerHalfClose(PeerHalfClose.CLOSE_NOW)
                .build());
        channel.room(0);
        ChannelFuture written = answer(100);
        channel.peerFin();
        assertFalse(channel.isOpen());
        assertFalse(written.isSuccess());
        assertEquals(List.of("inactive"), seen);
    }

    @Test
    void halfClosureOfTheUser_isLeftToTheUser() {
        channel = new EmbeddedDuplexChannel();
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        channel.pipeline().addFirst(new GracefulCloseHandler(GracefulCloseConfig.defaults(), system));
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                seen.add("fin");
            }

            @Override
            public void channelInactive(ChannelHandlerContext ctx) {
                seen.add("inactive");
            }
        });
        channel.peerFin();
        assertTrue(channel.isOpen());
        assertEquals(List.of("fin", "fin"), seen); // both events, as Netty gives them
        channel.pipeline().close();
        assertFalse(channel.isOpen());
    }

    @Test
    void handlerRemovedWhileHalfOpen_closesTheChannel() {
        open(GracefulCloseConfig.defaults());
        GracefulCloseHandler.exchangeStarted(channel);
        channel.peerFin();
        assertTrue(channel.isOpen());
        channel.pipeline().remove(GracefulCloseHandler.class);
        channel.runPendingTasks();
        assertFalse(channel.isOpen());
    }
}
