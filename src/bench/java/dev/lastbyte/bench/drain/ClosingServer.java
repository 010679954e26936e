package dev.lastbyte.bench.drain;

import dev.lastbyte.CloseStrategy;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.bench.netty.LoopGap;
import dev.lastbyte.bench.netty.LoopbackServer;
import dev.lastbyte.bench.process.ChildProcess;
import dev.lastbyte.bench.process.ChildProgram;
import dev.lastbyte.demo.Transport;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.GracefulCloseManager;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The server of {@code closing}, in a process of its own: one event loop whose connections are closed all at once. */
final class ClosingServer {
    private static final long PATIENCE_SECONDS = 120;

    /** Enough for the answer of a connection that is not read from. */
    private static final int SEND_BUFFER = 64 * 1024;

    private final ClosingVariant variant;
    private @Nullable Channel listener;
    private @Nullable GracefulCloseManager manager;
    private HeldConnections held = new HeldConnections(0);
    private @Nullable LoopGap gap;

    private ClosingServer(ClosingVariant variant) {
        this.variant = variant;
    }

    static ChildProcess start(List<String> jvmOptions, ClosingVariant variant) throws IOException {
        return ChildProcess.jvm(
                jvmOptions,
                ClosingServer.class,
                List.of(
                        variant.transport().name(),
                        Boolean.toString(variant.managed()),
                        Boolean.toString(variant.delivered())));
    }

    /** Takes what {@link #start} has told: the three parts of the variant. */
    public static void main(String[] arguments) {
        ClosingVariant variant = new ClosingVariant(
                Transport.valueOf(arguments[0]),
                Boolean.parseBoolean(arguments[1]),
                Boolean.parseBoolean(arguments[2]));
        ChildProgram.run(new ClosingServer(variant)::run);
    }

    private void run() throws Exception {
        try (LoopbackServer server = new LoopbackServer(variant.transport(), 1)) {
            ChildProgram.obey(words -> switch (words.get(0)) {
                case "listen" -> listen(server, Integer.parseInt(words.get(1)), Duration.parse(words.get(2)));
                case "heap" -> HeapHistogram.line();
                case "close" -> close(Integer.parseInt(words.get(1)));
                case "watch" -> watch();
                case "drain" -> drain(Duration.parse(words.get(1)));
                case "end" -> end();
                default -> throw ChildProgram.unknown(words);
            });
        }
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
        IdlePeers.Answer answer = new IdlePeers.Answer();
        Channel opened = server.listen(
                new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(
                                        variant.managed() ? manager.newHandler() : new GracefulCloseHandler(config),
                                        answer);
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
        return (variant.delivered() ? builder.quietPeriod(closeTimeout) : builder).build();
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
}
