package dev.lastbyte.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.lastbyte.internal.LoopTimer;
import dev.lastbyte.internal.TcpInfo;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.FrozenSystem;
import dev.lastbyte.testing.LogRecorder;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipelineException;
import io.netty.channel.DefaultFileRegion;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.util.concurrent.DefaultEventExecutor;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** When a channel is writable under a limit of 1000 bytes, with a kernel that says what the test wants. */
class InFlightLimitTest {
    private static final int ESTABLISHED = 1;
    private static final int LIMIT = 1000;

    private final FrozenSystem system = new FrozenSystem();
    private final InFlightLimit limit = new InFlightLimit(LIMIT, system);
    private final List<Boolean> changes = new ArrayList<>();

    @AfterEach
    void nothingIsWatchedAnyMore() {
        assertEquals(0, LoopTimer.waiting(LoopTimer.Pace.LOOKS));
    }

    @Test
    void belowTheLimit_theKernelIsNotAsked() {
        EmbeddedDuplexChannel channel = open();
        write(channel, 600);
        write(channel, 400);
        assertTrue(channel.isWritable());
        assertEquals(0, system.readings());
        channel.close();
    }

    @Test
    void aboveTheLimit_isUnwritableBeforeTheWriteReturns_andWritableWhenAcknowledged() {
        EmbeddedDuplexChannel channel = open();
        system.kernel(ESTABLISHED, 1001, 0);
        write(channel, 1001);
        assertFalse(channel.isWritable());
        system.kernel(ESTABLISHED, 1001, 1);
        system.pass(channel, 1);
        assertTrue(channel.isWritable());
        assertEquals(List.of(false, true), changes);
        channel.close();
    }

    @Test
    void acknowledgedMeanwhile_isNotLimited() {
        EmbeddedDuplexChannel channel = open();
        write(channel, 600);
        system.kernel(ESTABLISHED, 600, 600);
        write(channel, 600);
        assertTrue(channel.isWritable());
        assertEquals(1, system.readings());
        system.kernel(ESTABLISHED, 1200, 600);
        write(channel, 300);
        assertEquals(1, system.readings(), "600 and Netty's own 96 were unacknowledged, 300 more are within the limit");
        system.kernel(ESTABLISHED, 1500, 600);
        write(channel, 100);
        assertFalse(channel.isWritable());
        channel.close();
    }

    /** Netty's own count has nothing for them. */
    @Test
    void fileThatTheKernelHasNotTaken_counts() {
        EmbeddedDuplexChannel channel = open();
        channel.room(0);
        system.kernel(ESTABLISHED, 0, 0);
        channel.writeAndFlush(new DefaultFileRegion(new File("any"), 0, 1001));
        assertFalse(channel.isWritable());
        channel.close();
    }

    @Test
    void bytesThatTheKernelHasNotTaken_count() {
        EmbeddedDuplexChannel channel = open();
        channel.room(0);
        system.kernel(ESTABLISHED, 0, 0);
        write(channel, 1001);
        assertFalse(channel.isWritable());
        channel.room(1001);
        system.kernel(ESTABLISHED, 1001, 1001);
        system.pass(channel, 50);
        assertTrue(channel.isWritable());
        channel.close();
    }

    @Test
    void watermark_worksBesideTheLimit() {
        EmbeddedDuplexChannel channel = open();
        channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(100, 200));
        channel.room(0);
        write(channel, 300);
        assertFalse(channel.isWritable(), "by the watermark alone");
        system.kernel(ESTABLISHED, 0, 0);
        write(channel, 800);
        channel.room(1100);
        system.kernel(ESTABLISHED, 1100, 0);
        system.pass(channel, 2);
        assertFalse(channel.isWritable(), "by the limit alone");
        system.kernel(ESTABLISHED, 1100, 1100);
        system.pass(channel, 50);
        assertTrue(channel.isWritable());
        channel.close();
    }

    @Test
    void reset_liftsTheLimit() {
        EmbeddedDuplexChannel channel = limited();
        system.kernel(TcpInfo.CLOSE, 1001, 0);
        system.pass(channel, 50);
        assertTrue(channel.isWritable());
        channel.close();
    }

    @Test
    void removedHandler_liftsTheLimit() {
        EmbeddedDuplexChannel channel = limited();
        channel.pipeline().remove(limit);
        assertTrue(channel.isWritable());
        system.pass(channel, 50);
        channel.close();
    }

    @Test
    void closedChannel_isNotWatched() {
        EmbeddedDuplexChannel channel = limited();
        channel.close();
        system.pass(channel, 50);
    }

    @Test
    void kernelThatCannotBeAsked_limitsNothingAndSaysSoOnce() {
        Logger logger = (Logger) LoggerFactory.getLogger("dev.lastbyte");
        Level before = logger.getLevel();
        logger.setLevel(Level.DEBUG);
        LogRecorder log = new LogRecorder("dev.lastbyte", Level.DEBUG);
        log.start();
        EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel(limit);
        write(channel, 5000);
        write(channel, 5000);
        assertTrue(channel.isWritable());
        List<String> said = log.stop();
        logger.setLevel(before);
        assertEquals(
                1,
                said.stream()
                        .filter(line -> line.contains("limitInFlight does nothing"))
                        .count(),
                said::toString);
        channel.close();
    }

    @Test
    @SuppressWarnings("deprecation") // what is deprecated is what must be refused
    void ownExecutor_isRefused() {
        DefaultEventExecutor executor = new DefaultEventExecutor();
        EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel();
        channel.pipeline().addLast(executor, limit);
        executor.shutdownGracefully(0, 10, TimeUnit.SECONDS).syncUninterruptibly();
        channel.runPendingTasks();
        assertInstanceOf(ChannelPipelineException.class, assertThrows(Exception.class, channel::checkException));
        channel.close();
    }

    @Test
    void limitOutOfRange_isRefused() {
        IllegalArgumentException wrong = assertThrows(IllegalArgumentException.class, () -> SendQueue.limitInFlight(0));
        assertEquals("bytes: 0 (expected: >= 1)", wrong.getMessage());
    }

    private EmbeddedDuplexChannel limited() {
        EmbeddedDuplexChannel channel = open();
        system.kernel(ESTABLISHED, 1001, 0);
        write(channel, 1001);
        assertFalse(channel.isWritable());
        return channel;
    }

    private EmbeddedDuplexChannel open() {
        system.kernel(ESTABLISHED, 0, 0);
        return new EmbeddedDuplexChannel(limit, new ChannelInboundHandlerAdapter() {
            @Override
            public void channelWritabilityChanged(ChannelHandlerContext ctx) {
                changes.add(ctx.channel().isWritable());
            }
        });
    }

    private static void write(EmbeddedDuplexChannel channel, int bytes) {
        channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[bytes]));
        channel.runPendingTasks();
    }
}
