package dev.lastbyte.http2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.Drained;
import dev.lastbyte.drain.ManagedServer;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.Http2Pipelines;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.TestTls;
import dev.lastbyte.testing.Tool;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A server is drained while other people's HTTP/2 clients ask it, in clear text and with TLS: every request that it takes is
 * answered whole, and what is not served the client knows of.
 */
@RealSockets
class Http2ClientsIT {
    private static final String WAYS = "ways";
    private static final int BYTES = 20_000;
    private static final String PATH = "/" + BYTES + "/5";
    private static final DrainPolicy POLICY =
            Drained.PATIENT.toBuilder().acceptTimeout(Duration.ofMillis(300)).build();
    private static final int BEFORE_THE_DRAIN = 40;

    static Stream<Arguments> ways() {
        return Transports.tcp()
                .flatMap(transport -> Stream.of("http", "https").map(scheme -> Arguments.of(transport, scheme)));
    }

    /** A server, how it is reached, and how many requests it has taken. */
    private static final class Served implements AutoCloseable {
        private final AtomicInteger taken = new AtomicInteger();
        private final ManagedServer server;
        private final String origin;

        Served(Transports transport, String scheme) {
            server = ManagedServer.on(transport)
                    .policy(POLICY)
                    .handlers(channel -> Http2Pipelines.add(channel, taken::incrementAndGet))
                    .start();
            Channel listener = server.listener();
            if (scheme.equals("https")) {
                listener = server.listen(server.manager, TestTls.http2Server());
                server.manager.manage(listener);
            }
            origin = scheme + "://127.0.0.1:" + ((InetSocketAddress) listener.localAddress()).getPort();
        }

        /** Drains in the middle of the traffic, and returns how many requests were taken in all. */
        int drain(int requestsBefore) {
            Eventually.await("traffic", () -> taken.get() >= requestsBefore);
            DrainReport report = Drained.await(server.manager.drain(), POLICY.drainTimeout());
            assertEquals(DrainReport.Outcome.COMPLETE, report.outcome(), report::toString);
            assertEquals(0, report.lostRequests(), report::toString);
            return taken.get();
        }

        @Override
        public void close() throws IOException {
            server.close();
        }
    }

    /** Its log names every frame, so it is known of each stream whether it was answered. The answers take longer than the listener's stop. */
    @ParameterizedTest
    @MethodSource(WAYS)
    void nghttp_everyStreamThatItOpens_isAnsweredWhole(Transports transport, String scheme) throws Exception {
        Tool.assumeInstalled("nghttp");
        try (Served served = new Served(transport, scheme);
                Tool client = Tool.start("nghttp", "-v", "-n", "-m", "100", served.origin + "/2000/1500")) {
            int taken = served.drain(BEFORE_THE_DRAIN);
            client.await();
            String log = client.out().replaceAll("\u001b\\[[0-9;]*m", "");
            Set<String> opened = streams(log, "send HEADERS frame <.*stream_id=(\\d+)>");
            Set<String> answered = streams(log, "recv DATA frame <.*flags=0x01, stream_id=(\\d+)>");
            assertEquals(opened, answered);
            assertEquals(taken, answered.size());
            List<String> goAways = all(log, "recv GOAWAY frame <.*>\\s*\\(last_stream_id=(\\d+), error_code=NO_ERROR");
            assertEquals("2147483647", goAways.get(0), goAways::toString);
            assertTrue(goAways.size() <= 2, goAways::toString); // nghttp may be done before the second
        }
    }

    /** It counts what it could not send any more as failed; what the server began must have succeeded. */
    @ParameterizedTest
    @MethodSource(WAYS)
    void h2load_everyRequestTaken_succeeds(Transports transport, String scheme) throws Exception {
        Tool.assumeInstalled("h2load");
        try (Served served = new Served(transport, scheme);
                Tool client = Tool.start("h2load", "-n", "20000", "-c", "4", "-m", "10", served.origin + PATH)) {
            int taken = served.drain(BEFORE_THE_DRAIN);
            client.await();
            String said = client.out();
            assertEquals(List.of("" + taken), all(said, "done, (\\d+) succeeded"), said);
            assertEquals(List.of("" + taken), all(said, "status codes: (\\d+) 2xx, 0 3xx, 0 4xx, 0 5xx"), said);
            assertEquals(List.of("0"), all(said, "(\\d+) timeout"), said);
        }
    }

