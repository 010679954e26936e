package dev.lastbyte.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The packaged server, told by SIGTERM to end. */
@Timeout(300)
class ServeDrainIT {
    private static final String BODY = "abcdefghijklmnopqrstuvwxyz".repeat(4).substring(0, 100);

    /** Longer than the client waits: who is closed while it waits was found idle. */
    private static final String[] LONG_GRACE = {
        "--idle-after", "300ms", "--grace-period", "100s", "--long-lived-period", "100s", "--drain-timeout", "110s"
    };

    @ParameterizedTest
    @EnumSource
    void sigterm_nothingOpen_endsAtOnce(Transport transport) throws Exception {
        try (DemoProcess server = serve(transport, false)) {
            ServeIT.port(server);
            server.terminate();
            String line = server.nextLine();
            assertEquals(0, server.await(), server::toString);
            assertTrue(line.startsWith("{\"event\":\"drain\",\"outcome\":\"COMPLETE\",\"openAtStart\":0,"), line);
            assertTrue(Long.parseLong(field(line, "totalMillis")) < 15_000, line);
            List<String> phases =
                    server.err().lines().filter(l -> l.startsWith("drain: ")).toList();
            assertEquals(
                    List.of("drain: ANNOUNCING", "drain: STOP_ACCEPTING", "drain: SHEDDING", "drain: DRAINED"), phases);
        }
    }

    @ParameterizedTest
    @CsvSource({"nio,false", "epoll,false", "io_uring,false", "nio,true", "epoll,true"})
    void sigterm_requestsInProgress_areAnsweredInFullAndTheLastSaysClose(String transport, boolean tls)
            throws Exception {
        Transport wanted = Names.find("transport", transport, Transport.values(), Transport::label);
        try (DemoProcess server = serve(wanted, tls, LONG_GRACE);
                HttpClientSocket client = HttpClientSocket.connect(ServeIT.port(server), tls)) {
            assertTrue(client.ask("/x").startsWith("HTTP/1.1 404 "));
            client.send("/slow/4000?bytes=3", "/slow/1000");
            server.terminate();
            String first = client.answer();
            assertFalse(first.contains("connection: close\r\n"), first);
            assertTrue(first.endsWith("\r\n\r\nabc"), first);
            String answer = client.answer();
            assertTrue(answer.startsWith("HTTP/1.1 200 OK\r\n"), answer);
            assertTrue(answer.contains("connection: close\r\n"), answer);
            assertTrue(answer.endsWith("\r\n\r\n" + BODY), answer);
            assertEquals("", client.rest());
            assertEquals(0, server.await(), server::toString);
            String line = server.nextLine();
            assertTrue(line.contains("\"outcome\":\"COMPLETE\",\"openAtStart\":1,\"late\":0,\"forced\":0,"), line);
            assertTrue(line.contains("\"stragglers\":[]"), line);
            assertTrue(server.err().contains("drain: FINISHING"), server::toString);
        }
    }

    @ParameterizedTest
    @CsvSource({"nio,false", "epoll,false", "io_uring,false", "epoll,true"})
    void sigterm_idleConnection_isClosedWithoutReset(String transport, boolean tls) throws Exception {
        Transport wanted = Names.find("transport", transport, Transport.values(), Transport::label);
        try (DemoProcess server = serve(wanted, tls, LONG_GRACE);
                HttpClientSocket client = HttpClientSocket.connect(ServeIT.port(server), tls)) {
            assertTrue(client.ask("/slow/1").endsWith(BODY));
            client.send("/slow/50?bytes=1", "/x", "/slow/x");
            assertTrue(client.answer().endsWith("\r\n\r\na"));
            assertTrue(client.answer().startsWith("HTTP/1.1 404 "));
            assertTrue(client.answer().startsWith("HTTP/1.1 400 "));
            server.terminate();
            assertEquals("", client.rest());
            assertEquals(0, server.await(), server::toString);
            String line = server.nextLine();
            assertTrue(line.contains("\"outcome\":\"COMPLETE\",\"openAtStart\":1,\"late\":0,\"forced\":0,"), line);
        }
    }

