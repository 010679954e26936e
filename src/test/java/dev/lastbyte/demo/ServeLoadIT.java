package dev.lastbyte.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lastbyte.testing.Transports;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** SIGTERM under load: no request that was sent stays without its whole answer. */
class ServeLoadIT {
    private static final int REJECTED = 64 * 1024;

    private static DemoProcess serve(Transports transport) throws IOException {
        transport.assumeAvailable();
        return DemoProcess.jar(
                "serve", "--transport", transport.toString(), "--idle-after", "1s", "--grace-period", "10s");
    }

    private static int port(DemoProcess server) throws InterruptedException {
        String line = server.nextLine();
        return Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
    }

    @ParameterizedTest
    @EnumSource(names = {"NIO", "EPOLL", "IO_URING"})
    void sigterm_underLoad_cutsNoAnswer(Transports transport) throws Exception {
        try (DemoProcess server = serve(transport)) {
            int port = port(server);
            try (LoadClient clients = new LoadClient(port)) {
                clients.keepAlive(160, "/slow/5?bytes=3000", 3000)
                        .keepAlive(40, "/slow/300?bytes=100000", 100_000)
                        .upload(10, 1 << 20, REJECTED);
                Awaitility.await().atMost(60, TimeUnit.SECONDS).until(() -> clients.complete() > 3000);
                server.terminate();
                List<String> problems = clients.await();
                assertEquals(List.of(), problems.stream().limit(10).toList(), () -> problems.size() + "\n" + server);
                assertEquals(0, server.await(), server::toString);
                System.out.println(
                        transport + ": " + clients.complete() + " complete answers, 0 others; " + server.out());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"NIO", "EPOLL", "IO_URING"})
    void sigterm_underWrk_causesNoReadError(Transports transport) throws Exception {
        assumeTrue(isInstalled("wrk"), "needs wrk");
        try (DemoProcess server = serve(transport)) {
            int port = port(server);
            try (DemoProcess wrk = DemoProcess.start(
                            Map.of(),
                            List.of(
                                    "wrk",
                                    "-t2",
                                    "-c200",
                                    "-d6s",
                                    "--timeout",
                                    "60s", // a connect that is held off, and then refused, is no request that was lost
                                    "http://127.0.0.1:" + port + "/slow/5?bytes=3000"));
                    LoadClient probe = new LoadClient(port).keepAlive(1, "/slow/20?bytes=10", 10)) {
                Awaitility.await().atMost(60, TimeUnit.SECONDS).until(() -> probe.complete() > 50);
                server.terminate();
                assertEquals(0, server.await(), server::toString);
                assertEquals(List.of(), probe.await());
                assertEquals(0, wrk.await(), wrk::toString);
                String said = wrk.out();
                System.out.println(transport + " " + said + "\n" + server.out());
                assertTrue(said.contains(" requests in "), said);
                // connect and write errors are the gone server's: wrk writes to sockets that were refused
                Matcher errors = Pattern.compile("Socket errors: .*read (\\d+), .*timeout (\\d+)")
                        .matcher(said);
                if (errors.find()) {
                    assertEquals("0 0", errors.group(1) + " " + errors.group(2), said);
                }
                assertTrue(!said.contains("Non-2xx"), said);
            }
        }
    }

    private static boolean isInstalled(String tool) throws IOException, InterruptedException {
        Process which = new ProcessBuilder("sh", "-c", "command -v " + tool).start();
        return which.waitFor() == 0;
    }
}
