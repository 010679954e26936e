package dev.lastbyte.demo;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The packaged server, asked through plain sockets. */
@Timeout(300)
class ServeIT {
    @ParameterizedTest
    @ValueSource(strings = {"full", "drain", "half-close", "half-close-linger", "linger", "plain"})
    void http_everyStrategy_answersAWellBehavedClient(String strategy) throws Exception {
        try (DemoProcess server = DemoProcess.jar("serve", "--strategy", strategy)) {
            byte[] answer = ask(port(server), "GET /bytes/1000000 HTTP/1.1\r\nHost: x\r\n\r\n", false);
            assertPattern(answer, 1_000_000);
        }
    }

    /** {@code printf 'GET …' | nc -N}: the FIN comes right behind the request. */
    @ParameterizedTest
    @CsvSource({"/bytes/1000,1000", "/bytes/8000000,8000000", "/stream/8000000,8000000"})
    void http_clientThatHalfCloses_getsItsAnswer(String path, int size) throws Exception {
        try (DemoProcess server = DemoProcess.jar("serve")) {
            assertPattern(ask(port(server), "GET " + path + " HTTP/1.0\r\n\r\n", true), size);
        }
    }

    @ParameterizedTest
    @EnumSource
    void portTaken_isOneLineAndFails(Transport transport) throws Exception {
        assumeTrue(transport.unavailable().isEmpty());
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            String port = String.valueOf(taken.getLocalPort());
            String[] wanted = {"serve", "--host", "localhost", "--port", port, "--transport", transport.label()};
            try (DemoProcess server = DemoProcess.jar(wanted)) {
                assertEquals(1, server.await(), server::toString);
                assertEquals("", server.out());
                assertEquals(
                        "lastbyte-demo serve: cannot listen on localhost:" + port + ": Address already in use",
                        server.err().strip());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "0.0.0.0", "127.0.0.1"})
    void firstLine_namesTheHostAsTyped(String host) throws Exception {
        try (DemoProcess server = DemoProcess.jar("serve", "--host", host)) {
            String line = server.nextLine();
            assertTrue(line.matches("listening on " + host + ":\\d+"), line);
        }
    }

    @Test
    void http_unknownPath_keepsTheConnection() throws Exception {
        try (DemoProcess server = DemoProcess.jar("serve")) {
            String requests = "GET /x HTTP/1.1\r\nHost: x\r\n\r\nGET /bytes/3 HTTP/1.1\r\nHost: x\r\n\r\n";
            String answers = new String(ask(port(server), requests, false), US_ASCII);
            assertTrue(answers.startsWith("HTTP/1.1 404 "), answers);
            assertTrue(answers.endsWith("\r\n\r\nabc"), answers);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void echo_endsAtQuitOrHalfClose_andSendsAllBack(boolean quit) throws Exception {
        try (DemoProcess server = DemoProcess.jar("serve", "--protocol", "echo")) {
            String text = "hello\n".repeat(10_000) + (quit ? "QUIT\r\n" : "");
            assertEquals(text, new String(ask(port(server), text, !quit), US_ASCII));
        }
    }

    @Test
    void logCloses_printsOneJsonLineWithEveryField() throws Exception {
        try (DemoProcess server = DemoProcess.jar("serve", "--transport", "nio", "--log-closes")) {
            ask(port(server), "GET /bytes/10 HTTP/1.0\r\n\r\n", false);
            String line = server.nextLine();
            assertTrue(
                    line.matches(
                            "\\{\"event\":\"close\",\"outcome\":\"[A-Z_]+\",\"cause\":\"[A-Z_]+\",\"strategy\":\"FULL\","
                                    + "\"transport\":\"nio\",\"remote\":\"/127.0.0.1:\\d+\",\"discardedBytes\":0,\"unsentBytes\":0,"
                                    + "\"unacknowledgedBytes\":null,\"tlsEnd\":null,\"flushNanos\":\\d+,\"discardNanos\":\\d+,\"totalNanos\":\\d+,"
                                    + "\"farewell\":\"SAID\",\"refusedRequests\":0,\"lostRequests\":0}"),
                    line);
        }
    }

    @Test
    void logCloses_plain_knowsNothing() throws Exception {
        try (DemoProcess server = DemoProcess.jar("serve", "--log-closes", "--strategy", "plain")) {
            ask(port(server), "GET /bytes/10 HTTP/1.0\r\n\r\n", false);
            String line = server.nextLine();
            assertTrue(
                    line.startsWith("{\"event\":\"close\",\"outcome\":null,\"cause\":null,\"strategy\":\"PLAIN\""),
                    line);
        }
    }

    @Test
    void serve_takenPort_saysSo() throws Exception {
        try (DemoProcess first = DemoProcess.jar("serve")) {
            int port = port(first);
            try (DemoProcess second = DemoProcess.jar("serve", "--port", String.valueOf(port))) {
                assertEquals(1, second.await());
                assertTrue(second.err().contains("cannot listen on"), second::toString);
                assertFalse(second.err().contains("\tat "), second::toString);
            }
        }
    }

    static int port(DemoProcess server) throws InterruptedException {
        String line = server.nextLine();
        assertTrue(line.matches("listening on 127\\.0\\.0\\.1:\\d+"), server::toString);
        return Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
    }

    private static byte[] ask(int port, String request, boolean halfClose) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write(request.getBytes(US_ASCII));
            if (halfClose) {
                socket.shutdownOutput();
            }
            return socket.getInputStream().readAllBytes();
        }
    }

    private static void assertPattern(byte[] answer, int size) {
        String head = new String(answer, 0, Math.min(answer.length, 500), US_ASCII);
        int body = head.indexOf("\r\n\r\n") + 4;
        assertEquals(size, answer.length - body, head);
        assertTrue(BytePattern.matches(Arrays.copyOfRange(answer, body, answer.length), size, 0));
    }
}
