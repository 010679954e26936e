package dev.lastbyte.testing;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;

/** A client of a child process that lacks jars: it needs nothing but Netty's transport. Stateless. */
public final class OneConnection {
    private OneConnection() {}

    /** Connects, and waits until the server has closed the connection. */
    public static void awaitClosed(EventLoopGroup group, SocketAddress server) throws InterruptedException {
        new Bootstrap()
                .group(group)
                .channel(NioSocketChannel.class)
                .handler(new ChannelInboundHandlerAdapter())
                .connect(server)
                .sync()
                .channel()
                .closeFuture()
                .await(30, TimeUnit.SECONDS);
    }
}
