package dev.lastbyte.http2;

import dev.lastbyte.drain.Drained;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.testing.Http2Answers;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/2 server that is drained, or one with nothing but Netty; also a process, for other network namespaces: it is told {@code end},
 * and ends with its input. Thread-safe.
 */
final class Http2Server implements AutoCloseable {
    private final EventLoopGroup group;
    private final ChannelGroup children = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final @Nullable GracefulCloseManager manager;
    private final Channel listener;

    private Http2Server(Transports transport, SocketAddress address, @Nullable GracefulCloseManager manager) {
        this.manager = manager;
        group = transport.newGroup(1);
        ChannelHandler handlers = new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                children.add(channel);
                channel.pipeline().addLast(Http2Answers.MULTIPLEX.newCodec());
                if (manager != null) {
                    channel.pipeline().addLast(new Http2FarewellHandler());
                }
                Http2Answers.MULTIPLEX.newHandlers().forEach(channel.pipeline()::addLast);
                channel.pipeline().addLast(Http2Answers.newResetSink());
            }
        };
        listener = new ServerBootstrap()
                .group(group)
                .channel(transport.serverChannel())
                .childHandler(manager == null ? handlers : manager.childHandler(handlers))
                .bind(address)
                .syncUninterruptibly()
                .channel();
        if (manager != null) {
            manager.manage(listener);
        }
    }

    /** Ends by closing every channel. */
    static Http2Server plain(Transports transport, SocketAddress address) {
        return new Http2Server(transport, address, null);
    }

    /** Ends by a drain. */
    static Http2Server drained(Transports transport, SocketAddress address) {
        return new Http2Server(
                transport,
                address,
                GracefulCloseManager.builder().drainPolicy(Drained.PATIENT).build());
    }

    SocketAddress address() {
        return listener.localAddress();
    }

    /** Ends; returns what there is to say about it. */
    String end() {
        if (manager != null) {
            return Drained.await(manager.drain(), Drained.PATIENT.drainTimeout())
                    .toString();
        }
        listener.close().syncUninterruptibly();
        children.close();
        return "plainly";
    }

    @Override
    public void close() {
        listener.close().syncUninterruptibly();
        group.shutdownGracefully(0, 10, TimeUnit.SECONDS).syncUninterruptibly();
    }

    public static void main(String[] arguments) throws IOException {
        Transports transport = Transports.valueOf(arguments[0]);
        InetSocketAddress address = new InetSocketAddress(arguments[1], 0);
        try (Http2Server server =
                        arguments[2].equals("plain") ? plain(transport, address) : drained(transport, address);
                BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            System.out.println("bound " + ((InetSocketAddress) server.address()).getPort());
            if (input.readLine() != null) {
                System.out.println("ended " + server.end());
                input.readLine();
            }
        }
    }
}
