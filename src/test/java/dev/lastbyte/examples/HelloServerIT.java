package dev.lastbyte.examples;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.ChildJvm;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The server that README shows keeps what README promises. */
@Timeout(120)
class HelloServerIT {
    private static final String REQUEST = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    private static final int BUSY = 4;

    @Test
    void sigterm_underLoad_everyRequestGetsItsAnswer() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(BUSY);
        try (ChildJvm server = new ChildJvm(List.of(), HelloServer.class, "0")) {
            String address = server.await("listening");
            int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
            CountDownLatch warm = new CountDownLatch(BUSY * 10);
            List<Future<?>> busy = new ArrayList<>();
            for (int i = 0; i < BUSY; i++) {
                busy.add(threads.submit(() -> askUntilTold(port, warm)));
            }
            try (Socket idle = connect(port);
                    Socket halfway = connect(port)) {
                assertKeepsAlive(ask(idle, REQUEST));
                send(halfway, REQUEST.substring(0, 20));
                assertTrue(warm.await(60, TimeUnit.SECONDS));
                server.signal("TERM");
                for (Future<?> client : busy) {
                    client.get(60, TimeUnit.SECONDS);
                }
                // the drain has begun: one client is in the middle of its request, one comes back
                assertIsTold(ask(halfway, REQUEST.substring(20)), halfway);
                assertIsTold(ask(idle, REQUEST), idle);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    /** Asks on one connection until an answer says that it is the last one. */
    private static Void askUntilTold(int port, CountDownLatch answers) throws IOException {
        try (Socket client = connect(port)) {
            String answer = ask(client, REQUEST);
            while (!isLast(answer)) {
                answers.countDown();
                answer = ask(client, REQUEST);
            }
            assertIsTold(answer, client);
            return null;
        }
    }

    private static void assertIsTold(String answer, Socket client) throws IOException {
        assertTrue(isLast(answer), answer);
        assertEquals(-1, client.getInputStream().read());
    }

    private static void assertKeepsAlive(String answer) {
        assertTrue(!isLast(answer), answer);
    }

    private static boolean isLast(String answer) {
        return answer.contains("connection: close\r\n");
    }

    private static Socket connect(int port) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(60_000);
        return socket;
    }

    private static void send(Socket client, String text) throws IOException {
        client.getOutputStream().write(text.getBytes(US_ASCII));
    }

    /** The whole answer: every one of this server ends with the same word. */
    private static String ask(Socket client, String text) throws IOException {
        send(client, text);
        InputStream input = client.getInputStream();
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        while (!answer.toString(US_ASCII).endsWith("\r\n\r\nhello\n")) {
            int next = input.read();
            assertTrue(next >= 0, () -> "cut: " + answer);
            answer.write(next);
        }
        assertTrue(answer.toString(US_ASCII).startsWith("HTTP/1.1 200 OK\r\n"), answer::toString);
        return answer.toString(US_ASCII);
    }
}
