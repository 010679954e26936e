package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.tcp.MessageEndHandler;
import dev.lastbyte.tcp.SegmentPolicy;
import dev.lastbyte.tcp.SendQueue;
import dev.lastbyte.tcp.SendQueueSnapshot;
import dev.lastbyte.tcp.TcpOptions;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The code that the docs show, compiled and run. */
class SnippetsTest {
    @Test
    void configuration_builderOfTheDocs_builds() throws IOException {
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .closeTimeout(Duration.ofSeconds(20))
                .closeListener((channel, report) -> {})
                .build();
        assertEquals(Duration.ofSeconds(20), config.closeTimeout());
        assertTrue(
                Files.readString(Path.of("docs/configuration.md")).contains(".closeTimeout(Duration.ofSeconds(20))"));
    }

    @Test
    void sendQueue_codeOfTheDocs_compilesAndRuns() throws IOException {
        EmbeddedChannel channel = new EmbeddedChannel(SendQueue.limitInFlight(256 * 1024));
        List<SendQueueSnapshot> log = new ArrayList<>();
        SendQueue.snapshot(channel).addListener((Future<SendQueueSnapshot> f) -> log.add(f.getNow()));
        List<Boolean> decided = new ArrayList<>();
        SendQueue.acknowledged(channel).addListener(f -> decided.add(f.isSuccess()));
        channel.runPendingTasks();
        assertEquals(1, log.size());
        assertEquals(List.of(false), decided); // an embedded channel has no kernel to ask
        String docs = Files.readString(Path.of("docs/send-queue.md"));
        assertTrue(docs.contains("SendQueue.snapshot(channel).addListener((Future<SendQueueSnapshot> f) -> "), docs);
        assertTrue(docs.contains("SendQueue.acknowledged(ctx.channel()).addListener(f -> {"), docs);
        assertTrue(docs.contains("index " + SendQueue.WRITABILITY_INDEX + " (`SendQueue.WRITABILITY_INDEX`)"), docs);
        assertTrue(
                docs.contains(
                        "pipeline.addLast(new GracefulCloseHandler(config), SendQueue.limitInFlight(256 * 1024));"),
                docs);
        channel.close();
    }

    @Test
    void draining_codeOfTheDocs_compilesAndRuns() throws Exception {
        GracefulCloseManager manager = GracefulCloseManager.builder()
                .drainPolicy(DrainPolicy.builder()
                        .announceDelay(Duration.ofSeconds(5))
                        .gracePeriod(Duration.ofSeconds(10))
                        .longLivedPeriod(Duration.ofSeconds(10))
                        .drainTimeout(Duration.ofSeconds(25))
                        .build())
                .build();
        manager.installShutdownHook(Duration.ofSeconds(25));
        EmbeddedChannel channel = new EmbeddedChannel(manager.childHandler(new ChannelInitializer<>() {
            @Override
            protected void initChannel(io.netty.channel.Channel ch) {}
        }));
        GracefulCloseHandler.exchangeStarted(channel);
        GracefulCloseHandler.exchangeEnded(channel);
        GracefulCloseHandler.longLived(channel);
        assertEquals(1, manager.openConnections());
        String text = Files.readString(Path.of("docs/draining.md"));
        assertTrue(text.contains(".childHandler(manager.childHandler(new MyInitializer()))"));
        assertTrue(text.contains("manager.manage(listener);"));
        assertTrue(text.contains("manager.installShutdownHook(Duration.ofSeconds(25));"));
        channel.close();
        assertEquals(
                DrainReport.Outcome.COMPLETE,
                manager.drain(DrainPolicy.defaults()).get(30, TimeUnit.SECONDS).outcome()); // takes the hook away too
    }

    @Test
    void segments_codeOfTheDocs_compilesAndRuns() throws IOException {
        EmbeddedChannel channel = new EmbeddedChannel();
        channel.pipeline().addFirst(new GracefulCloseHandler());
        SegmentPolicy.CORK.applyTo(channel);
        channel.pipeline().addLast(new HttpServerCodec());
        channel.pipeline().addLast(new MessageEndHandler(message -> message instanceof LastHttpContent));
        channel.pipeline().close();
        String text = Files.readString(Path.of("docs/segments.md"));
        assertTrue(text.contains("SegmentPolicy.CORK.applyTo(ch);"));
        assertTrue(text.contains(
                "ch.pipeline().addLast(new MessageEndHandler(message -> message instanceof LastHttpContent));"));
    }

    @Test
    void tcp_codeOfTheDocs_compilesAndRuns() throws IOException {
        TcpOptions options = TcpOptions.builder()
                .deferAccept(Duration.ofSeconds(3))
                .keepIdle(Duration.ofSeconds(60))
                .userTimeout(Duration.ofSeconds(30))
                .build();
        ServerBootstrap bootstrap = options.applyTo(new ServerBootstrap(), EpollServerSocketChannel.class);
        assertEquals(1, bootstrap.config().options().size());
        String text = Files.readString(Path.of("docs/tcp.md"));
        assertTrue(text.contains(".deferAccept(Duration.ofSeconds(3))"));
        assertTrue(text.contains("options.applyTo(new ServerBootstrap(), EpollServerSocketChannel.class)"));
    }
}
