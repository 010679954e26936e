package dev.lastbyte.testing;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.channel.unix.UnixChannelOption;
import io.netty.util.ReferenceCountUtil;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** A server that answers the first byte of each connection with one byte and leaves the closing to its peer. Thread-safe. */
public final class OneByteServer implements AutoCloseable {
    private final Transports transport;
    private final EventLoopGroup group;
    private final AtomicInteger accepted = new AtomicInteger();
    private final AtomicInteger open = new AtomicInteger();
    private final Consumer<ServerBootstrap> options;
    private volatile Channel listener;

    /** Starts listening on an address. */
    public OneByteServer(Transports transport, SocketAddress address, Consumer<ServerBootstrap> options) {
        this.transport = transport.assumeAvailable();
        this.options = options;
        group = transport.newGroup(1);
        bind(address);
    }

    /** Listens again, after the last listener was closed. */
    public Channel bind(SocketAddress address) {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(group)
                .channel(transport.serverChannel())
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        accepted.incrementAndGet();
                        open.incrementAndGet();
                        channel.closeFuture().addListener(closed -> open.decrementAndGet());
                        channel.pipeline().addLast(new OneByte());
                    }
                });
        options.accept(bootstrap);
        listener = bootstrap.bind(address).syncUninterruptibly().channel();
        return listener;
    }

    /** Lets several processes listen on one port. */
    public static void reusePort(ServerBootstrap bootstrap, Transports transport) {
        if (transport == Transports.NIO) {
            bootstrap.option(NioChannelOption.of(StandardSocketOptions.SO_REUSEPORT), true);
        } else {
            bootstrap.option(UnixChannelOption.SO_REUSEPORT, true);
        }
    }

    public Channel listener() {
        return listener;
    }

    public SocketAddress address() {
        return listener.localAddress();
    }

    /** How many connections were accepted so far. */
    public int accepted() {
        return accepted.get();
    }

    /** Waits until all accepted connections have ended, which their peers do, and ends the event loops. */
    @Override
    public void close() {
        SocketAddress address = listener.localAddress();
        listener.close().syncUninterruptibly();
        Eventually.await("connections of " + address + " ended", () -> open.get() == 0);
        group.schedule(() -> {}, 20, TimeUnit.MILLISECONDS).awaitUninterruptibly(); // io_uring closes in the ring
        group.shutdownGracefully(0, 20, TimeUnit.SECONDS).awaitUninterruptibly(30, TimeUnit.SECONDS);
        transport.deleteAddress(address);
    }

    private static final class OneByte extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
            ByteBuf answer = ctx.alloc().buffer(1).writeByte('!');
            ctx.writeAndFlush(answer);
        }

        @Override
        @SuppressWarnings("deprecation")
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close(); // the peer ends with a reset, to leave no TIME_WAIT behind
        }
    }
}
