package dev.lastbyte.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The packaged lab, run as a user runs it. */
@Timeout(300)
class LabIT {
    @TempDir
    private Path directory;

    @Test
    void lab_onLoopback_printsTablesAndWritesEveryRun() throws Exception {
        Path file = directory.resolve("runs.json");
        try (DemoProcess lab = DemoProcess.jar(
                "lab", "--runs", "1", "--peer", "well,chatty", "--transport", "nio", "--json", file.toString())) {
            assertEquals(0, lab.await(), lab::toString);
            assertTrue(
                    Pattern.compile("(?m)^well +100 +100 +100 +100 +100 +100$")
                            .matcher(lab.out())
                            .find(),
                    lab::toString);
            assertTrue(lab.out().matches("(?s).*\\Rfull +all 2 arrived whole\\R.*"), lab::toString);
            assertTrue(lab.out().indexOf("arrived whole") < lab.out().indexOf("nio: runs in which"), lab::toString);
            assertFalse(lab.out().contains("median time"), lab::toString);
            // no terminal: no colours, no progress bar that overwrites itself
            assertFalse((lab.out() + lab.err()).matches("(?s).*[\\u001b\\r].*"), lab::toString);
            assertTrue(lab.err().contains("12 of 12 runs done"), lab::toString);
        }
        String json = Files.readString(file);
        assertEquals(12, json.split("\"peer\":").length - 1);
        assertTrue(json.contains(
                "\"strategy\":\"full\",\"peer\":\"chatty\",\"size\":1000000,\"received\":1000000,\"complete\":true"));
    }

    @Test
    void lab_colourAlways_paintsIntoAPipe() throws Exception {
        try (DemoProcess lab = DemoProcess.jar(
                "lab",
                "--runs",
                "1",
                "--peer",
                "well",
                "--strategy",
                "full",
                "--transport",
                "nio",
                "--verbose",
                "--color",
                "always")) {
            assertEquals(0, lab.await(), lab::toString);
            assertTrue(lab.out().contains("nio: median time"), lab::toString);
            assertTrue(lab.out().contains("peer closed, acks unknown"), lab::toString);
            assertTrue(lab.out().contains("\u001b[32m100\u001b[0m"), lab::toString);
        }
    }

    @Test
    void lab_withRoundTripButNoIp_saysWhatIsMissing() throws Exception {
        try (DemoProcess lab = DemoProcess.jar(Map.of("PATH", directory.toString()), "lab", "--rtt", "20ms")) {
            assertEquals(2, lab.await(), lab::toString);
            assertTrue(lab.err().contains("iproute2"), lab::toString);
            assertTrue(lab.err().contains("root"), lab::toString);
        }
    }

    @Test
    void lab_withRoundTrip_plainCutsAndFullDoesNot() throws Exception {
        assumeNamespaces();
        try (DemoProcess lab = DemoProcess.jar(
                "lab",
                "--rtt",
                "20ms",
                "--runs",
                "3",
                "--peer",
                "chatty",
                "--strategy",
                "plain,full",
                "--transport",
                "nio")) {
            assertEquals(0, lab.await(), lab::toString);
            assertTrue(lab.out().matches("(?s).*\\Rplain +3 of 3 were cut.*"), lab::toString);
            assertTrue(lab.out().matches("(?s).*\\Rfull +all 3 arrived whole\\R.*"), lab::toString);
            assertNothingLeft(lab.pid());
        }
    }

    @Test
    void lab_withRoundTrip_terminated_leavesNothingBehind() throws Exception {
        assumeNamespaces();
        try (DemoProcess lab =
                DemoProcess.jar("lab", "--rtt", "20ms", "--transport", "nio", "--peer", "never-closes")) {
            lab.nextLine(); // the heading is printed when the link and both ends stand
            assertTrue(namespaces().contains("lastbyte-" + lab.pid()), lab::toString);
            lab.terminate();
            lab.await();
            assertNothingLeft(lab.pid());
        }
    }

    private static void assertNothingLeft(long pid) throws Exception {
        assertFalse(namespaces().contains("lastbyte-" + pid));
        try (DemoProcess links = DemoProcess.start(Map.of(), List.of("ip", "link"))) {
            assertEquals(0, links.await());
            assertFalse(links.out().contains("lbs" + pid) || links.out().contains("lbp" + pid), links::toString);
        }
    }

    private static String namespaces() throws Exception {
        try (DemoProcess list = DemoProcess.start(Map.of(), List.of("ip", "netns", "list"))) {
            assertEquals(0, list.await(), list::toString);
            return list.out();
        }
    }

    private static void assumeNamespaces() throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root to make network namespaces");
        assumeTrue(Files.exists(Path.of("/dev/net/tun")), "needs /dev/net/tun");
        String name = "lastbyte-probe-" + ProcessHandle.current().pid();
        assumeTrue(succeeds("ip", "netns", "add", name), "needs ip(8) and the right to make network namespaces");
        succeeds("ip", "netns", "del", name);
    }

    private static boolean succeeds(String... command) throws InterruptedException {
        try (DemoProcess process = DemoProcess.start(Map.of(), List.of(command))) {
            return process.await() == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
