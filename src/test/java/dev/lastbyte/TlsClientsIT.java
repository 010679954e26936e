package dev.lastbyte;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.Drained;
import dev.lastbyte.drain.ManagedServer;
import dev.lastbyte.testing.BytePattern;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.Listening;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.TestTls;
import dev.lastbyte.testing.TlsKind;
import dev.lastbyte.testing.Transports;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.ssl.SslContext;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Clients that exist: they ask while the server closes or drains, and whatever answer has begun is complete. */
@RealSockets
class TlsClientsIT {
    private static final String SOME = "dev.lastbyte.testing.TlsKind#onSome";
    private static final int PAGE = 200_000;
    private static final int PAGES = 300;
    private static final String REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    private static final String CLOSING_REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    /** The common pool of a machine with two cores has one thread, and what runs here blocks. */
    private static final Executor OWN_THREAD = task -> new Thread(task, "tls-client").start();

    private final AtomicInteger served = new AtomicInteger();

    @ParameterizedTest
    @MethodSource(SOME)
    void drain_sslSocketsAskOn_everyAnswerBegunIsComplete(Transports transport, TlsKind kind) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try (ManagedServer server = start(transport, kind)) {
            List<Future<Integer>> clients = new ArrayList<>();
            for (int client = 0; client < 4; client++) {
                boolean closeNotify = client % 2 == 0;
                clients.add(threads.submit(() -> askUntilRefused(server, closeNotify)));
            }
            Eventually.await("answers", () -> served.get() >= 40);
            DrainReport drain = Drained.await(server.manager.drain());
            assertEquals(DrainReport.Outcome.COMPLETE, drain.outcome(), drain::toString);
            for (Future<Integer> client : clients) {
                assertEquals(0, client.get(60, TimeUnit.SECONDS), "answers cut");
            }
            server.reports.forEach(report -> assertTrue(report.tlsEnd().isPresent(), report::toString));
        } finally {
            threads.shutdownNow();
        }
    }

    @ParameterizedTest
    @MethodSource(SOME)
    void drain_curlAsksOn_everyAnswerBegunIsComplete(Transports transport, TlsKind kind) throws Exception {
        needs("curl");
        try (ManagedServer server = start(transport, kind)) {
            List<String> command = new ArrayList<>(List.of("curl", "-sk", "--max-time", "60", "-w"));
            command.add("%{stderr}%{http_code} %{size_download} %{exitcode}\\n");
            for (int i = 0; i < PAGES; i++) {
                command.addAll(List.of("-o", "/dev/null", "https://127.0.0.1:" + port(server) + "/"));
            }
            Process curl = new ProcessBuilder(command).start();
            CompletableFuture<String> lines = read(curl.getErrorStream());
            Eventually.await("answers", () -> served.get() >= 3);
            DrainReport drain = Drained.await(server.manager.drain());
            assertEquals(DrainReport.Outcome.COMPLETE, drain.outcome(), drain::toString);
            List<String> results = lines.get(60, TimeUnit.SECONDS).lines().toList();
            assertEquals(PAGES, results.size());
            for (String result : results) {
                assertTrue(result.equals("200 " + PAGE + " 0") || result.startsWith("000 0 "), result);
            }
            assertTrue(results.get(0).startsWith("200 "), results::toString);
        }
    }

    /** With a pipe that stays open behind its request; the server ends the connection. */
    @ParameterizedTest
    @MethodSource(SOME)
    void close_openssl_readsEverythingAndAnswersWithCloseNotify(Transports transport, TlsKind kind) throws Exception {
        needs("openssl");
        for (String[] form : new String[][] {{}, {"-quiet"}}) {
            try (ManagedServer server = start(transport, kind)) {
                Process openssl = openssl(server, form);
                CompletableFuture<String> out = read(openssl.getInputStream());
                send(openssl, CLOSING_REQUEST);
                assertWhole(out);
                openssl.getOutputStream().close();
                assertEquals(Optional.of(TlsEnd.CLOSE_NOTIFY), report(server).tlsEnd());
            }
        }
    }

    static Stream<Arguments> tls13() {
        return TlsKind.onSome().filter(a -> ((TlsKind) a.get()[1]).isTls13());
    }

    /** A KeyUpdate each millisecond, from the request until the process has ended. */
    @ParameterizedTest
    @MethodSource("tls13")
    void close_opensslUpdatesItsKeysAllTheTime_endsAsEver(Transports transport, TlsKind kind) throws Exception {
        needs("openssl");
        try (ManagedServer server = start(transport, kind)) {
            Process openssl = openssl(server);
            CompletableFuture<String> out = read(openssl.getInputStream());
            CompletableFuture<Void> updating = CompletableFuture.runAsync(
                    () -> {
                        try {
                            send(openssl, CLOSING_REQUEST);
                            while (openssl.isAlive()) {
                                send(openssl, "k\n");
                                LockSupport.parkNanos(1_000_000);
                            }
                        } catch (IOException e) {
                            // the process has ended
                        }
                    },
                    OWN_THREAD);
            assertWhole(out);
            updating.get(60, TimeUnit.SECONDS);
            assertEquals(Optional.of(TlsEnd.CLOSE_NOTIFY), report(server).tlsEnd());
        }
    }

    /** Asks again and again, on one connection as long as it lasts; returns how many answers ended before their end. */
    private static int askUntilRefused(ManagedServer server, boolean closeNotify) {
        int cut = 0;
        while (server.listener().isOpen() || server.manager.openConnections() > 0) {
            int begun = 0;
            try {
                InetSocketAddress address = (InetSocketAddress) server.address();
                Socket plain = new Socket(address.getAddress(), address.getPort());
                plain.setSoTimeout(60_000);
                SSLSocket socket =
                        (SSLSocket) TestTls.peer().getSocketFactory().createSocket(plain, "localhost", 1, closeNotify);
                for (int request = 0; request < 20; request++) {
                    socket.getOutputStream().write(REQUEST.getBytes(US_ASCII));
                    begun = socket.getInputStream().read() < 0 ? 0 : 1;
                    if (begun == 0) {
                        break; // closed between two answers
                    }
                    readRest(socket.getInputStream());
                    begun = 0;
                }
                if (closeNotify) {
                    socket.close();
                }
                plain.close();
            } catch (IOException e) {
                cut += begun;
            }
        }
        return cut;
    }

    private static void readRest(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("EOF in the head: " + head);
            }
            head.append((char) next);
        }
        byte[] body = in.readNBytes(PAGE);
        if (!BytePattern.matches(body, PAGE, 0)) {
            throw new IOException("a body of " + body.length);
        }
    }

    private static Process openssl(ManagedServer server, String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of("openssl", "s_client", "-connect", "127.0.0.1:" + port(server)));
        command.addAll(List.of(options));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private static void send(Process process, String text) throws IOException {
        process.getOutputStream().write(text.getBytes(US_ASCII));
        process.getOutputStream().flush();
    }

    private static void assertWhole(CompletableFuture<String> out) throws Exception {
        String text = out.get(60, TimeUnit.SECONDS);
        assertTrue(text.contains(page()), () -> "cut: " + text.length());
    }

    private static CloseReport report(ManagedServer server) {
        Eventually.await("the report", () -> !server.reports.isEmpty());
        return server.reports.iterator().next();
    }

    private static String page() {
        ByteBuf bytes = BytePattern.slice(UnpooledByteBufAllocator.DEFAULT, 0, PAGE);
        try {
            return bytes.toString(ISO_8859_1);
        } finally {
            bytes.release();
        }
    }

    private ManagedServer start(Transports transport, TlsKind kind) {
        SslContext context = kind.server();
        return ManagedServer.on(transport)
                .handlers(c ->
                        c.pipeline().addLast(context.newHandler(c.alloc()), new HttpServerCodec(), new Page(served)))
                .start();
    }

    private static int port(ManagedServer server) {
        return ((InetSocketAddress) server.address()).getPort();
    }

    private static void needs(String tool) {
        boolean there = Arrays.stream(System.getenv("PATH").split(":"))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, tool)));
        assumeTrue(there, "needs " + tool);
    }

    private static CompletableFuture<String> read(InputStream stream) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return new String(stream.readAllBytes(), ISO_8859_1);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                OWN_THREAD);
    }

    /** Answers each request with the same page, and closes when the client or a drain asks for it. */
    private static final class Page extends Listening {
        private final AtomicInteger served;
        private boolean draining;

        Page(AtomicInteger served) {
            this.served = served;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (message instanceof HttpRequest request) {
                GracefulCloseHandler.exchangeStarted(ctx.channel());
                boolean keep = HttpUtil.isKeepAlive(request) && !draining;
                FullHttpResponse page = new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1, HttpResponseStatus.OK, BytePattern.slice(ctx.alloc(), 0, PAGE));
                HttpUtil.setContentLength(page, PAGE);
                HttpUtil.setKeepAlive(page, keep);
                ctx.writeAndFlush(page)
                        .addListener(written -> {
                            served.incrementAndGet();
                            GracefulCloseHandler.exchangeEnded(ctx.channel());
                        })
                        .addListener(keep ? f -> {} : ChannelFutureListener.CLOSE);
            }
            ReferenceCountUtil.release(message);
        }

        @Override
        public void drain(ChannelHandlerContext ctx, Drain drain) {
            draining = true;
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            if (!(cause instanceof IOException)) {
                ctx.fireExceptionCaught(cause);
            }
        }
    }
}
