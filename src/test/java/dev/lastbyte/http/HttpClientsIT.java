package dev.lastbyte.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.testing.BytePattern;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Drains under the requests of clients that others have written. None may see more than a refused connection. */
@RealSockets
class HttpClientsIT {
    private static final String TCP = "dev.lastbyte.testing.Transports#tcp";
    private static final int LOOPS = 6;
    private static final int ANSWERS = 60;
    private static final int CURLS = 3;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @MethodSource(TCP)
    void javaHttpClient_seesNoCutAnswer(Transports transport) throws Exception {
        drains(transport, 2, 1, HttpClientsIT::java);
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void nodeAgent_seesNoCutAnswer(Transports transport) throws Exception {
        drains(transport, 2, 1, this::node);
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void curl_seesNoCutAnswer(Transports transport) throws Exception {
        drains(transport, 2, CURLS, port -> curl("http", port));
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void curl_overTls_seesNoCutAnswer(Transports transport) throws Exception {
        try (HttpDrainServer server = HttpDrainServer.withTls(transport)) {
            DrainReport report = drain(server, ANSWERS, CURLS, port -> curl("https", port));
            assertEquals(0, report.lostRequests(), report::toString); // close_notify is no request
        }
    }

    @Tag("heavy")
    @Timeout(1800)
    @ParameterizedTest
    @MethodSource(TCP)
    void manyDrains_allClients_seeNoCutAnswer(Transports transport) throws Exception {
        drains(transport, 50, 1, HttpClientsIT::java);
        drains(transport, 50, 1, this::node);
        drains(transport, 50, CURLS, port -> curl("http", port));
    }

    /** Clients that run until the server refuses connections. */
    @FunctionalInterface
    private interface Clients {
        /** Starts them; what it returns waits for their end and says what went wrong. */
        Ended start(int port) throws Exception;
    }

    @FunctionalInterface
    private interface Ended {
        List<String> await() throws Exception;
    }

    private static void drains(Transports transport, int count, int connections, Clients clients) throws Exception {
        try (HttpDrainServer server = new HttpDrainServer(transport, HttpFarewellConfig.defaults())) {
            for (int round = 0; round < count; round++) {
                if (round > 0) {
                    server.restart();
                }
                DrainReport report = drain(server, ANSWERS + 7L * round, connections, clients);
                assertEquals(DrainReport.Outcome.COMPLETE, report.outcome(), report::toString);
                assertEquals(0, report.lostRequests(), report::toString);
            }
        }
    }

    private static DrainReport drain(HttpDrainServer server, long answers, int connections, Clients clients)
            throws Exception {
        Ended ended = clients.start(server.address().getPort());
        server.awaitAnswers(answers);
        server.awaitConnections(connections);
        DrainReport report = server.drain();
        assertEquals(List.of(), ended.await(), report::toString);
        return report;
    }

    // ---- java.net.http.HttpClient, which does not repeat a POST ----------------------------------------------------

    private static Ended java(int port) {
        HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        Queue<String> problems = new ConcurrentLinkedQueue<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < LOOPS; i++) {
            int first = i;
            Thread thread = new Thread(() -> ask(client, port, first, problems));
            thread.start();
            threads.add(thread);
        }
        return () -> {
            for (Thread thread : threads) {
                thread.join(TimeUnit.SECONDS.toMillis(60));
            }
            return List.copyOf(problems);
        };
    }

    private static void ask(HttpClient client, int port, int first, Queue<String> problems) {
        for (int id = first; ; id += LOOPS) {
            int bytes = id * 7919 % 20_000;
            String path = (id % 3 > 0 ? "/full/" : "/parts/") + id + "/" + bytes + "/" + id * 131 % 3000;
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                    .POST(HttpRequest.BodyPublishers.ofString("x"))
                    .build();
            try {
                HttpResponse<byte[]> response = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
                byte[] body = response.body();
                if (body.length != bytes || !BytePattern.matches(body, bytes, 0)) {
                    problems.add(path + ": " + response.statusCode() + ", " + body.length + " bytes");
                }
            } catch (ConnectException e) {
                return; // refused: the server has gone
            } catch (IOException | InterruptedException e) {
                problems.add(path + ": " + e);
                return;
            }
        }
    }

    // ---- processes -------------------------------------------------------------------------------------------------

    private Ended node(int port) throws IOException {
        Path script = Path.of("src/test/resources/keepalive-client.js").toAbsolutePath();
        Path output = directory.resolve("node");
        Process node = start(output, List.of("node", script.toString(), "" + port, "" + LOOPS));
        return () -> {
            int code = end(node);
            String said = Files.readString(output);
            return code == 0 && said.contains(" complete, problems: \n") ? List.of() : List.of(code + ": " + said);
        };
    }

    private Ended curl(String scheme, int port) throws IOException {
        List<Process> running = new ArrayList<>();
        for (int i = 0; i < CURLS; i++) {
            String urls =
                    scheme + "://127.0.0.1:" + port + (i > 0 ? "/full/" : "/parts/") + "[0-1000000]/3000/" + i * 1000;
            running.add(start(
                    directory.resolve("curl" + i),
                    List.of(
                            "curl",
                            "-sk",
                            "--http1.1",
                            "--fail-early",
                            "-d",
                            "x",
                            "-o",
                            "/dev/null",
                            "-w",
                            "%{http_code} %{size_download}\\n",
                            urls)));
        }
        return () -> {
            List<String> problems = new ArrayList<>();
            for (int i = 0; i < running.size(); i++) {
                int code = end(running.get(i));
                List<String> lines = Files.readAllLines(directory.resolve("curl" + i));
                long complete = lines.stream().filter("200 3000"::equals).count();
                List<String> others =
                        lines.stream().filter(line -> !line.equals("200 3000")).toList();
                // 7: failed to connect, which is what the last request meets
                if (code != 7 || complete == 0 || !others.equals(List.of("000 0"))) {
                    problems.add(code + ", " + complete + " complete, " + others);
                }
            }
            return problems;
        };
    }

    private static Process start(Path output, List<String> command) {
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
        } catch (IOException e) {
            return abort("needs " + command.get(0) + ": " + e.getMessage());
        }
    }

    private static int end(Process process) throws InterruptedException {
        boolean ended = process.waitFor(60, TimeUnit.SECONDS);
        if (!ended) {
            process.destroyForcibly();
        }
        assertTrue(ended, "still runs: " + process.info());
        return process.exitValue();
    }
}
