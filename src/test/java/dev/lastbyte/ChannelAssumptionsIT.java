package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.EventRecorder;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.KernelSockets;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.RequestOnlyAllocator;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.DuplexChannel;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What Netty does around closing, without this library: the library stands on it. */
@RealSockets
class ChannelAssumptionsIT {
    private static final String TCP = "dev.lastbyte.testing.Transports#tcp";
    private static final int LARGE = 32 << 20;

    @ParameterizedTest
    @EnumSource(Transports.class)
    void shutdownOutput_withBytesQueued_dropsThemAndSendsACleanFin(Transports transport) throws Exception {
        CompletableFuture<ChannelFuture> shutdown = new CompletableFuture<>();
        try (TestServer server = TestServer.on(transport)
                        .withoutHandler()
                        .handlers(c -> c.pipeline().addLast(new Answer(ctx -> {
                            Answer.write(ctx, LARGE);
                            ctx.flush();
                            shutdown.complete(((DuplexChannel) ctx.channel()).shutdownOutput());
                        })))
                        .start();
                PeerRun peer = server.connect(0)) {
            peer.request();
            assertTrue(shutdown.get(30, TimeUnit.SECONDS).await().isSuccess());
            peer.readAll();
            assertTrue(peer.result().wasDeceived(LARGE), () -> peer.result().toString());
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void plainClose_withUnreadInput_losesTheAnswer(Transports transport) throws Exception {
        int length = 1 << 20;
        try (TestServer server = TestServer.on(transport)
                        .withoutHandler()
                        .handlers(c -> {
                            c.config().setRecvByteBufAllocator(new RequestOnlyAllocator());
                            c.pipeline().addLast(Answer.thenClose(length));
                        })
                        .start();
                PeerRun peer = server.connect(0)) {
            Assumptions.assumeTrue(KernelSockets.areVisible(), "/proc/net/tcp cannot be read");
            peer.requestAndBody(64 * 1024);
            int port = peer.socket().localPort();
            Eventually.await("connection dropped", () -> KernelSockets.state(server.port(), port)
                    .isEmpty());
            peer.readAll();
            assertTrue(peer.result().bytes() < length, () -> peer.result().toString());
        }
    }

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#graceful")
    void peersFin_halfClosureOff_endsTheChannel(Transports transport) throws Exception {
        assertEquals("inactive", endAfterFin(transport, false));
    }

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#graceful")
    void peersFin_halfClosureSwitchedOnLate_leavesTheChannelActive(Transports transport) throws Exception {
        assertEquals("input shut down, active", endAfterFin(transport, true));
    }

    @ParameterizedTest
    @CsvSource({"NIO_UNIX, false", "IO_URING_UNIX, true"})
    void peersFin_unixSocketThatIgnoresHalfClosure_endsTheChannel(Transports transport, boolean optionTaken)
            throws Exception {
        EventRecorder events = new EventRecorder();
        try (TestServer server = TestServer.on(transport)
                        .withoutHandler()
                        .handlers(c -> c.pipeline().addLast(events))
                        .start();
                PeerRun peer = server.connect(0)) {
            Channel channel = server.accepted();
            assertEquals(optionTaken, channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true));
            peer.shutdownOutput();
            assertEquals("inactive", events.end());
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void peersReset_halfClosureOff_endsTheChannel(Transports transport) throws Exception {
        EventRecorder events = new EventRecorder();
        try (TestServer server = reset(transport, false, events)) {
            assertInstanceOf(IOException.class, events.failure());
            assertEquals("inactive", events.end());
            assertTrue(server.accepted().closeFuture().await(30, TimeUnit.SECONDS));
        }
    }

    /** The reason for which half-closure is switched off again as soon as it is not needed. */
    @ParameterizedTest
    @MethodSource(TCP)
    void peersReset_halfClosureOn_leavesTheChannelOpen(Transports transport) throws Exception {
        EventRecorder events = new EventRecorder();
        try (TestServer server = reset(transport, true, events)) {
            assertInstanceOf(IOException.class, events.failure());
            assertTrue(events.end().startsWith("input shut down"));
            Channel channel = server.accepted();
            assertTrue(channel.isOpen());
            channel.close();
        }
    }

    @Test
    void close_voidPromise_isRefusedByThePipeline() throws Exception {
        try (TestServer server = TestServer.on(Transports.NIO).start();
                PeerRun peer = server.connect(0)) {
            Channel channel = server.accepted();
            assertThrows(IllegalArgumentException.class, () -> channel.close(channel.voidPromise()));
            channel.close();
            peer.readAll();
        }
    }

    private static String endAfterFin(Transports transport, boolean halfClosure) throws Exception {
        EventRecorder events = new EventRecorder();
        try (TestServer server = TestServer.on(transport)
                        .withoutHandler()
                        .handlers(c -> c.pipeline().addLast(events))
                        .start();
                PeerRun peer = server.connect(0)) {
            peer.request();
            events.awaitRead();
            Channel channel = server.accepted();
            assertTrue(channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, halfClosure));
            peer.shutdownOutput();
            String end = events.end();
            channel.close();
            return end;
        }
    }

    /** Our FIN first, then the peer's RST. */
    private static TestServer reset(Transports transport, boolean halfClosure, EventRecorder events) throws Exception {
        TestServer server = TestServer.on(transport)
                .withoutHandler()
                .options(b -> b.childOption(ChannelOption.ALLOW_HALF_CLOSURE, halfClosure))
                .handlers(c -> c.pipeline()
                        .addLast(events, new Answer(ctx -> ((DuplexChannel) ctx.channel()).shutdownOutput())))
                .start();
        try (PeerRun peer = server.connect(0)) {
            peer.request();
            peer.readAll();
            peer.socket().reset();
        }
        return server;
    }
}
