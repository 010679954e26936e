package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.ScriptedPeer;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.DefaultFileRegion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Connections that die with output queued, in whatever way: the report counts what was lost. */
@RealSockets
class UnsentIT {
    private static final String TCP = "dev.lastbyte.testing.Transports#tcp";
    private static final int LENGTH = 20 << 20;
    private static final int FILE = 100_000;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @MethodSource(TCP)
    void openConnection_peerResets_countsWhatWasQueued(Transports transport) throws Exception {
        try (TestServer server = server(transport, ctx -> {
            Answer.write(ctx, LENGTH);
            ctx.flush();
        })) {
            TestServer.Close close = server.play(ScriptedPeer.RESETS);
            assertEquals(CloseOutcome.RESET_BY_PEER, close.report().outcome(), close::toString);
            assertEquals(CloseCause.RESET, close.report().cause(), close::toString);
            assertLoss(close.report(), close.peer().bytes());
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void openConnection_peerResets_countsAFileToo(Transports transport) throws Exception {
        Path file = Files.write(directory.resolve("body"), new byte[LENGTH]);
        try (TestServer server =
                server(transport, ctx -> ctx.writeAndFlush(new DefaultFileRegion(file.toFile(), 0, LENGTH)))) {
            TestServer.Close close = server.play(ScriptedPeer.RESETS);
            assertEquals(CloseOutcome.RESET_BY_PEER, close.report().outcome(), close::toString);
            assertLoss(close.report(), close.peer().bytes());
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void openConnection_writeFails_countsWhatWasQueued(Transports transport) throws Exception {
        Path file = Files.write(directory.resolve("body"), new byte[FILE]);
        CompletableFuture<Channel> channel = new CompletableFuture<>();
        try (TestServer server = server(transport, ctx -> {
                    ctx.write(new DefaultFileRegion(file.toFile(), 0, 2 * FILE));
                    Answer.write(ctx, FILE);
                    ctx.flush();
                    channel.complete(ctx.channel());
                });
                PeerRun peer = server.connect(0)) {
            peer.request();
            CloseReport report = server.report(channel.get(30, TimeUnit.SECONDS));
            assertEquals(CloseOutcome.UNDELIVERED, report.outcome(), report::toString);
            assertEquals(2 * FILE, report.unsentBytes(), report::toString);
            assertInstanceOf(IOException.class, report.failure().orElseThrow());
        }
    }

    /** Not on io_uring: its loop ends with operations in the ring, and then closes no channel at all. */
    @ParameterizedTest
    @EnumSource(
            value = Transports.class,
            names = {"NIO", "EPOLL"})
    void openConnection_groupShutsDown_countsWhatWasQueued(Transports transport) throws Exception {
        CompletableFuture<Channel> channel = new CompletableFuture<>();
        try (TestServer server = server(transport, ctx -> {
                    Answer.write(ctx, LENGTH);
                    ctx.flush();
                    channel.complete(ctx.channel());
                });
                PeerRun peer = server.connect(0)) {
            peer.request();
            channel.get(30, TimeUnit.SECONDS);
            server.group().shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS);
            CloseReport report = server.report(channel.get());
            peer.readAll();
            assertEquals(CloseOutcome.UNDELIVERED, report.outcome(), report::toString);
            assertEquals(CloseCause.EVENT_LOOP_SHUTDOWN, report.cause());
            assertEquals(LENGTH, peer.bytes() + report.unsentBytes(), report::toString);
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void closingConnection_peerResets_countsWhatWasQueued(Transports transport) throws Exception {
        try (TestServer server = server(transport, ctx -> {
            Answer.write(ctx, LENGTH);
            ctx.close();
        })) {
            TestServer.Close close = server.play(ScriptedPeer.RESETS);
            assertEquals(CloseOutcome.RESET_BY_PEER, close.report().outcome(), close::toString);
            assertLoss(close.report(), close.peer().bytes());
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void closingConnection_handlerIsRemovedInCloseStarted_isACut(Transports transport) throws Exception {
        int length = 3 << 20;
        try (TestServer server = TestServer.on(transport)
                        .handlers(c -> c.pipeline().addLast(new RemovesTheHandler(), new Answer(ctx -> {
                            Answer.write(ctx, length);
                            ctx.close();
                        })))
                        .start();
                PeerRun peer = server.connect(0)) {
            peer.request();
            CloseReport report = server.report(server.accepted());
            assertEquals(CloseOutcome.ABORTED, report.outcome(), report::toString);
            assertEquals(CloseCause.HANDLER_REMOVED, report.cause());
            assertEquals(length, report.unsentBytes());
            peer.readAll();
            assertFalse(peer.isEof(), "a truncated answer looks complete");
        }
    }

    /** More than was read may have left, but no more than was not counted as unsent. */
    private static void assertLoss(CloseReport report, long read) {
        assertTrue(report.unsentBytes() > 0 && report.unsentBytes() <= LENGTH - read, () -> read + " " + report);
    }

    private static TestServer server(Transports transport, Consumer<ChannelHandlerContext> answer) {
        return TestServer.on(transport)
                .handlers(c -> c.pipeline().addLast(new Answer(answer)))
                .start();
    }

    /** Takes our handler out as soon as it closes. */
    private static final class RemovesTheHandler extends ChannelInboundHandlerAdapter implements ConnectionEvents {
        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            GracefulCloseHandler.listen(ctx, this);
        }

        @Override
        public void closeStarted(ChannelHandlerContext ctx) {
            ctx.pipeline().remove(GracefulCloseHandler.class);
        }
    }
}
