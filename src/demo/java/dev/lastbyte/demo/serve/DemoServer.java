package dev.lastbyte.demo.serve;

import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.demo.Transport;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The listening server of {@code serve}. Thread-safe. */
final class DemoServer implements AutoCloseable {
    private final EventLoopGroup group;
    private final Channel listener;

    /**
     * What a server shall be. Immutable.
     *
     * @param transport the transport
     * @param protocol what it speaks
     * @param graceful the library's configuration, or null for Netty's plain close
     * @param tls the TLS context, or null for clear text
     * @param log where plain closes are printed, or null if they are not
     */
    record Setup(
            Transport transport,
            Protocol protocol,
            @Nullable GracefulCloseConfig graceful,
            @Nullable SslContext tls,
            @Nullable CloseLines log) {}

    /**
     * Listens at once.
     *
     * @throws IOException if the address cannot be bound
     */
    DemoServer(Setup setup, InetSocketAddress address) throws IOException {
        group = setup.transport().newGroup(Runtime.getRuntime().availableProcessors());
        ChannelFuture bound = new ServerBootstrap()
                .group(group)
                .channel(setup.transport().serverChannel())
                .option(ChannelOption.SO_BACKLOG, 1024)
                .childHandler(new Pipeline(setup))
                .bind(address)
                .awaitUninterruptibly();
        listener = bound.channel();
        if (!bound.isSuccess()) {
            shutDown();
            throw new IOException(
                    "cannot listen on " + address + ": " + bound.cause().getMessage(), bound.cause());
        }
    }

    InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    /** Blocks until the listener is closed. */
    void awaitEnd() throws InterruptedException {
        listener.closeFuture().sync();
    }

    @Override
    public void close() {
        listener.close().syncUninterruptibly();
        shutDown();
    }

    private void shutDown() {
        group.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    }

    /** All that the library asks of a server is the one line with addFirst. Thread-safe. */
    private static final class Pipeline extends ChannelInitializer<SocketChannel> {
        private final Setup setup;

        Pipeline(Setup setup) {
            this.setup = setup;
        }

        @Override
        protected void initChannel(SocketChannel channel) {
            if (setup.graceful() != null) {
                channel.pipeline().addFirst(new GracefulCloseHandler(setup.graceful()));
            } else if (setup.log() != null) {
                setup.log().watchPlain(channel, setup.transport());
            }
            if (setup.tls() != null) {
                channel.pipeline().addLast(setup.tls().newHandler(channel.alloc()));
            }
            setup.protocol().addTo(channel.pipeline());
        }
    }
}
