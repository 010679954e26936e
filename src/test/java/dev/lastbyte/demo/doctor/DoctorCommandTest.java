package dev.lastbyte.demo.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** What the doctor says of which values, with files of our own in place of /proc. */
class DoctorCommandTest {
    private static final String[][] GOOD = {
        {"net/ipv4/tcp_fin_timeout", "60"},
        {"net/ipv4/tcp_orphan_retries", "0"},
        {"net/ipv4/tcp_max_orphans", "131072"},
        {"net/ipv4/tcp_max_tw_buckets", "131072"},
        {"net/ipv4/tcp_tw_reuse", "2"},
        {"net/ipv4/tcp_abort_on_overflow", "0"},
        {"net/core/somaxconn", "4096"},
        {"net/ipv4/tcp_migrate_req", "1"},
        {"net/ipv4/tcp_retries2", "15"},
        {"net/ipv4/tcp_wmem", "4096\t16384\t4194304"},
        {"net/ipv4/tcp_rmem", "4096\t131072\t33554432"},
        {"net/ipv4/tcp_mem", "287901\t383869\t575802"},
    };

    @TempDir
    private Path proc;

    private final StringWriter out = new StringWriter();

    @Test
    void goodValues_nothingToChange() throws IOException {
        goodFiles();
        assertEquals(0, run());
        assertTrue(out.toString().contains("Nothing needs to be changed."), out::toString);
        assertTrue(out.toString().contains("waits 60 s for the peer's FIN"), out::toString);
        assertTrue(out.toString().contains("holds up to 4 MiB of the kernel's memory; 562 such peers"), out::toString);
        assertTrue(out.toString().contains("TCP may use 2249 MiB in all"), out::toString);
        assertFalse(out.toString().contains("= ?"), out::toString);
        assertFalse(out.toString().contains("\u001b"), "colours into a pipe");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "net/ipv4/tcp_orphan_retries    | 1       | given up after 1 unanswered tries",
                "net/ipv4/tcp_max_orphans       | 400     | above 400 closed connections with bytes unacknowledged (now 101)",
                "net/ipv4/tcp_abort_on_overflow | 1       | is reset instead of trying again",
                "net/core/somaxconn             | 50      | an accept queue holds at most 50 connections",
                "net/ipv4/tcp_retries2          | 3       | given up after 3 tries",
                "net/ipv4/tcp_wmem              | 1 2 99999999 | up to 95 MiB of the kernel's memory; 23 such peers",
                "net/ipv4/tcp_mem               | 1 2 3   | in all, and saves from",
            })
    void badValue_isNamedWithItsNumber_andTheExitCodeTells(String file, String value, String text) throws IOException {
        goodFiles();
        write("sys/" + file, value);
        assertEquals(3, run(), out::toString);
        String name = file.replace('/', '.');
        assertTrue(out.toString().contains("warn    " + name + " = " + value), out::toString);
        assertTrue(out.toString().contains(text), out::toString);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "net/ipv4/tcp_fin_timeout    | 5   | waits 5 s for the peer's FIN: a peer that takes longer",
                "net/ipv4/tcp_fin_timeout    | 600 | waits 600 s",
                "net/ipv4/tcp_orphan_retries | 15  | after 15 unanswered tries",
                "net/ipv4/tcp_max_tw_buckets | 20  | at most 20 ended connections are remembered (now 18)",
                "net/ipv4/tcp_migrate_req    | 0   | handshakes do not move",
            })
    void noteworthyValue_isNoReasonToFail(String file, String value, String text) throws IOException {
        goodFiles();
        write("sys/" + file, value);
        assertEquals(0, run(), out::toString);
        assertTrue(out.toString().contains("note    " + file.replace('/', '.') + " = " + value), out::toString);
        assertTrue(out.toString().contains(text), out::toString);
    }

    @Test
    void resetsInThePast_areNoReasonToFail() throws IOException {
        goodFiles();
        write("net/netstat", "TcpExt: TCPAbortOnMemory ListenOverflows\nTcpExt: 7 3\n");
        assertEquals(0, run());
        assertTrue(
                out.toString().contains("ran out of memory, 7 times since it started (TCPAbortOnMemory)"),
                out::toString);
        assertTrue(out.toString().contains("3 connections found one full (ListenOverflows)"), out::toString);
    }

    @Test
    void missingAndGarbledValues_areUnknown_theRestIsJudged() throws IOException {
        goodFiles();
        Files.delete(proc.resolve("sys/net/ipv4/tcp_migrate_req")); // came with Linux 5.14
        write("sys/net/ipv4/tcp_mem", "many");
        write("sys/net/ipv4/tcp_wmem", "4096");
        Files.delete(proc.resolve("net/sockstat"));
        Files.delete(proc.resolve("self/smaps"));
        write("net/netstat", "TcpExt: A B\nTcpExt: 1\nrest");
        assertEquals(0, run(), out::toString);
        assertTrue(out.toString().contains("unknown net.ipv4.tcp_migrate_req = ?"), out::toString);
        assertTrue(out.toString().contains("unknown net.ipv4.tcp_mem = ?"), out::toString);
        assertTrue(out.toString().contains("unknown net.ipv4.tcp_wmem = ?"), out::toString);
        assertTrue(out.toString().contains("3 could not be read"), out::toString);
    }

    @Test
    void nothingReadable_saysSo() {
        assertEquals(4, run());
        assertTrue(out.toString().contains("Nothing could be read"), out::toString);
        assertEquals(4, run("--json"));
    }

    @Test
    void json_isOneObjectWithTheNumbers() throws IOException {
        goodFiles();
        write("sys/net/ipv4/tcp_orphan_retries", "1");
        Files.delete(proc.resolve("sys/net/ipv4/tcp_mem"));
        assertEquals(3, run("--json"));
        String json = out.toString();
        assertEquals(1, json.lines().count());
        assertTrue(json.startsWith("{\"doctor\":\"lastbyte\""), json);
        assertTrue(json.contains("{\"name\":\"net.ipv4.tcp_orphan_retries\",\"values\":[1],\"level\":\"warn\""), json);
        assertTrue(json.contains("{\"name\":\"net.ipv4.tcp_mem\",\"values\":null,\"level\":\"unknown\""), json);
        assertTrue(json.contains("\"TCPAbortOnData\":12"), json);
        assertTrue(json.contains("\"TCPAbortOnLinger\":null"), json);
        assertTrue(json.contains("\"warnings\":1"), json);
    }

    private void goodFiles() throws IOException {
        for (String[] file : GOOD) {
            write("sys/" + file[0], file[1]);
        }
        write(
                "net/netstat",
                "TcpExt: TCPAbortOnData TCPAbortOnClose TCPAbortOnMemory TCPAbortOnTimeout TCPTimeWaitOverflow ListenOverflows\n"
                        + "TcpExt: 12 3 0 0 0 0\nIpExt: InOctets\nIpExt: 5\n");
        write(
                "net/sockstat",
                "sockets: used 120\nTCP: inuse 9 orphan 101 tw 18 alloc 20 mem 300\nUDP: inuse 0 mem 0\n");
        write("self/smaps", "7f00-7f01 r--p 00000000 00:00 0\nSize: 4 kB\nKernelPageSize:        4 kB\n");
    }

    private void write(String file, String text) throws IOException {
        Path path = proc.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text + "\n");
    }

    private int run(String... more) {
        out.getBuffer().setLength(0);
        CommandLine line = new CommandLine(new DoctorCommand()).setOut(new PrintWriter(out, true));
        String[] arguments = new String[more.length + 2];
        arguments[0] = "--proc";
        arguments[1] = proc.toString();
        System.arraycopy(more, 0, arguments, 2, more.length);
        return line.execute(arguments);
    }
}
