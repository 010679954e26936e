package dev.lastbyte.auto;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.lastbyte.drain.DrainPhase;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.http.HttpFarewellHandler;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.LogRecorder;
import dev.lastbyte.testing.ResourceCheck;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.slf4j.LoggerFactory;

/**
 * A server whose manager has {@link Farewells}, and whose pipelines have none of their own. What its application holds back it answers when it
 * is told. Fails on closing if a buffer or a timer is left. Thread-safe.
 */
final class FarewellServer implements AutoCloseable {
    private static final DrainPolicy POLICY = DrainPolicy.builder()
            .idleAfter(Duration.ofMillis(50))
            .gracePeriod(Duration.ofSeconds(25))
            .longLivedPeriod(Duration.ofMillis(200))
            .drainTimeout(Duration.ofSeconds(30))
            .build();

    final Queue<Channel> connections = new ConcurrentLinkedQueue<>();
    final Queue<Object> events = new ConcurrentLinkedQueue<>();
    private final Queue<Runnable> held = new ConcurrentLinkedQueue<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(Farewells.class);
    private final LogRecorder log = new LogRecorder(Farewells.class.getName(), Level.INFO);
    private final EventLoopGroup group;
    private final ResourceCheck resources;
    private final GracefulCloseManager manager;
    private final Channel listener;

    FarewellServer(Transports transport, Farewells farewells, BiConsumer<Channel, FarewellServer> initializer) {
        group = transport.assumeAvailable().newGroup(2);
        resources = new ResourceCheck(group);
        logger.setLevel(Level.INFO);
        log.start();
        manager = GracefulCloseManager.builder()
                .drainPolicy(POLICY)
                .farewells(farewells)
                .build();
        listener = new ServerBootstrap()
                .group(group)
                .channel(transport.serverChannel())
                .childOption(ChannelOption.ALLOCATOR, resources.allocator())
                .childHandler(manager.childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        connections.add(channel);
                        initializer.accept(channel, FarewellServer.this);
                    }
                }))
                .bind(transport.newAddress())
                .syncUninterruptibly()
                .channel();
        manager.manage(listener);
    }

    InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    /** The application answers when it is told to. */
    void hold(Channel channel, Runnable answer) {
        held.add(() -> channel.eventLoop().execute(answer));
    }

    void awaitHeld(int count) {
        Eventually.await(count + " requests in the application", () -> held.size() == count);
    }

    void release() {
        held.forEach(Runnable::run);
        held.clear();
    }

    /** No connection pays for the search any more. */
    void awaitNoSearch() {
        Eventually.await("no watch in any pipeline", () -> connections.stream()
                .noneMatch(channel -> channel.pipeline().get(CodecSearch.Watch.class) != null));
    }

    /** How many handlers of a type all open connections have. */
    long count(Class<?> handler) {
        return connections.stream()
                .flatMap(channel -> channel.pipeline().toMap().values().stream())
                .filter(handler::isInstance)
                .count();
    }

    /** Waits until so many connections have a farewell. */
    void awaitFarewells(long count) {
        Eventually.await(count + " farewells", () -> count(HttpFarewellHandler.class) >= count);
    }

    /** Begins a drain, and waits until it closes idle connections. */
    CompletableFuture<DrainReport> drain() {
        CompletableFuture<DrainReport> drain = manager.drain();
        Eventually.await(
                "the drain closes connections", () -> manager.phase().compareTo(DrainPhase.STOP_ACCEPTING) > 0);
        return drain;
    }

    /** Waits for a report that must say that nothing was lost. */
    static DrainReport lossless(CompletableFuture<DrainReport> drain) {
        DrainReport report = drain.orTimeout(40, TimeUnit.SECONDS).join();
        assertEquals(
                List.of(0L, 0L, 0L, 0L),
                List.of(report.lostRequests(), report.interrupted(), report.forced(), report.possiblyUnanswered()),
                report::toString);
        return report;
    }

    /** What the log has said, with {@code ADDRESS} for the address of the listener. */
    List<String> stopLog() {
        String here = address().getAddress().getHostAddress() + ":" + address().getPort();
        return log.stop().stream()
                .map(line -> line.replace(here, "ADDRESS").replace(" " + Farewells.class.getName(), ""))
                .toList();
    }

    @Override
    public void close() {
        log.stop();
        logger.setLevel(null);
        if (manager.isReady()) {
            manager.drain(POLICY.toBuilder()
                            .gracePeriod(Duration.ofMillis(200))
                            .drainTimeout(Duration.ofSeconds(2))
                            .build())
                    .orTimeout(40, TimeUnit.SECONDS)
                    .join();
        }
        List<String> problems = resources.close();
        if (!problems.isEmpty()) {
            throw new AssertionError(String.join("\n", problems));
        }
    }
}
