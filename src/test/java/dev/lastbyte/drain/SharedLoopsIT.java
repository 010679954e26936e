package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.PeerSocket;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Servers that come and go on event loops that stay, as with a hot reload. */
@RealSockets
class SharedLoopsIT {
    private static final int SERVERS = 20;

    @ParameterizedTest
    @EnumSource(
            value = Transports.class,
            names = {"NIO", "EPOLL", "IO_URING"})
    void manager_drainedOrForgotten_loopsLiveOn_isCollected(Transports transport) throws Exception {
        transport.assumeAvailable();
        EventLoopGroup group = transport.newGroup(1);
        try {
            List<WeakReference<GracefulCloseManager>> gone = new ArrayList<>();
            for (int i = 0; i < SERVERS; i++) {
                gone.add(serveOnce(transport, group, i % 2 == 0));
            }
            group.next().submit(() -> {}).sync(); // nothing of the last close is left on the loop's stack
            serveOnce(transport, group, true); // a transport may keep the last channel it has served
            Eventually.await("managers collected", () -> {
                System.gc();
                return gone.stream().allMatch(manager -> manager.get() == null);
            });
        } finally {
            group.shutdownGracefully(0, 10, TimeUnit.SECONDS).sync();
        }
    }

    private static WeakReference<GracefulCloseManager> serveOnce(
            Transports transport, EventLoopGroup group, boolean drains) throws Exception {
        GracefulCloseManager manager =
                GracefulCloseManager.builder().drainPolicy(Drained.POLICY).build();
        Channel listener = new ServerBootstrap()
                .group(group)
                .channel(transport.serverChannel())
                .childHandler(manager.childHandler(new ChannelInboundHandlerAdapter()))
                .bind(transport.newAddress())
                .sync()
                .channel();
        manager.manage(listener);
        PeerSocket peer = PeerSocket.connect(listener.localAddress());
        Eventually.await("accepted", () -> manager.openConnections() == 1);
        peer.close();
        Eventually.await("closed", () -> manager.openConnections() == 0);
        if (drains) {
            assertEquals(0, Drained.await(manager.drain()).forced());
        }
        listener.close().sync();
        return new WeakReference<>(manager);
    }
}
