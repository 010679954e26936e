package dev.lastbyte.drain;

import dev.lastbyte.CloseReport;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.PeerSocket;
import dev.lastbyte.testing.ResourceCheck;
import dev.lastbyte.testing.TestTls;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A server on real sockets whose connections a manager knows. Fails on closing if a connection, a timer, a buffer or a
 * drain's thread is left. Thread-safe.
 */
public final class ManagedServer implements AutoCloseable {
    public static final long PATIENCE_SECONDS = 40;

    public final GracefulCloseManager manager;
    final EventLoopGroup group;
    final Transports transport;

    /** Every connection that has ended, in that order. */
    public final Collection<CloseReport> reports = new ConcurrentLinkedQueue<>();

    private final ResourceCheck resources;
    private final Consumer<Channel> handlers;
    private final List<Channel> listeners = new ArrayList<>();
    private final List<Channel> children = new ArrayList<>();
    private final BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();
    private final ConcurrentMap<Integer, CountDownLatch> doneByPeer = new ConcurrentHashMap<>();
    private final AtomicInteger peers = new AtomicInteger();
    private final Channel first;
    private volatile @Nullable Channel tls;

    private ManagedServer(Builder builder) {
        transport = builder.transport.assumeAvailable();
        group = transport.newGroup(builder.loops);
        resources = new ResourceCheck(group);
        handlers = builder.handlers;
        GracefulCloseConfig config =
                builder.config.toBuilder().closeListener(this::onClose).build();
        GracefulCloseManager.Builder parts =
                GracefulCloseManager.builder().connections(config).drainPolicy(builder.policy);
        builder.parts.accept(parts);
        manager = parts.build();
        first = listen(manager, null);
        manager.manage(first);
    }

    public static Builder on(Transports transport) {
        return new Builder(transport);
    }

    /** One more listener, for the given manager, which is not told of it. */
    public Channel listen(GracefulCloseManager owner, @Nullable SslContext context) {
        Channel listener = new ServerBootstrap()
                .group(group)
                .channel(transport.serverChannel())
                .option(ChannelOption.SO_BACKLOG, 4096)
                .childOption(ChannelOption.ALLOCATOR, allocator())
                .childHandler(owner.childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        synchronized (children) {
                            children.add(channel);
                        }
                        if (context != null) {
                            channel.pipeline().addLast(context.newHandler(channel.alloc()));
                        }
                        handlers.accept(channel);
                        accepted.add(channel);
                    }
                }))
                .bind(transport.newAddress())
                .syncUninterruptibly()
                .channel();
        listeners.add(listener);
        return listener;
    }

    /** A second listener of the same manager, with TLS. */
    ManagedServer withTls() {
        Channel listener = listen(manager, TestTls.server());
        manager.manage(listener);
        tls = listener;
        return this;
    }

    ByteBufAllocator allocator() {
        return resources.allocator();
    }

    public SocketAddress address() {
        return first.localAddress();
    }

    public Channel listener() {
        return first;
    }

    SocketAddress tlsAddress() {
        Channel listener = tls;
        if (listener == null) {
            throw new IllegalStateException("no TLS");
        }
        return listener.localAddress();
    }

    /** The next connection, as the server sees it; its pipeline is complete, and everybody knows that it is active. */
    public Channel accepted() throws InterruptedException {
        Channel channel = accepted.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (channel == null) {
            throw new AssertionError("no connection arrived");
        }
        channel.eventLoop().submit(() -> {}).await(PATIENCE_SECONDS, TimeUnit.SECONDS);
        return channel;
    }

    PeerRun connect() throws IOException {
        return connect(0);
    }

    PeerRun connect(int receiveBuffer) throws IOException {
        return connectTo(address(), receiveBuffer);
    }

    PeerRun connectTo(SocketAddress address, int receiveBuffer) throws IOException {
        int id = peers.incrementAndGet();
        CountDownLatch done = doneByPeer.computeIfAbsent(id, k -> new CountDownLatch(1));
        return new PeerRun(PeerSocket.connect(address, null, receiveBuffer), id, done);
    }

    /** So many silent connections, each known to the manager. */
    List<PeerRun> connectMany(int count) throws IOException, InterruptedException {
        List<PeerRun> made = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            made.add(connect());
        }
        for (int i = 0; i < count; i++) {
            accepted();
        }
        awaitOpen(count);
        return made;
    }

    /** Waits until the manager knows so many connections. */
    public void awaitOpen(long count) {
        Eventually.await(count + " open, not " + manager, () -> manager.openConnections() == count);
    }

    /** Every connection there has been. */
    List<Channel> children() {
        synchronized (children) {
            return List.copyOf(children);
        }
    }

    private void onClose(Channel channel, CloseReport report) {
        reports.add(report);
        Integer peer = channel.attr(Answer.PEER_ID).get();
        if (peer != null) {
            doneByPeer.computeIfAbsent(peer, k -> new CountDownLatch(1)).countDown();
        }
    }

    /** Ends the server; every connection must have ended by itself. */
    @Override
    public void close() throws IOException {
        List<String> problems = new ArrayList<>();
        for (Channel listener : listeners) {
            if (!group.isShuttingDown()) {
                listener.close().syncUninterruptibly();
            }
        }
        for (Channel child : children()) {
            if (!child.closeFuture().awaitUninterruptibly(5, TimeUnit.SECONDS)) {
                problems.add("still open: " + child + " " + child.pipeline());
                GracefulCloseHandler.closeNow(child).awaitUninterruptibly(5, TimeUnit.SECONDS);
            }
        }
        problems.addAll(resources.close());
        for (Channel listener : listeners) {
            deleteAddress(listener.localAddress());
        }
        Drained.awaitNoThreads();
        if (!problems.isEmpty()) {
            throw new AssertionError(String.join("\n", problems));
        }
    }

    private void deleteAddress(SocketAddress address) throws IOException {
        if (transport.isUnix()) {
            Path path = Path.of(address instanceof DomainSocketAddress domain ? domain.path() : address.toString());
            Files.deleteIfExists(path);
            Files.deleteIfExists(path.getParent());
        }
    }

    /** Collects what a server is made of. */
    public static final class Builder {
        private final Transports transport;
        private GracefulCloseConfig config = GracefulCloseConfig.defaults();
        private DrainPolicy policy = Drained.POLICY;
        private Consumer<GracefulCloseManager.Builder> parts = builder -> {};
        private Consumer<Channel> handlers = channel -> {};
        private int loops = 1;

        private Builder(Transports transport) {
            this.transport = transport;
        }

        public Builder config(GracefulCloseConfig config) {
            this.config = config;
            return this;
        }

        public Builder policy(DrainPolicy policy) {
            this.policy = policy;
            return this;
        }

        public Builder manager(Consumer<GracefulCloseManager.Builder> parts) {
            this.parts = parts;
            return this;
        }

        /** Adds the application's handlers to each new connection. */
        public Builder handlers(Consumer<Channel> handlers) {
            this.handlers = handlers;
            return this;
        }

        public Builder loops(int loops) {
            this.loops = loops;
            return this;
        }

        public ManagedServer start() {
            return new ManagedServer(this);
        }
    }
}
