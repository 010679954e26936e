package dev.lastbyte.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.SystemdSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The unit of docs/systemd, started as systemd does: with the test in the place of systemd. */
@Timeout(300)
class ServeSystemdIT {
    private static final Path UNIT = Path.of("docs", "systemd", "lastbyte-demo.service");

    @TempDir
    private Path directory;

    @Test
    void unit_startsAndStops_andTellsSystemd() throws Exception {
        String notify = directory.resolve("notify").toString();
        Path receipt = directory.resolve("receipt");
        try (SystemdSocket systemd = new SystemdSocket(notify)) {
            try (DemoProcess server = DemoProcess.jar(Map.of("NOTIFY_SOCKET", notify), arguments(receipt))) {
                assertTrue(server.nextLine().startsWith("listening on "), server::toString);
                server.terminate();
                assertEquals(0, server.await(), server::toString);
            }
            List<String> told = systemd.received();
            assertEquals("READY=1\nSTATUS=serving", told.get(0));
            assertTrue(told.contains("STOPPING=1"), told::toString);
            assertTrue(
                    told.stream().anyMatch(state -> state.startsWith("EXTEND_TIMEOUT_USEC=12")), // 2 min and 10 s
                    told::toString);
            assertEquals("STATUS=drained: COMPLETE, 0 requests lost, 0 connections forced", told.get(told.size() - 1));
            assertTrue(Files.readString(receipt).startsWith("COMPLETE: "), receipt::toString);
        }
    }

    /** What the unit starts the demo with, at a free port and with the receipt in the test's directory. */
    private static String[] arguments(Path receipt) throws Exception {
        List<String> unit = Files.readAllLines(UNIT);
        assertTrue(unit.contains("Type=notify"), unit::toString);
        String start = unit.stream()
                .filter(line -> line.startsWith("ExecStart="))
                .findFirst()
                .orElseThrow();
        String arguments = start.split(" -jar \\S+ ", 2)[1];
        return arguments
                .replace("--port 8080", "--port 0")
                .replaceFirst("--receipt \\S+", "--receipt " + receipt)
                .split(" ");
    }
}
