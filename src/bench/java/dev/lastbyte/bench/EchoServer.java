package dev.lastbyte.bench;

import dev.lastbyte.demo.Transport;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoopGroup;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.function.Consumer;

/** A listener whose connections send back what comes. Thread-safe. */
final class EchoServer implements AutoCloseable {
    private final Channel listener;

    EchoServer(Transport transport, EventLoopGroup group, FirstHandler first) {
        Consumer<ChannelPipeline> installer = first.installer();
        listener = new ServerBootstrap()
                .group(group)
                .channel(transport.serverChannel())
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        installer.accept(channel.pipeline());
                        channel.pipeline().addLast(new Echo());
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .syncUninterruptibly()
                .channel();
    }

    int port() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    /** Connections live until their peers close them. */
    @Override
    public void close() {
        listener.close().syncUninterruptibly();
    }
}
