package dev.lastbyte.it;

import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.reactor.LastbyteReactorNetty;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.Version;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.Http11SslContextSpec;
import reactor.netty.http.Http2SslContextSpec;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.server.HttpServer;

/** The server that is stopped under load. */
public final class App {
    private static final Duration GRACE = Duration.ofSeconds(15);

    private App() {}

    public static void main(String[] args) throws Exception {
        Map<String, String> given = new HashMap<>();
        for (String arg : args) {
            given.put(arg.substring(0, arg.indexOf('=')), arg.substring(arg.indexOf('=') + 1));
        }
        HttpServer server = HttpServer.create().port(0).route(routes -> routes.get(
                        "/hello", (request, response) -> response.sendString(Mono.just("hello\n")))
                .get(
                        "/slow",
                        (request, response) ->
                                response.sendString(Mono.just("slow\n").delayElement(Duration.ofSeconds(3))))
                .get("/sse", (request, response) -> response.sse()
                        .send(
                                Flux.range(0, 40)
                                        .delayElements(Duration.ofMillis(100))
                                        .map(n -> bytes("data:event " + n + "\n\n")),
                                b -> true))
                .post("/upload", (request, response) -> response.status(413)
                        .keepAlive(false)
                        .sendString(Mono.just("too large\n")))
                .ws("/ws", (in, out) -> out.sendString(Flux.interval(Duration.ofMillis(200))
                                .onBackpressureDrop()
                                .map(n -> "tick " + n))
                        .then()
                        .and(in.receive())));
        server = speaking(server, given);
        switch (given.get("mode")) {
            case "lastbyte" -> lastbyte(server);
            case "graceful" -> graceful(server);
            default -> throw new IllegalArgumentException(given.toString());
        }
    }

    private static HttpServer speaking(HttpServer server, Map<String, String> given) throws Exception {
        boolean second = given.get("protocol").startsWith("h2");
        if (!given.containsKey("tls")) {
            return second ? server.protocol(HttpProtocol.H2C, HttpProtocol.HTTP11) : server;
        }
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(Path.of(given.get("tls")))) {
            store.load(in, "lastbyte".toCharArray());
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, "lastbyte".toCharArray());
        return second
                ? server.secure(ssl -> ssl.sslContext(Http2SslContextSpec.forServer(keys)))
                        .protocol(HttpProtocol.H2, HttpProtocol.HTTP11)
                : server.secure(ssl -> ssl.sslContext(Http11SslContextSpec.forServer(keys)));
    }

    private static void lastbyte(HttpServer server) throws Exception {
        GracefulCloseManager manager = GracefulCloseManager.builder()
                .drainPolicy(DrainPolicy.builder()
                        .drainTimeout(Duration.ofSeconds(20))
                        .longLivedPeriod(Duration.ofSeconds(3))
                        .build())
                .build();
        DisposableServer bound = LastbyteReactorNetty.install(server, manager).bindNow();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            manager.close(); // drains, and waits
            bound.disposeNow();
        }));
        serve(bound);
    }

    /** As Reactor Netty's own documentation has it: disposeNow waits for the connections of a channel group. */
    private static void graceful(HttpServer server) {
        DisposableServer bound = server.channelGroup(new io.netty.channel.group.DefaultChannelGroup(
                        io.netty.util.concurrent.GlobalEventExecutor.INSTANCE))
                .bindNow();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> bound.disposeNow(GRACE)));
        serve(bound);
    }

    private static void serve(DisposableServer bound) {
        System.out.println("RUNS Reactor Netty " + HttpServer.class.getPackage().getImplementationVersion() + " (Netty "
                + Version.identify().get("netty-common").artifactVersion() + ")");
        System.out.println("PORT " + bound.port());
        bound.onDispose().block();
    }

    private static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
    }
}
