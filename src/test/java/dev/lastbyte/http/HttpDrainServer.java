package dev.lastbyte.http;

import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.ResourceCheck;
import dev.lastbyte.testing.TestTls;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.codec.http.HttpContentCompressor;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.ssl.SslContext;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP server that is drained and started anew, as often as a test wants, on the same event loops. Fails on closing if a
 * timer or a buffer is left. Thread-safe, but for the starts and drains.
 */
final class HttpDrainServer implements AutoCloseable {
    /** Idle sooner than a client on busy cores may be silent between two requests: what protects it is the handler. */
    static final DrainPolicy POLICY = DrainPolicy.builder()
            .idleAfter(Duration.ofMillis(5))
            .gracePeriod(Duration.ofSeconds(20))
            .drainTimeout(Duration.ofSeconds(30))
            .build();

    private final Transports transport;
    private final HttpFarewellConfig farewell;
    private final GracefulCloseConfig limits;
    private final EventLoopGroup group;
    private final ResourceCheck resources;
    private final LongAdder answers = new LongAdder();
    private final @Nullable SslContext tls;
    private GracefulCloseManager manager = GracefulCloseManager.create();
    private Channel listener;

    HttpDrainServer(
            Transports transport, SocketAddress address, HttpFarewellConfig farewell, GracefulCloseConfig limits) {
        this(transport, address, farewell, limits, null);
    }

    private HttpDrainServer(
            Transports transport,
            SocketAddress address,
            HttpFarewellConfig farewell,
            GracefulCloseConfig limits,
            @Nullable SslContext tls) {
        this.tls = tls;
        this.transport = transport.assumeAvailable();
        this.farewell = farewell;
        this.limits = limits;
        group = transport.newGroup(2);
        resources = new ResourceCheck(group);
        listener = start(address);
    }

    HttpDrainServer(Transports transport, HttpFarewellConfig farewell) {
        this(transport, transport.newAddress(), farewell, GracefulCloseConfig.defaults());
    }

    static HttpDrainServer withTls(Transports transport) {
        return new HttpDrainServer(
                transport,
                transport.newAddress(),
                HttpFarewellConfig.defaults(),
                GracefulCloseConfig.defaults(),
                TestTls.server());
    }

    /** What its clients connect with. */
    SocketFactory sockets() {
        return tls == null ? SocketFactory.getDefault() : TestTls.peer().getSocketFactory();
    }

    /** Listens again, after a drain, on another port. */
    void restart() {
        listener = start(new InetSocketAddress(address().getAddress(), 0));
    }

    private Channel start(SocketAddress address) {
        answers.reset();
        manager = GracefulCloseManager.builder()
                .connections(limits)
                .drainPolicy(POLICY)
                .build();
        Channel bound = new ServerBootstrap()
                .group(group)
                .channel(transport.serverChannel())
                .childOption(ChannelOption.ALLOCATOR, resources.allocator())
                .childHandler(manager.childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        if (tls != null) {
                            channel.pipeline().addLast(tls.newHandler(channel.alloc()));
                        }
                        channel.pipeline()
                                .addLast(new HttpServerCodec(), new HttpFarewellHandler(farewell))
                                .addLast(new HttpServerKeepAliveHandler(), new HttpContentCompressor())
                                .addLast(new HttpObjectAggregator(1 << 20), new HttpAnswering(answers));
                    }
                }))
                .bind(address)
                .syncUninterruptibly()
                .channel();
        manager.manage(bound);
        return bound;
    }

    InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    /** Waits until it has answered so often since it was started. */
    void awaitAnswers(long count) {
        Eventually.await(count + " answers", () -> answers.sum() >= count);
    }

    void awaitConnections(long count) {
        Eventually.await(count + " connections", () -> manager.openConnections() >= count);
    }

    DrainReport drain() throws InterruptedException, ExecutionException, TimeoutException {
        return manager.drain().get(60, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        if (listener.isOpen()) {
            manager.drain().orTimeout(60, TimeUnit.SECONDS).join();
        }
        List<String> problems = resources.close();
        if (!problems.isEmpty()) {
            throw new AssertionError(String.join("\n", problems));
        }
    }
}
