package dev.lastbyte.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lastbyte.internal.SocketTable.Handshakes;
import java.io.BufferedWriter;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Finding a listener's handshakes in what the kernel prints; the lines are those of a little-endian machine. */
class SocketTableTest {
    private static final String HEADER =
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
    private static final String ANY = "00000000000000000000000000000000";
    private static final String LOOPBACK_6 = "00000000000000000000000001000000";
    private static final String MAPPED_LOOPBACK = "0000000000000000FFFF00000100007F";

    @TempDir
    private Path directory;

    @BeforeEach
    void linesAreLittleEndian() {
        assumeTrue(
                ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN, "the lines are those of a little-endian machine");
    }

    @Test
    void realLines_listenerAndHandshakes_areTold() throws IOException {
        Handshakes found = found(
                "127.0.0.1",
                0xB3F5,
                List.of(
                        HEADER,
                        "   0: 0100007F:B3F5 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 604742 2 00000000aa39794e 100 0 0 10 0",
                        "   2: 0100007F:CFBC 0100007F:B3F5 01 00000000:00000000 00:00000000 00000000     0        0 604743 2 00000000471a27a0 20 0 0 10 -1",
                        "   3: 0100007F:B3F5 0100007F:CFBC 03 00000000:00000000 01:0000005E 00000000     0        0 0 0 00000000c3cb4688",
                        "   4: 0100007F:B3F5 0200007F:CFBD 03 00000000:00000000 01:0000005E 00000002     0        0 0 0 00000000c3cb4688"),
                List.of(HEADER));
        assertEquals(Set.of("0100007F:B3F5 0100007F:CFBC"), found.fresh());
        assertEquals(Set.of("0100007F:B3F5 0200007F:CFBD"), found.repeated());
        assertFalse(found.shared());
        assertEquals(2, found.count());
    }

    @Test
    void otherPort_isNotOurs() throws IOException {
        Handshakes found = found(
                "127.0.0.1",
                0x1F90,
                List.of(
                        listen("0100007F:1F90"),
                        listen("0100007F:1F91"),
                        handshake("0100007F:1F91", "0100007F:1F90"),
                        handshake("0100007F:1F90", "0100007F:1000")),
                List.of());
        assertEquals(Set.of("0100007F:1F90 0100007F:1000"), found.fresh());
        assertFalse(found.shared());
    }

    @Test
    void otherAddress_isNotOurs_butSharesThePort() throws IOException {
        Handshakes found = found(
                "127.0.0.1",
                0x1F90,
                List.of(listen("0100007F:1F90"), listen("0200007F:1F90"), handshake("0200007F:1F90", "0100007F:1000")),
                List.of());
        assertEquals(0, found.count());
        assertTrue(found.shared());
    }

    @Test
    void ipv6_isTold() throws IOException {
        Handshakes found = found(
                "::1",
                0xA5B3,
                List.of(HEADER),
                List.of(
                        HEADER,
                        listen(LOOPBACK_6 + ":A5B3"),
                        handshake(LOOPBACK_6 + ":A5B3", LOOPBACK_6 + ":9B6A"),
                        handshake("B80D0120000000000000000002000000:A5B3", LOOPBACK_6 + ":9B6A")));
        assertEquals(Set.of(LOOPBACK_6 + ":A5B3 " + LOOPBACK_6 + ":9B6A"), found.fresh());
    }

    @Test
    void ipv4Address_onAnIpv6Socket_isTold() throws IOException {
        Handshakes found = found(
                "127.0.0.1",
                0x92FF,
                List.of(handshake("0100007F:92FF", "0100007F:0001")),
                List.of(
                        listen(MAPPED_LOOPBACK + ":92FF"),
                        handshake(MAPPED_LOOPBACK + ":92FF", MAPPED_LOOPBACK + ":92EA")));
        assertEquals(Set.of(MAPPED_LOOPBACK + ":92FF " + MAPPED_LOOPBACK + ":92EA"), found.fresh());
    }

