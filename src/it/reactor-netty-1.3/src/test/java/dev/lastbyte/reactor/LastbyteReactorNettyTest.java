package dev.lastbyte.reactor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.drain.DrainPhase;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.GracefulCloseManager;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.tcp.TcpServer;

/** Servers on Reactor Netty with Lastbyte, drained in the middle of their work. */
class LastbyteReactorNettyTest {
    private static Socket connect(DisposableServer server) throws Exception {
        return new Socket(InetAddress.getByName("127.0.0.1"), server.port());
    }

    private static void send(Socket socket, String text) throws Exception {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static String rest(Socket socket) throws Exception {
        InputStream in = socket.getInputStream();
        socket.setSoTimeout(20_000);
        return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    }

    @Test
    void http_codeOfTheDocs_servesAndDrains() throws Exception {
        HttpServer server =
                HttpServer.create().port(0).handle((request, response) -> response.sendString(Mono.just("hello\n")));
        GracefulCloseManager manager = GracefulCloseManager.create();
        DisposableServer bound = LastbyteReactorNetty.install(server, manager).bindNow();
        try (Socket client = connect(bound)) {
            send(client, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
            assertEquals('H', client.getInputStream().read());
            manager.close();
            assertTrue(rest(client).contains("hello\n"));
        }
        bound.disposeNow();
        assertEquals(DrainPhase.DRAINED, manager.phase());
        String page = Files.readString(Path.of("../../../docs/frameworks/reactor-netty.md"));
        for (String line : new String[] {
            "GracefulCloseManager manager = GracefulCloseManager.create();",
            "DisposableServer bound = LastbyteReactorNetty.install(server, manager).bindNow();",
            "manager.close();",
            "bound.disposeNow();"
        }) {
            assertTrue(page.contains(line), line);
        }
    }

    @Test
    void http_managerWithoutFarewells_endsARequestInProgressWithConnectionClose() throws Exception {
        Sinks.One<String> answer = Sinks.one();
        CountDownLatch asked = new CountDownLatch(1);
        HttpServer server = HttpServer.create().port(0).handle((request, response) -> {
            asked.countDown();
            return response.sendString(answer.asMono());
        });
        GracefulCloseManager manager = GracefulCloseManager.create();
        DisposableServer bound = LastbyteReactorNetty.install(server, manager).bindNow();
        try (Socket client = connect(bound)) {
            send(client, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
            assertTrue(asked.await(20, TimeUnit.SECONDS));
            CompletableFuture<DrainReport> drained = manager.drain();
            while (manager.phase() != DrainPhase.FINISHING) {
                Thread.onSpinWait();
            }
            answer.tryEmitValue("late\n");
            String text = rest(client);
            assertTrue(text.toLowerCase().contains("connection: close"), text);
            assertTrue(text.contains("late\n"), text);
            assertEquals(
                    DrainReport.Outcome.COMPLETE,
                    drained.get(20, TimeUnit.SECONDS).outcome());
        } finally {
            bound.disposeNow();
        }
    }

    @Test
    void tcp_exchangeInProgress_isAwaited_andItsAnswerArrivesWhole() throws Exception {
        Sinks.One<String> answer = Sinks.one();
        CountDownLatch asked = new CountDownLatch(1);
        TcpServer server = TcpServer.create().port(0).handle((in, out) -> in.receive()
                .asString()
                .take(1)
                .flatMap(question -> {
                    in.withConnection(c -> GracefulCloseHandler.exchangeStarted(c.channel()));
                    asked.countDown();
                    return out.sendString(answer.asMono())
                            .then(Mono.fromRunnable(
                                    () -> in.withConnection(c -> GracefulCloseHandler.exchangeEnded(c.channel()))));
                })
                .then());
        GracefulCloseManager manager = GracefulCloseManager.builder()
                .drainPolicy(DrainPolicy.builder()
                        .drainTimeout(Duration.ofSeconds(20))
                        .build())
                .build();
        DisposableServer bound = LastbyteReactorNetty.install(server, manager).bindNow();
        try (Socket client = connect(bound)) {
            send(client, "question");
            assertTrue(asked.await(20, TimeUnit.SECONDS));
            CompletableFuture<DrainReport> drained = manager.drain();
            while (manager.phase() != DrainPhase.FINISHING) {
                Thread.onSpinWait();
            }
            assertEquals(1, manager.openConnections());
            answer.tryEmitValue("answer");
            assertEquals("answer", rest(client));
            assertEquals(0, drained.get(20, TimeUnit.SECONDS).forced());
        } finally {
            bound.disposeNow();
        }
    }
}