    @ParameterizedTest
    @MethodSource(WAYS)
    void node_everyRequest_isAnsweredWhole_orRefused(Transports transport, String scheme) throws Exception {
        Tool.assumeInstalled("node");
        try (Served served = new Served(transport, scheme);
                Tool client = Tool.start("node", "src/test/js/http2-requests.js", served.origin, PATH, "" + BYTES)) {
            int taken = served.drain(BEFORE_THE_DRAIN);
            client.await();
            String said = client.out() + client.err();
            assertTrue(said.contains("goaway 0 2147483647"), said);
            assertEquals(List.of("" + taken), all(said, "\"whole\":(\\d+),\"short\":0,"), said);
            assertTrue(said.contains("\"errors\":[]"), said);
        }
    }

    /** The first request upgrades the connection, or ALPN does; the others share it. */
    @ParameterizedTest
    @MethodSource(WAYS)
    void curl_everyRequestTaken_isAnsweredWhole(Transports transport, String scheme) throws Exception {
        Tool.assumeInstalled("curl");
        try (Served served = new Served(transport, scheme);
                Tool client = curl(served.origin + PATH + "?[1-500]", "--http2", "-Z", "--parallel-max", "10")) {
            int taken = served.drain(BEFORE_THE_DRAIN);
            client.await();
            List<String> lines = client.out().lines().toList();
            long whole =
                    lines.stream().filter(("2 200 " + BYTES + " 0")::equals).count();
            assertEquals(taken, whole, () -> lines.stream().distinct().toList().toString());
        }
    }

    /** One request for each: curl 7.88 cannot use such a connection twice. */
    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    void curlWithPriorKnowledge_answersThatAreDue_areWhole(Transports transport) throws Exception {
        Tool.assumeInstalled("curl");
        List<Tool> clients = new ArrayList<>();
        try (Served served = new Served(transport, "http")) {
            try {
                for (int i = 0; i < 5; i++) {
                    clients.add(curl(served.origin + "/" + BYTES + "/1500", "--http2-prior-knowledge"));
                }
                served.drain(clients.size());
                for (Tool client : clients) {
                    assertEquals(0, client.await(), client.err());
                    assertEquals("2 200 " + BYTES + " 0\n", client.out());
                }
            } finally {
                for (Tool client : clients) {
                    client.close();
                }
            }
        }
    }

    /** To the client of JDK 17 any GOAWAY is the failure of all requests that are open; that of JDK 25 knows better. */
    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    void jdkClient_everyAnswer_isWhole_orItsOwnFailureAtGoAway(Transports transport) throws Exception {
        HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_2)
                .sslContext(TestTls.peer())
                .build();
        Queue<String> results = new ConcurrentLinkedQueue<>();
        try (Served served = new Served(transport, "https")) {
            HttpRequest request =
                    HttpRequest.newBuilder(URI.create(served.origin + PATH)).build();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                Thread thread = new Thread(() -> askUntilRefused(client, request, results));
                thread.start();
                threads.add(thread);
            }
            served.drain(BEFORE_THE_DRAIN);
            for (Thread thread : threads) {
                thread.join();
            }
        }
        Set<String> kinds = new HashSet<>(results);
        System.out.println(transport + ": java.net.http of " + Runtime.version() + " " + kinds);
        assertTrue(kinds.remove("HTTP_2 200 " + BYTES), kinds::toString);
        if (Runtime.version().feature() < 25) {
            kinds.removeIf(kind -> kind.endsWith("GOAWAY received"));
        }
        assertEquals(Set.of(), kinds);
    }

    private static void askUntilRefused(HttpClient client, HttpRequest request, Queue<String> results) {
        while (true) {
            try {
                HttpResponse<byte[]> response = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
                results.add(response.version() + " " + response.statusCode() + " " + response.body().length);
            } catch (ConnectException e) {
                return; // the server has gone
            } catch (IOException e) {
                results.add(String.valueOf(e.getMessage()));
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private static Tool curl(String url, String... how) throws IOException {
        List<String> command = new ArrayList<>(List.of("curl", "-sSk", "-o", "/dev/null", "-w"));
        command.add("%{http_version} %{http_code} %{size_download} %{exitcode}\n");
        command.addAll(List.of(how));
        command.add(url);
        return Tool.start(command.toArray(String[]::new));
    }

    private static Set<String> streams(String log, String regex) {
        return new HashSet<>(all(log, regex));
    }

    private static List<String> all(String text, String regex) {
        Matcher matcher = Pattern.compile(regex).matcher(text);
        List<String> found = new ArrayList<>();
        while (matcher.find()) {
            found.add(matcher.group(1));
        }
        return found;
    }
}