    @Test
    void dualStack_hasHandshakesOfBothFamilies_inItsOwnTable() throws IOException {
        List<String> four = List.of(handshake("0100007F:A7B1", "0100007F:0001"));
        List<String> six = List.of(
                listen(ANY + ":A7B1"),
                handshake(LOOPBACK_6 + ":A7B1", LOOPBACK_6 + ":D1A4"),
                handshake(MAPPED_LOOPBACK + ":A7B1", MAPPED_LOOPBACK + ":C738"));
        for (String any : List.of("::", "0.0.0.0")) {
            assertEquals(
                    Set.of(
                            LOOPBACK_6 + ":A7B1 " + LOOPBACK_6 + ":D1A4",
                            MAPPED_LOOPBACK + ":A7B1 " + MAPPED_LOOPBACK + ":C738"),
                    found(any, 0xA7B1, four, six).fresh());
        }
    }

    @Test
    void secondListenerOnThePort_isTold() throws IOException {
        assertTrue(found("0.0.0.0", 0x1F90, List.of(listen("00000000:1F90"), listen("00000000:1F90")), List.of())
                .shared());
        assertTrue(found("0.0.0.0", 0x1F90, List.of(listen("00000000:1F90")), List.of(listen(ANY + ":1F90")))
                .shared());
    }

    @Test
    void malformedLines_areSkipped() throws IOException {
        Handshakes found = found(
                "127.0.0.1",
                0x1F90,
                List.of(
                        HEADER,
                        "",
                        ":1F90",
                        "1: :1F90 :1F90 03",
                        "1: :1F90 :0000 0A 0 0 0 0",
                        "1: xyzxyzxy:1F90 00000000:0000 0A 0 0 0 0",
                        "1: 0100:1F90 00000000:0000 03 0 0 0 0",
                        listen("0100007F:1F90"),
                        handshake("0100007F:1F90", "0100007F:0001"),
                        "9: 0100007F:1F90 0100007F:00"),
                List.of("garbage"));
        assertEquals(Set.of("0100007F:1F90 0100007F:0001"), found.fresh());
    }

    @Test
    void listenerThatIsNotThere_isNotGuessedAt() throws IOException {
        assertNull(look("127.0.0.1", 0x1F90, List.of(HEADER, handshake("0100007F:1F90", "0100007F:0001")), List.of()));
    }

    @Test
    void filesThatAreNotThere_tellNothing() {
        SocketTable table = new SocketTable(List.of(directory.resolve("none"), directory.resolve("none6")));
        assertNull(table.handshakes(new InetSocketAddress("127.0.0.1", 0x1F90), () -> false));
    }

    @Test
    void lateReading_isGivenUp() throws IOException {
        Path file = write("tcp", List.of(HEADER, listen("0100007F:1F90")));
        int[] asked = {0};
        assertNull(new SocketTable(List.of(file)).handshakes(new InetSocketAddress("127.0.0.1", 0x1F90), () -> {
            asked[0]++;
            return true;
        }));
        assertEquals(1, asked[0]);
    }

    @Test
    void bigTable_isReadAsAStream_andAskedForTheTimeAllAlong() throws IOException {
        int rows = 200_000;
        Path file = directory.resolve("tcp");
        try (BufferedWriter out = Files.newBufferedWriter(file)) {
            out.write(HEADER + "\n" + listen("0100007F:1F90") + "\n");
            for (int i = 0; i < rows; i++) {
                out.write(row("0100007F:1F90", String.format("0A%06X:%04X", i, i & 0xffff), "01", "00000000") + "\n");
            }
            out.write(handshake("0100007F:1F90", "0100007F:0001") + "\n");
        }
        int[] asked = {0};
        Handshakes found = new SocketTable(List.of(file)).handshakes(new InetSocketAddress("127.0.0.1", 0x1F90), () -> {
            asked[0]++;
            return false;
        });
        assertNotNull(found);
        assertEquals(1, found.count());
        assertTrue(asked[0] > rows / 1000, () -> "asked " + asked[0] + " times");
    }

