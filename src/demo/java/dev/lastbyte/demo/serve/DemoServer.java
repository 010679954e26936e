package dev.lastbyte.demo.serve;

import dev.lastbyte.demo.Transport;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.http.HttpFarewellConfig;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The listening server of {@code serve}. Thread-safe. */
final class DemoServer implements AutoCloseable {
    private final @Nullable GracefulCloseManager manager;
    private final EventLoopGroup group;
    private final Channel listener;

    /**
     * What a server shall be. Immutable.
     *
     * @param transport the transport
     * @param protocol what it speaks
     * @param manager of the connections, or null for Netty's plain close
     * @param farewell how HTTP connections end; not used without a manager
     * @param tls the TLS context, or null for clear text
     * @param log where plain closes are printed, or null if they are not
     */
    record Setup(
            Transport transport,
            Protocol protocol,
            @Nullable GracefulCloseManager manager,
            HttpFarewellConfig farewell,
            @Nullable SslContext tls,
            @Nullable CloseLines log) {}

    /**
     * Listens at once.
     *
     * @throws IOException if the address cannot be bound; its message is the reason alone, without the address
     */
    DemoServer(Setup setup, InetSocketAddress address) throws IOException {
        manager = setup.manager();
        group = setup.transport().newGroup(Runtime.getRuntime().availableProcessors());
        ChannelHandler pipeline = new Pipeline(setup);
        ChannelFuture bound = new ServerBootstrap()
                .group(group)
                .channel(setup.transport().serverChannel())
                .option(ChannelOption.SO_BACKLOG, 1024)
                .childHandler(manager == null ? pipeline : manager.childHandler(pipeline))
                .bind(address)
                .awaitUninterruptibly();
        listener = bound.channel();
        if (!bound.isSuccess()) {
            endLoops(); // nobody has connected, so there is nothing to drain
            throw new IOException(reason(bound.cause()), bound.cause());
        }
        if (manager != null) {
            manager.manage(listener);
        }
    }

    InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    /** Blocks until the server has been closed. */
    void awaitEnd() throws InterruptedException {
        group.terminationFuture().sync();
    }

    /** Drains and waits for the report; empty, at once and with nothing done, for a server without a manager. */
    Optional<DrainReport> drain() {
        return manager == null ? Optional.empty() : Optional.of(manager.drain().join());
    }

    /** Ends the event loops, and with a manager drains before. Waits, but not for an event loop that is blocked. */
    @Override
    public void close() {
        if (manager != null) {
            manager.drainAndShutdown(group);
            group.terminationFuture().awaitUninterruptibly(5, TimeUnit.SECONDS);
        } else {
            endLoops();
        }
    }

    private void endLoops() {
        group.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    }

    /** The native transports put the system call and the error number before the reason. */
    private static String reason(Throwable cause) {
        return String.valueOf(cause.getMessage()).replaceFirst("^\\w+\\(\\.\\.\\) failed.*?: ", "");
    }

    /** What the library asks of a server are the two lines with {@code manager}, above, and the protocol's handler. Thread-safe. */
    private static final class Pipeline extends ChannelInitializer<SocketChannel> {
        private final Setup setup;

        Pipeline(Setup setup) {
            this.setup = setup;
        }

        @Override
        protected void initChannel(SocketChannel channel) {
            if (setup.manager() == null && setup.log() != null) {
                setup.log().watchPlain(channel, setup.transport());
            }
            if (setup.tls() != null) {
                channel.pipeline().addLast(setup.tls().newHandler(channel.alloc()));
            }
            setup.protocol().addTo(channel.pipeline(), setup.manager() == null ? null : setup.farewell());
        }
    }
}
