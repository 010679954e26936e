package dev.lastbyte.bench.netty;

import dev.lastbyte.demo.Transport;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/** Event loops and one listener at a time on a free port of loopback. Not thread-safe. */
public final class LoopbackServer implements AutoCloseable {
    private static final int BACKLOG = 4096;

    private final Transport transport;
    private final EventLoopGroup group;

    public LoopbackServer(Transport transport, int loops) {
        this.transport = transport;
        group = transport.newGroup(loops);
    }

    /** Listens; the connections' handlers come from {@code child}. */
    public Channel listen(ChannelHandler child, int sendBuffer) {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(group)
                .channel(transport.serverChannel())
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childHandler(child);
        if (sendBuffer > 0) {
            bootstrap.childOption(ChannelOption.SO_SNDBUF, sendBuffer);
        }
        return bootstrap
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .syncUninterruptibly()
                .channel();
    }

    public Channel listen(ChannelHandler child) {
        return listen(child, 0);
    }

    public static int port(Channel listener) {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    public EventLoopGroup group() {
        return group;
    }

    @Override
    public void close() {
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    }
}
