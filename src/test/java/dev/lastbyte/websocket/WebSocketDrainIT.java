package dev.lastbyte.websocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseReport;
import dev.lastbyte.FarewellReport;
import dev.lastbyte.drain.DrainPhase;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.Drained;
import dev.lastbyte.drain.ManagedServer;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import dev.lastbyte.testing.WebSocketPeer;
import dev.lastbyte.testing.WebSocketPeer.Frame;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** WebSockets with messages in both directions, drained: no Close frame is lost, no message cut, lost or out of order. */
@RealSockets
class WebSocketDrainIT {
    private static final String TCP = "dev.lastbyte.testing.Transports#tcp";
    private static final String GRACEFUL = "dev.lastbyte.testing.Transports#graceful";
    private static final int CLIENTS = 3;
    private static final int DRAINS = 12;
    private static final int HEAVY_DRAINS = 1000;
    private static final int CLOSES = 5;

    private static final DrainPolicy POLICY = Drained.POLICY.toBuilder()
            .gracePeriod(Duration.ofMillis(20))
            .longLivedPeriod(Duration.ofMillis(20))
            .drainTimeout(Duration.ofSeconds(10))
            .build();

    private static final WebSocketFarewellConfig CONFIG =
            WebSocketFarewellConfig.builder().status(1012).reason("restart").build();

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void drains_underTraffic_loseNothing(Transports transport) throws Exception {
        long messages = 0;
        for (int i = 0; i < DRAINS; i++) {
            messages += drain(transport, CONFIG);
        }
        assertTrue(messages >= DRAINS * CLIENTS, () -> "next to no traffic");
    }

    @ParameterizedTest
    @MethodSource(TCP)
    @Tag("heavy")
    @Timeout(1200)
    void thousandDrains_underTraffic_loseNothing(Transports transport) throws Exception {
        long begin = System.nanoTime();
        long messages = 0;
        for (int i = 0; i < HEAVY_DRAINS; i++) {
            messages += drain(transport, CONFIG);
        }
        System.out.println(transport + ": " + HEAVY_DRAINS + " drains of " + CLIENTS + " WebSockets, " + messages
                + " messages, all whole and in order, every Close frame read and answered, in "
                + TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin) + " s");
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void farewellAtDrain_doesNotWaitForTheLongLivedPeriod(Transports transport) throws Exception {
        transport.assumeAvailable();
        DrainPolicy policy = POLICY.toBuilder()
                .gracePeriod(Duration.ofSeconds(8))
                .longLivedPeriod(Duration.ofSeconds(8))
                .build();
        DrainReport report =
                drain(transport, policy, CONFIG.toBuilder().farewellAtDrain().build(), new ArrayList<>());
        assertTrue(report.totalTime().compareTo(Duration.ofSeconds(4)) < 0, report::toString);
    }

