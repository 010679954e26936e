package dev.lastbyte.demo.lab.server;

import dev.lastbyte.CloseStrategy;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.demo.CloseWay;
import dev.lastbyte.demo.Transport;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** The lab's server in this process: one event loop per transport, one listener per transport and way. Thread-safe. */
public final class LocalServer implements Server {
    private static final int SO_LINGER_SECONDS = 1;

    private final List<EventLoopGroup> groups = new ArrayList<>();
    private final Map<Transport, Map<CloseWay, Integer>> ports = new EnumMap<>(Transport.class);
    private final String host;
    private final LabLimits limits;
    private final Consumer<ServerResult> results;

    public LocalServer(
            String host,
            List<Transport> transports,
            List<CloseWay> ways,
            LabLimits limits,
            Consumer<ServerResult> results) {
        this.host = host;
        this.limits = limits;
        this.results = results;
        try {
            transports.forEach(transport -> listen(transport, ways));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void listen(Transport transport, List<CloseWay> ways) {
        EventLoopGroup group = transport.newGroup(1);
        groups.add(group);
        Map<CloseWay, Integer> bound = ports.computeIfAbsent(transport, t -> new EnumMap<>(CloseWay.class));
        for (CloseWay way : ways) {
            ServerBootstrap bootstrap = new ServerBootstrap()
                    .group(group)
                    .channel(transport.serverChannel())
                    .option(ChannelOption.SO_BACKLOG, 1024)
                    .childOption(ChannelOption.AUTO_READ, false)
                    .childHandler(new Pipeline(way, limits, results));
            RequestOnlyAllocator.use(bootstrap);
            InetSocketAddress address = (InetSocketAddress)
                    bootstrap.bind(host, 0).syncUninterruptibly().channel().localAddress();
            bound.put(way, address.getPort());
        }
    }

    @Override
    public String host() {
        return host;
    }

    @Override
    public int port(Transport transport, CloseWay way) {
        Integer port = ports.getOrDefault(transport, Map.of()).get(way);
        if (port == null) {
            throw new IllegalStateException("the server has no listener for " + transport + ", " + way);
        }
        return port;
    }

    @Override
    public void close() {
        groups.forEach(group -> group.shutdownGracefully(0, 2, TimeUnit.SECONDS));
        groups.forEach(group -> group.terminationFuture().awaitUninterruptibly(5, TimeUnit.SECONDS));
    }

    /** The whole difference between the lab's columns: the handler and its strategy, or Netty alone. Thread-safe. */
    private static final class Pipeline extends ChannelInitializer<SocketChannel> {
        private final CloseWay way;
        private final LabLimits limits;
        private final Consumer<ServerResult> results;

        Pipeline(CloseWay way, LabLimits limits, Consumer<ServerResult> results) {
            this.way = way;
            this.limits = limits;
            this.results = results;
        }

        @Override
        protected void initChannel(SocketChannel channel) {
            Optional<CloseStrategy> strategy = way.strategy();
            strategy.ifPresent(s -> channel.pipeline().addFirst(new GracefulCloseHandler(limits.config(s))));
            if (way == CloseWay.SO_LINGER) {
                channel.config().setSoLinger(SO_LINGER_SECONDS);
            }
            channel.pipeline().addLast(new AnswerThenClose(way, results));
        }
    }
}
