package dev.lastbyte.testing;

import dev.lastbyte.CloseReport;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelId;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A server on a loopback address of its own choice that collects the report of each connection, and fails on closing if
 * a connection, a timer or a buffer is left. Thread-safe.
 */
public final class TestServer implements AutoCloseable {
    /** How long anything may take before a test gives up on it. */
    public static final long PATIENCE_SECONDS = 40;

    private final Transports transport;
    private final EventLoopGroup group;
    private final ResourceCheck resources;
    private final boolean tls;
    private final Channel listener;
    private final List<Channel> children = new ArrayList<>();
    private final BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();
    private final Map<ChannelId, CompletableFuture<CloseReport>> reports = new ConcurrentHashMap<>();
    private final Map<Integer, CompletableFuture<CloseReport>> reportsByPeer = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<String> problems = new ConcurrentLinkedQueue<>();
    private final AtomicInteger peers = new AtomicInteger();

    private TestServer(Builder builder) {
        transport = builder.transport.assumeAvailable();
        group = transport.newGroup(builder.loops);
        resources = new ResourceCheck(group);
        SslContext context = builder.tls;
        tls = context != null;
        GracefulCloseConfig config = builder.config == null
                ? null
                : builder.config.toBuilder().closeListener(this::onClose).build();
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(group)
                .channel(transport.serverChannel())
                .childOption(ChannelOption.ALLOCATOR, resources.allocator())
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        synchronized (children) {
                            children.add(channel);
                        }
                        if (config != null) {
                            channel.pipeline().addFirst(new GracefulCloseHandler(config));
                        }
                        if (context != null) {
                            channel.pipeline().addLast(context.newHandler(channel.alloc()));
                        }
                        builder.handlers.accept(channel);
                        accepted.add(channel);
                    }
                });
        builder.options.accept(bootstrap);
        SocketAddress address = builder.host == null ? transport.newAddress() : new InetSocketAddress(builder.host, 0);
        listener = bootstrap.bind(address).syncUninterruptibly().channel();
    }

    /** A server with {@link GracefulCloseConfig#defaults()}, one event loop and no handlers of an application. */
    public static Builder on(Transports transport) {
        return new Builder(transport);
    }

    public SocketAddress address() {
        return listener.localAddress();
    }

    public int port() {
        return ((InetSocketAddress) address()).getPort();
    }

    public EventLoopGroup group() {
        return group;
    }

    /** The next connection, as the server sees it. */
    public Channel accepted() {
        try {
            Channel channel = accepted.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (channel == null) {
                throw new AssertionError("no connection arrived");
            }
            return channel;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A peer's plain connection to this server. */
    public PeerSocket connect() throws IOException {
        return PeerSocket.connect(address());
    }

    /** A scripted peer's connection, with TLS if the server has it. */
    public PeerRun connect(int receiveBuffer) throws IOException {
        int id = peers.incrementAndGet();
        CountDownLatch done = new CountDownLatch(1);
        reportsByPeer.computeIfAbsent(id, k -> new CompletableFuture<>()).whenComplete((r, e) -> done.countDown());
        return new PeerRun(PeerSocket.connect(address(), tls ? TestTls.peer() : null, receiveBuffer), id, done);
    }

    /** Plays a script to its end and returns what both sides say about it. */
    public Close play(ScriptedPeer peer) throws IOException {
        PeerRun run = connect(peer.receiveBuffer());
        PeerResult result = peer.run(run);
        return new Close(result, await(reportsByPeer.get(run.id())));
    }

    public CloseReport report(Channel channel) {
        return await(reports.computeIfAbsent(channel.id(), k -> new CompletableFuture<>()));
    }

    private void onClose(Channel channel, CloseReport report) {
        if (!reports.computeIfAbsent(channel.id(), k -> new CompletableFuture<>())
                .complete(report)) {
            problems.add(channel + " was reported twice: " + report);
        }
        Integer peer = channel.attr(Answer.PEER_ID).get();
        if (peer != null) {
            reportsByPeer.computeIfAbsent(peer, k -> new CompletableFuture<>()).complete(report);
        }
    }

    private static CloseReport await(CompletableFuture<CloseReport> report) {
        try {
            return report.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("no report within " + PATIENCE_SECONDS + " s", e);
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Ends the server; every connection must have ended by itself. */
    @Override
    public void close() {
        if (group.isShuttingDown()) {
            group.terminationFuture().awaitUninterruptibly(30, TimeUnit.SECONDS);
        } else {
            listener.close().syncUninterruptibly();
        }
        synchronized (children) {
            for (Channel child : children) {
                if (!child.closeFuture().awaitUninterruptibly(10, TimeUnit.SECONDS)) {
                    problems.add("still open: " + child + " " + child.pipeline());
                    GracefulCloseHandler.closeNow(child).awaitUninterruptibly(10, TimeUnit.SECONDS);
                }
            }
        }
        resources.close().forEach(problems::add);
        transport.deleteAddress(listener.localAddress());
        if (!problems.isEmpty()) {
            throw new AssertionError(String.join("\n", problems));
        }
    }

    /** What the peer saw of a connection, and what the server reported. */
    public record Close(PeerResult peer, CloseReport report) {}

    /** Collects what a server is made of. */
    public static final class Builder {
        private final Transports transport;
        private @Nullable GracefulCloseConfig config = GracefulCloseConfig.defaults();
        private Consumer<Channel> handlers = channel -> {};
        private Consumer<ServerBootstrap> options = bootstrap -> {};
        private @Nullable SslContext tls;
        private @Nullable InetAddress host;
        private int loops = 1;

        private Builder(Transports transport) {
            this.transport = transport;
        }

        public Builder config(GracefulCloseConfig config) {
            this.config = config;
            return this;
        }

        /** Leaves the {@code GracefulCloseHandler} out. */
        public Builder withoutHandler() {
            config = null;
            return this;
        }

        /** Listens on another address than the transport's own. */
        public Builder host(InetAddress host) {
            this.host = host;
            return this;
        }

        public Builder tls(boolean tls) {
            this.tls = tls ? TestTls.server() : null;
            return this;
        }

        public Builder tls(TlsKind kind) {
            tls = kind.server();
            return this;
        }

        public Builder loops(int loops) {
            this.loops = loops;
            return this;
        }

        /** Adds the application's handlers to each new connection. */
        public Builder handlers(Consumer<Channel> handlers) {
            this.handlers = handlers;
            return this;
        }

        public Builder options(Consumer<ServerBootstrap> options) {
            this.options = options;
            return this;
        }

        public TestServer start() {
            return new TestServer(this);
        }
    }
}