    @Test
    void among_keepsOnlyWhatWasThereBefore() {
        Handshakes before = new Handshakes(Set.of("a", "b"), Set.of("c"), false);
        Handshakes now = new Handshakes(Set.of("a", "x"), Set.of("b", "y"), true);
        assertEquals(new Handshakes(Set.of("a"), Set.of("b"), true), now.among(before));
    }

    @Test
    void connections_areFoundByBothEnds_withWhatIsUnacknowledged() throws IOException {
        SocketTable.Ends four = ends("127.0.0.1", 0x1F90, "127.0.0.1", 0xC738);
        SocketTable.Ends mapped = ends("127.0.0.1", 0x1F91, "127.0.0.1", 0xC739);
        SocketTable.Ends closing = ends("::1", 0x1F92, "::1", 0xC740);
        SocketTable.Ends delivered = ends("::1", 0x1F92, "::1", 0xC741);
        SocketTable.Ends missing = ends("127.0.0.1", 0x1F90, "127.0.0.1", 0xC742);
        SocketTable table = new SocketTable(List.of(
                write(
                        "tcp",
                        List.of(
                                HEADER,
                                "garbage",
                                queued("0100007F:1F90", "0100007F:C738", "01", "0002BF20"),
                                queued("0100007F:C738", "0100007F:1F90", "01", "00000007"))),
                write(
                        "tcp6",
                        List.of(
                                HEADER,
                                queued(MAPPED_LOOPBACK + ":1F91", MAPPED_LOOPBACK + ":C739", "08", "00000001"),
                                queued(LOOPBACK_6 + ":1F92", LOOPBACK_6 + ":C740", "04", "00000065"),
                                queued(LOOPBACK_6 + ":1F92", LOOPBACK_6 + ":C741", "05", "00000000"))),
                directory.resolve("none")));
        assertTrue(table.isReadable());
        assertEquals(
                Map.of(
                        four, new SocketTable.Row(1, 180_000),
                        mapped, new SocketTable.Row(8, 1),
                        closing, new SocketTable.Row(4, 100),
                        delivered, new SocketTable.Row(5, 0)),
                table.connections(Set.of(four, mapped, closing, delivered, missing)));
    }

    @Test
    void connections_withoutFiles_areUnknown() {
        SocketTable table = new SocketTable(List.of(directory.resolve("none")));
        assertFalse(table.isReadable());
        assertEquals(Map.of(), table.connections(Set.of(ends("127.0.0.1", 1, "127.0.0.1", 2))));
    }

    private static SocketTable.Ends ends(String local, int localPort, String remote, int remotePort) {
        return new SocketTable.Ends(new InetSocketAddress(local, localPort), new InetSocketAddress(remote, remotePort));
    }

    private static String queued(String local, String remote, String state, String bytes) {
        return "  12: " + local + " " + remote + " " + state + " " + bytes
                + ":00000000 01:00000014 00000000     0        0 123 2 00000000c3cb4688 20 4 30 10 -1";
    }

    private Handshakes found(String address, int port, List<String> four, List<String> six) throws IOException {
        Handshakes found = look(address, port, four, six);
        assertNotNull(found);
        return found;
    }

    private @Nullable Handshakes look(String address, int port, List<String> four, List<String> six)
            throws IOException {
        SocketTable table = new SocketTable(List.of(write("tcp", four), write("tcp6", six)));
        return table.handshakes(new InetSocketAddress(address, port), () -> false);
    }

    private Path write(String name, List<String> lines) throws IOException {
        return Files.write(directory.resolve(name), lines);
    }

    private static String listen(String local) {
        return row(local, "00000000:0000", "0A", "00000000");
    }

    private static String handshake(String local, String remote) {
        return row(local, remote, "03", "00000000");
    }

    private static String row(String local, String remote, String state, String repeats) {
        return "   7: " + local + " " + remote + " " + state + " 00000000:00000000 01:0000005E " + repeats
                + "     0        0 0 0 00000000c3cb4688";
    }
}