    /** Nobody keeps a drain from ending in time: not a message that is never finished, nor a peer that never answers. */
    @ParameterizedTest
    @MethodSource(TCP)
    void messageWithoutEnd_toAPeerThatDoesNotAnswer_leavesTheDrainItsTime(Transports transport) throws Exception {
        DrainPolicy policy =
                POLICY.toBuilder().drainTimeout(Duration.ofMillis(1500)).build();
        WebSocketFarewellConfig patient = CONFIG.toBuilder()
                .messageTimeout(Duration.ofHours(1))
                .answerTimeout(Duration.ofHours(1))
                .build();
        try (ManagedServer server = ManagedServer.on(transport)
                        .policy(policy)
                        .handlers(channel -> {
                            addWebSocket(channel);
                            channel.pipeline().addLast(new WebSocketFarewellHandler(patient), new NeverFinishes());
                        })
                        .start();
                WebSocketPeer peer = WebSocketPeer.connect(server.address())) {
            Frame first = peer.read();
            assertTrue(first != null && first.opcode() == WebSocketPeer.TEXT && !first.last());
            CompletableFuture<DrainReport> drain = server.manager.drain();
            Frame close = peer.read();
            assertTrue(close != null && close.opcode() == WebSocketPeer.CLOSE);
            assertNull(peer.read());
            DrainReport report = Drained.await(drain, policy.drainTimeout());
            assertEquals(DrainReport.Outcome.COMPLETE, report.outcome(), report::toString);
            FarewellReport farewell =
                    server.reports.iterator().next().farewell().orElseThrow();
            assertEquals(FarewellReport.Outcome.UNANSWERED, farewell.outcome());
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void handshake_duringADrain_withFarewellAtDrain_isToldAtOnce(Transports transport) throws Exception {
        DrainPolicy policy = POLICY.toBuilder()
                .idleAfter(Duration.ofSeconds(8))
                .gracePeriod(Duration.ofSeconds(8))
                .longLivedPeriod(Duration.ofSeconds(8))
                .build();
        WebSocketFarewellConfig atOnce = CONFIG.toBuilder().farewellAtDrain().build();
        try (ManagedServer server = ManagedServer.on(transport)
                        .policy(policy)
                        .handlers(channel -> {
                            addWebSocket(channel);
                            channel.pipeline().addLast(new WebSocketFarewellHandler(atOnce));
                        })
                        .start();
                WebSocketPeer peer = WebSocketPeer.silent(server.address(), 0)) {
            server.accepted();
            server.awaitOpen(1);
            CompletableFuture<DrainReport> drain = server.manager.drain();
            Eventually.await("finishing", () -> server.manager.phase() == DrainPhase.FINISHING);
            peer.shakeHands();
            Frame close = peer.read();
            assertTrue(close != null && close.status() == 1012);
            peer.sendClose(1012, "");
            assertNull(peer.read());
            DrainReport report = Drained.await(drain, policy.drainTimeout());
            assertEquals(DrainReport.Outcome.COMPLETE, report.outcome(), report::toString);
            assertTrue(report.totalTime().compareTo(Duration.ofSeconds(4)) < 0, report::toString);
        }
    }

    /** Returns how many messages arrived. */
    private static long drain(Transports transport, WebSocketFarewellConfig config) throws Exception {
        List<WebSocketClient> clients = new ArrayList<>();
        drain(transport, POLICY, config, clients);
        return clients.stream().mapToLong(c -> c.sent() + c.received()).sum();
    }

    private static DrainReport drain(
            Transports transport, DrainPolicy policy, WebSocketFarewellConfig config, List<WebSocketClient> clients)
            throws Exception {
        ConcurrentLinkedQueue<WebSocketTraffic> applications = new ConcurrentLinkedQueue<>();
        try (ManagedServer server = ManagedServer.on(transport)
                .policy(policy)
                .handlers(channel -> {
                    WebSocketTraffic traffic = new WebSocketTraffic();
                    applications.add(traffic);
                    addWebSocket(channel);
                    channel.pipeline().addLast(new WebSocketFarewellHandler(config), traffic);
                })
                .start()) {
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(new WebSocketClient(server.address()));
                server.accepted(); // one after the other, so that applications and clients have the same order
            }
            for (WebSocketClient client : clients) {
                client.awaitTraffic();
            }
            DrainReport report = Drained.await(server.manager.drain(), policy.drainTimeout());
            List<WebSocketTraffic> served = List.copyOf(applications);
            for (int i = 0; i < CLIENTS; i++) {
                check(clients.get(i).join(), served.get(i));
                clients.get(i).close();
            }
            assertEquals(DrainReport.Outcome.COMPLETE, report.outcome(), report::toString);
            assertEquals(0, report.lostRequests() + report.refusedRequests(), report::toString);
            assertEquals(CLIENTS, Drained.closed(report), report::toString);
            for (CloseReport close : server.reports) {
                assertEquals(
                        FarewellReport.Outcome.ANSWERED,
                        close.farewell().orElseThrow().outcome(),
                        close::toString);
                assertEquals(0, close.unsentBytes(), close::toString);
            }
            return report;
        } finally {
            for (WebSocketClient client : clients) {
                client.close();
            }
        }
    }

    private static void check(WebSocketClient client, WebSocketTraffic application) {
        assertNull(client.problem(), client::toString);
        Frame close = client.closeFrame();
        assertNotNull(close, client::toString);
        assertEquals("1012 restart", close.status() + " " + close.reason());
        assertEquals(application.sent(), client.received(), "the server's messages");
        assertEquals(client.sent(), application.received(), "the client's messages");
        assertTrue(application.isInOrder(), "the client's messages are out of order");
    }

    private static void addWebSocket(Channel channel) {
        channel.pipeline()
                .addLast(
                        new HttpServerCodec(), new HttpObjectAggregator(1024), new WebSocketServerProtocolHandler("/"));
    }

    // ---- the control -----------------------------------------------------------------------------------------------

    /** The Close frame behind a message that the peer has not read yet, while it goes on sending. */
    @ParameterizedTest
    @MethodSource(TCP)
    void closeFrame_whileThePeerGoesOnSending_arrives_nettyAloneLosesIt(Transports transport) throws Exception {
        transport.assumeAvailable();
        int lost = 0;
        int lostByNetty = 0;
        for (int i = 0; i < CLOSES; i++) {
            lost += readsClose(TestServer.on(transport), new WebSocketFarewellHandler(CONFIG)) ? 0 : 1;
            lostByNetty +=
                    readsClose(TestServer.on(transport).withoutHandler(), new ChannelInboundHandlerAdapter()) ? 0 : 1;
        }
        System.out.println(transport + ": of " + CLOSES + " Close frames Netty alone lost " + lostByNetty
                + ", with the handlers " + lost);
        assertEquals(0, lost);
        assertTrue(lostByNetty > 0, "the control has lost nothing");
    }

    private static boolean readsClose(TestServer.Builder builder, ChannelHandler farewell) throws Exception {
        try (TestServer server = builder.handlers(channel -> {
                            addWebSocket(channel);
                            channel.pipeline().addLast(farewell, new SaysMuchAndCloses());
                        })
                        .start();
                WebSocketPeer peer = WebSocketPeer.connect(server.address(), 16 * 1024)) {
            AtomicBoolean over = new AtomicBoolean();
            Thread sender = new Thread(() -> sendUntil(over, peer), "sender");
            sender.start();
            try {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20)); // a peer that is slow to read
                for (Frame frame = peer.read(); frame != null; frame = peer.read()) {
                    if (frame.opcode() == WebSocketPeer.CLOSE) {
                        return true;
                    }
                }
                return false;
            } catch (IOException e) {
                return false;
            } finally {
                over.set(true);
                sender.join();
            }
        }
    }

    private static void sendUntil(AtomicBoolean over, WebSocketPeer peer) {
        try {
            while (!over.get()) {
                peer.sendText("c");
                LockSupport.parkNanos(100_000);
            }
        } catch (IOException e) {
            // what the reader sees counts
        }
    }

    /** Begins a message, and leaves it at that. */
    private static final class NeverFinishes extends ChannelInboundHandlerAdapter {
        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof WebSocketServerProtocolHandler.HandshakeComplete) {
                ctx.writeAndFlush(new TextWebSocketFrame(false, 0, "begun"));
            }
            ctx.fireUserEventTriggered(event);
        }
    }

    /** As Netty's examples close a WebSocket. */
    private static final class SaysMuchAndCloses extends ChannelInboundHandlerAdapter {
        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof WebSocketServerProtocolHandler.HandshakeComplete) {
                ctx.write(new BinaryWebSocketFrame(Unpooled.wrappedBuffer(new byte[128 * 1024])));
                ctx.writeAndFlush(new CloseWebSocketFrame(1012, "restart")).addListener(ChannelFutureListener.CLOSE);
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
        }
    }
}
