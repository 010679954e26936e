package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.PeerSocket;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server's process is told to end. */
@Timeout(60)
class DrainHookIT {
    private static final int SIGTERM = 143;

    @Test
    void sigterm_answerInProgress_isFinishedAndReportedFirst(@TempDir Path directory) throws Exception {
        Path log = directory.resolve("log");
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        Process server = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        classPath,
                        DrainHookMain.class.getName())
                .redirectError(log.toFile())
                .start();
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(server.getInputStream(), StandardCharsets.UTF_8))) {
            String line = out.readLine();
            assertTrue(line != null, () -> read(log));
            InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(line));
            try (PeerRun busy = new PeerRun(PeerSocket.connect(address), 1, new CountDownLatch(1));
                    PeerRun idle = new PeerRun(PeerSocket.connect(address), 2, new CountDownLatch(1))) {
                busy.request();
                assertTrue(busy.read(1) > 0);
                server.destroy();
                busy.readAll();
                idle.readAll();
                assertTrue(busy.result().isWhole(DrainHookMain.ANSWER), () -> busy.result() + read(log));
                assertTrue(idle.isEof());
            }
            assertTrue(server.waitFor(30, TimeUnit.SECONDS), () -> read(log));
            assertEquals(SIGTERM, server.exitValue());
            assertTrue(read(log).contains("drain UNCONFIRMED after"), () -> read(log));
            assertTrue(
                    read(log)
                            .contains(
                                    "2 connections and 0 late ones, 2 closed (2 UNCONFIRMED), 0 forced, 0 interrupted, 0 possibly unanswered, 1 unjudged"),
                    () -> read(log));
        } finally {
            server.destroyForcibly();
        }
    }

    private static String read(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
