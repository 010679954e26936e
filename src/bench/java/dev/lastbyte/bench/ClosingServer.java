package dev.lastbyte.bench;

import dev.lastbyte.CloseStrategy;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.demo.Transport;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.GracefulCloseManager;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The server of {@code closing}, in a process of its own: one event loop whose connections are closed all at once. */
@Command(name = "closing-server", hidden = true, description = "The server of 'closing'.")
public final class ClosingServer implements Callable<Integer> {
    private static final long PATIENCE_SECONDS = 120;

    /** Enough for the answer of a connection that is not read from. */
    private static final int SEND_BUFFER = 64 * 1024;

    @Parameters(index = "0")
    private Transport transport = Transport.NIO;

    @Parameters(index = "1")
    private boolean managed;

    @Parameters(index = "2")
    private boolean delivered;

    private @Nullable Channel listener;
    private @Nullable GracefulCloseManager manager;
    private HeldConnections held = new HeldConnections(0);
    private @Nullable LoopGap gap;

    @Override
    public Integer call() throws Exception {
        try (LoopbackServer server = new LoopbackServer(transport, 1)) {
            Orders.obey(words -> switch (words.get(0)) {
                case "listen" -> listen(server, Integer.parseInt(words.get(1)), Duration.parse(words.get(2)));
                case "heap" -> HeapHistogram.line();
                case "close" -> close(Integer.parseInt(words.get(1)));
                case "watch" -> watch();
                case "drain" -> drain(Duration.parse(words.get(1)));
                case "end" -> end();
                default -> throw Orders.unknown(words);
            });
        }
        return 0;
    }

    /** Awaits so many new connections. */
    private String listen(LoopbackServer server, int count, Duration closeTimeout) {
        if (listener != null) {
            listener.close().syncUninterruptibly();
        }
        HeldConnections connections = new HeldConnections(count);
        connections.expectTimeout(closeTimeout.toNanos());
        held = connections;
        GracefulCloseConfig config = config(closeTimeout, connections);
        GracefulCloseManager manager = GracefulCloseManager.builder()
                .connections(config)
                .maxClosing(Integer.MAX_VALUE)
                .maxClosingBytes(Long.MAX_VALUE)
                .build();
        this.manager = manager;
        OneByteAnswer answer = new OneByteAnswer();
        Channel opened = server.listen(
                new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(managed ? manager.newHandler() : new GracefulCloseHandler(config), answer);
                        connections.add(channel);
                    }
                },
                SEND_BUFFER);
        listener = opened;
        return "listening " + LoopbackServer.port(opened);
    }

    /** Nothing but {@code closeTimeout} ends a close. */
    private GracefulCloseConfig config(Duration closeTimeout, HeldConnections connections) {
        Duration longer = closeTimeout.multipliedBy(2);
        GracefulCloseConfig.Builder builder = GracefulCloseConfig.builder()
                .strategy(CloseStrategy.FULL)
                .closeTimeout(closeTimeout)
                .flushTimeout(longer)
                .eofTimeout(longer)
                .stallTimeout(longer)
                .deliveredTimeout(longer)
                .closeListener((channel, report) -> connections.ended(report));
        // without delivery it does not begin, but says how often is checked: as often as by default
        return (delivered ? builder.quietPeriod(closeTimeout) : builder).build();
    }

    private String close(int bytes) throws InterruptedException {
        held.closeAll(bytes).sync();
        return "closing " + held.open();
    }

    /** Watches the event loop; says how many connections are still closing. */
    private String watch() throws InterruptedException {
        gap = LoopGap.watch(held.loop());
        return "closing " + held.open();
    }

    private String drain(Duration timeout) throws InterruptedException, IOException {
        GracefulCloseManager drained = manager;
        if (drained == null) {
            throw new IOException("nothing to drain");
        }
        EventLoop loop = held.loop();
        long deadline = System.nanoTime() + timeout.toNanos();
        loop.submit(() -> held.expectDeadline(deadline)).sync();
        drained.drain(DrainPolicy.builder().drainTimeout(timeout).build());
        return "draining";
    }

    /** Waits for all ends. */
    private String end() throws Exception {
        LoopGap watched = gap;
        if (watched == null || !held.allEnded().await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new IOException(held.open() + " connections have not ended");
        }
        double millis = watched.endMillis(); // the event loop has passed since: what it wrote can be read
        return "ended " + millis + " " + held.worstLateMillis() + " " + held.early() + " " + held.unacknowledged();
    }

    /** The arguments of a server for the given variant. */
    static List<String> arguments(ClosingVariant variant) {
        return List.of(
                "closing-server",
                variant.transport().name(),
                Boolean.toString(variant.managed()),
                Boolean.toString(variant.delivered()));
    }
}
