package dev.lastbyte.internal.listener;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.internal.SocketTable;
import dev.lastbyte.internal.SystemView;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalServerChannel;
import java.util.OptionalLong;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Listeners without a socket, and what a report says. */
@Timeout(60)
class ListenerStopTest {
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

    @AfterEach
    void endTimer() {
        timer.shutdownNow();
    }

    @Test
    void localListener_isClosed() throws Exception {
        EventLoopGroup group = Transports.newLocalGroup();
        try {
            Channel listener = new ServerBootstrap()
                    .group(group)
                    .channel(LocalServerChannel.class)
                    .childHandler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {}
                    })
                    .bind(new LocalAddress("listener-stop"))
                    .syncUninterruptibly()
                    .channel();
            ListenerStop.Result report = stop(listener);
            assertFalse(listener.isOpen());
            assertEquals(new LocalAddress("listener-stop"), report.localAddress());
            assertEquals("LocalServerChannel", report.transport());
            assertEquals(OptionalLong.empty(), report.unaccepted());
            assertFalse(report.filtered());
            assertNull(report.failure());
        } finally {
            group.shutdownGracefully(0, 10, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void channelWithoutRegistration_isClosed() throws Exception {
        EmbeddedChannel channel = new EmbeddedChannel(false, false);
        ListenerStop.Result report = stop(channel);
        assertFalse(channel.isOpen());
        assertNull(report.localAddress());
        assertNull(report.failure());
    }

    @Test
    void closedListener_isReportedAsSuch() throws Exception {
        EmbeddedChannel channel = new EmbeddedChannel();
        channel.close();
        ListenerStop.Result report = stop(channel);
        assertTrue(report.closedBefore());
    }

    private ListenerStop.Result stop(Channel listener) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        return ListenerStop.start(
                        listener,
                        deadline,
                        SystemView.REAL,
                        timer,
                        new HandshakeLooks(SystemView.REAL, SocketTable.SYSTEM))
                .toCompletableFuture()
                .get(30, TimeUnit.SECONDS);
    }
}