    @ParameterizedTest
    @EnumSource
    void sigterm_clientThatStays_isForcedAndNamed(Transport transport) throws Exception {
        String[] shortAndPatient = {
            "--grace-period", "500ms", "--long-lived-period", "500ms", "--drain-timeout", "1s", "--quiet-period", "20s"
        };
        try (DemoProcess server = serve(transport, false, shortAndPatient);
                HttpClientSocket client = HttpClientSocket.connect(ServeIT.port(server), false)) {
            client.ask("/x");
            client.send("/slow/60000");
            server.terminate();
            assertEquals(3, server.await(), server::toString);
            String line = server.nextLine();
            assertTrue(line.contains("\"outcome\":\"FORCED\",\"openAtStart\":1,\"late\":0,\"forced\":1,"), line);
            assertTrue(line.contains("\"stragglers\":[{\"remote\":\"" + client.address() + "\","), line);
            assertTrue(line.contains("\"exchanges\":1,"), line);
            assertTrue(line.contains("\"cause\":\"DRAIN_DEADLINE\""), line);
        }
    }

    @Test
    void sigterm_clientGoneDuringItsRequest_forcesNobody() throws Exception {
        try (DemoProcess server = serve(Transport.NIO, false, LONG_GRACE)) {
            try (HttpClientSocket client = HttpClientSocket.connect(ServeIT.port(server), false)) {
                client.ask("/x");
                client.send("/slow/3000");
            }
            server.terminate();
            assertEquals(0, server.await(), server::toString);
            assertTrue(server.nextLine().contains("\"forced\":0,"), server::toString);
        }
    }

    @Test
    void sigterm_echo_isClosedWhenSilent() throws Exception {
        try (DemoProcess server = serve(Transport.NIO, false, with(LONG_GRACE, "--protocol", "echo"));
                HttpClientSocket client = HttpClientSocket.connect(ServeIT.port(server), false)) {
            client.send("/x");
            server.terminate();
            assertEquals("GET /x HTTP/1.1\r\nHost: x\r\n\r\n", client.rest());
            assertEquals(0, server.await(), server::toString);
        }
    }

    @Test
    void sigterm_logCloses_theDrainIsTheLastLine() throws Exception {
        try (DemoProcess server = serve(Transport.NIO, false, with(LONG_GRACE, "--log-closes"));
                HttpClientSocket client = HttpClientSocket.connect(ServeIT.port(server), false)) {
            client.ask("/x");
            server.terminate();
            client.rest();
            assertEquals(0, server.await(), server::toString);
            assertTrue(server.nextLine().startsWith("{\"event\":\"close\","), server::toString);
            assertTrue(server.nextLine().startsWith("{\"event\":\"drain\","), server::toString);
        }
    }

    @Test
    void sigterm_plain_closesAndKnowsNothing() throws Exception {
        try (DemoProcess server = serve(Transport.NIO, false, "--strategy", "plain");
                HttpClientSocket client = HttpClientSocket.connect(ServeIT.port(server), false)) {
            client.ask("/x");
            client.send("/slow/60000");
            server.terminate();
            assertFalse(client.rest().contains("200 OK"));
            assertEquals(0, server.await(), server::toString);
            assertTrue(
                    server.nextLine().startsWith("{\"event\":\"drain\",\"outcome\":null,\"openAtStart\":null,"),
                    server::toString);
        }
    }

    private static DemoProcess serve(Transport transport, boolean tls, String... more) throws Exception {
        assumeTrue(
                transport.unavailable().isEmpty(),
                () -> transport + ": " + transport.unavailable().orElse(""));
        List<String> arguments = new ArrayList<>(List.of("serve", "--transport", transport.label()));
        if (tls) {
            arguments.add("--tls");
        }
        arguments.addAll(List.of(more));
        return DemoProcess.jar(arguments.toArray(String[]::new));
    }

    private static String[] with(String[] some, String... more) {
        List<String> all = new ArrayList<>(List.of(some));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    private static String field(String line, String name) {
        int start = line.indexOf("\"" + name + "\":") + name.length() + 3;
        return line.substring(start, line.indexOf(',', start));
    }
}
