package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.pool.AbstractChannelPoolHandler;
import io.netty.channel.pool.SimpleChannelPool;
import io.netty.channel.socket.DuplexChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Netty's channel pools on channels that close gracefully, and so stay active while they close. */
@RealSockets
class ChannelPoolIT {
    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#graceful")
    void pool_channelThatIsClosing_isNotHandedOut(Transports transport) throws Exception {
        try (TestServer server = TestServer.on(transport).start()) {
            EventLoop loop = server.group().next();
            SimpleChannelPool pool = pool(transport, server, loop);
            Channel first = acquire(pool);
            Channel peer = server.accepted();
            peer.config().setAutoRead(false); // does not see the FIN, so the client's close goes on
            pool.release(first).sync();
            assertSame(first, acquire(pool));
            // one task, so that nothing ends the close in between
            loop.submit(() -> {
                        pool.release(first);
                        first.close();
                        assertTrue(first.isActive());
                    })
                    .sync();
            Channel second = acquire(pool);
            assertNotSame(first, second);
            peer.config().setAutoRead(true);
            close(first, second, server.accepted(), peer);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    void pool_peerHasEndedItsSide_isNotHandedOut(Transports transport) throws Exception {
        try (TestServer server = TestServer.on(transport).start()) {
            SimpleChannelPool pool = pool(transport, server, server.group().next());
            Channel first = acquire(pool);
            Channel peer = server.accepted();
            GracefulCloseHandler.exchangeStarted(first); // so that it outlives the peer's FIN
            peer.close();
            Eventually.await("the FIN", () -> isInputShutdown(first));
            pool.release(first).sync();
            Channel second = acquire(pool);
            assertNotSame(first, second);
            close(first, second, server.accepted(), peer);
        }
    }

    private static SimpleChannelPool pool(Transports transport, TestServer server, EventLoop loop) {
        Bootstrap bootstrap =
                new Bootstrap().group(loop).channel(transport.clientChannel()).remoteAddress(server.address());
        return new SimpleChannelPool(
                bootstrap,
                new AbstractChannelPoolHandler() {
                    @Override
                    public void channelCreated(Channel channel) {
                        channel.pipeline().addFirst(new GracefulCloseHandler());
                    }
                },
                GracefulCloseHandler.healthChecker());
    }

    private static Channel acquire(SimpleChannelPool pool) throws Exception {
        return pool.acquire().get(TestServer.PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    private static boolean isInputShutdown(Channel channel) {
        return ((DuplexChannel) channel).isInputShutdown();
    }

    private static void close(Channel... channels) {
        List<Channel> open = new ArrayList<>();
        for (Channel channel : channels) {
            channel.close();
            if (!channel.closeFuture().awaitUninterruptibly(TestServer.PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                open.add(channel);
            }
        }
        assertEquals(List.of(), open);
    }
}
