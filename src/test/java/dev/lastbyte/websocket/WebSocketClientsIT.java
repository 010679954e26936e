package dev.lastbyte.websocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.lastbyte.CloseReport;
import dev.lastbyte.FarewellReport;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.Drained;
import dev.lastbyte.drain.ManagedServer;
import dev.lastbyte.http.HttpFarewellHandler;
import dev.lastbyte.testing.NodeScript;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.codec.http.websocketx.extensions.compression.WebSocketServerCompressionHandler;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Drains with clients that others have written: what each says of the Close, and of the messages before it. */
@RealSockets
class WebSocketClientsIT {
    private static final int CLIENTS = 4;
    private static final int DRAINS = 2;
    private static final DrainPolicy POLICY = Drained.POLICY.toBuilder()
            .gracePeriod(Duration.ofMillis(20))
            .longLivedPeriod(Duration.ofMillis(20))
            .drainTimeout(Duration.ofSeconds(10))
            .build();

    private final Collection<WebSocketTraffic> applications = new ConcurrentLinkedQueue<>();

    /** {@code ws} asks for compression; the built-in client has the interface of browsers. */
    @ParameterizedTest
    @CsvSource({
        "NIO,ws,1001",
        "NIO,built-in,1001",
        "EPOLL,ws,1012",
        "EPOLL,built-in,1012",
        "IO_URING,ws,4321",
        "IO_URING,built-in,1001"
    })
    void node_hearsTheClose_andEverythingBefore(Transports transport, String client, int status) throws Exception {
        for (int i = 0; i < DRAINS; i++) {
            try (ManagedServer server = start(transport, status);
                    NodeScript node = NodeScript.start(
                            client.equals("ws") ? List.of() : List.of("--experimental-websocket"),
                            "websocket-client.js",
                            client,
                            uri(server).toString(),
                            String.valueOf(CLIENTS))) {
                String said = node.nextLine();
                assumeFalse(said.equals("missing") || said.contains("bad option"), "this Node.js has no " + client);
                assertTrue(
                        said.equals("open permessage-deflate")
                                || (client.equals("built-in") && said.startsWith("open ")),
                        said);
                DrainReport report = Drained.await(server.manager.drain(), POLICY.drainTimeout());
                List<String> lines = new ArrayList<>();
                for (int j = 0; j < CLIENTS; j++) {
                    lines.add(node.nextLine());
                }
                List<String> expected = applications.stream()
                        .map(a -> "closed " + status + " restart " + a.received() + " " + a.sent() + " none")
                        .sorted()
                        .toList();
                assertEquals(expected, lines.stream().sorted().toList());
                check(server, report);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    void java_hearsTheClose_andEverythingBefore(Transports transport) throws Exception {
        HttpClient http = HttpClient.newHttpClient();
        for (int i = 0; i < DRAINS; i++) {
            try (ManagedServer server = start(transport, 1012)) {
                List<JavaClient> clients = new ArrayList<>();
                for (int j = 0; j < CLIENTS; j++) {
                    clients.add(new JavaClient(http, uri(server)));
                }
                for (JavaClient client : clients) {
                    client.awaitTraffic();
                }
                DrainReport report = Drained.await(server.manager.drain(), POLICY.drainTimeout());
                List<String> said = new ArrayList<>();
                for (JavaClient client : clients) {
                    said.add(client.end());
                }
                List<String> expected = applications.stream()
                        .map(a -> "closed 1012 restart " + a.sent() + " none")
                        .sorted()
                        .toList();
                assertEquals(expected, said.stream().sorted().toList());
                check(server, report);
            }
        }
    }

    private ManagedServer start(Transports transport, int status) {
        applications.clear();
        WebSocketFarewellConfig config = WebSocketFarewellConfig.builder()
                .status(status)
                .reason("restart")
                .build();
        return ManagedServer.on(transport)
                .policy(POLICY)
                .handlers(channel -> addHandlers(channel, config))
                .start();
    }

    private void addHandlers(Channel channel, WebSocketFarewellConfig config) {
        WebSocketTraffic traffic = new WebSocketTraffic();
        applications.add(traffic);
        channel.pipeline()
                .addLast(new HttpServerCodec(), new HttpFarewellHandler(), new HttpObjectAggregator(1024))
                .addLast(new WebSocketServerCompressionHandler(0))
                .addLast(new WebSocketServerProtocolHandler("/", null, true))
                .addLast(new WebSocketFarewellHandler(config), traffic);
    }

    private static void check(ManagedServer server, DrainReport report) {
        assertEquals(DrainReport.Outcome.COMPLETE, report.outcome(), report::toString);
        assertEquals(CLIENTS, Drained.closed(report), report::toString);
        for (CloseReport close : server.reports) {
            FarewellReport farewell = close.farewell().orElseThrow();
            assertEquals("websocket", farewell.protocol(), close::toString); // HTTP has handed over
            assertEquals(FarewellReport.Outcome.ANSWERED, farewell.outcome(), close::toString);
            assertEquals(0, farewell.lostRequests() + farewell.refusedRequests(), close::toString);
        }
    }

    private static URI uri(ManagedServer server) {
        return URI.create("ws://127.0.0.1:" + ((InetSocketAddress) server.address()).getPort() + "/");
    }

    /** The JDK's client: answers each message with one of its own. */
    private static final class JavaClient implements WebSocket.Listener {
        private final CountDownLatch underWay = new CountDownLatch(4);
        private final CompletableFuture<String> end = new CompletableFuture<>();
        private final StringBuilder message = new StringBuilder();
        private CompletableFuture<WebSocket> sending = CompletableFuture.completedFuture(null);
        private long received;
        private String problem = "none";

        JavaClient(HttpClient http, URI uri) {
            http.newWebSocketBuilder().buildAsync(uri, this).join();
        }

        void awaitTraffic() throws InterruptedException {
            assertTrue(underWay.await(ManagedServer.PATIENCE_SECONDS, TimeUnit.SECONDS), "no messages came");
        }

        String end() throws Exception {
            return end.get(ManagedServer.PATIENCE_SECONDS, TimeUnit.SECONDS);
        }

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
            message.append(part);
            if (last) {
                problem =
                        message.toString().equals(WebSocketTraffic.message(received)) ? problem : "message-" + received;
                String answer = "c" + received;
                sending = sending.thenCompose(before -> socket.sendText(answer, true));
                message.setLength(0);
                received++;
                underWay.countDown();
            }
            socket.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
            end.complete("closed " + status + " " + reason + " " + received + " " + problem);
            return null; // the client answers by itself
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            end.completeExceptionally(new CompletionException(error));
        }
    }
}
