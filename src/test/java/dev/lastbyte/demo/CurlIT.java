package dev.lastbyte.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The packaged server, asked by curl: skipped where there is no curl. */
@Timeout(600)
class CurlIT {
    private static final int UPLOAD_BYTES = 50_000_000;
    private static final int REJECT_BODY = 64 * 1024;
    private static final int REJECT_RUNS = 10;

    @TempDir
    private static Path directory;

    @BeforeAll
    static void needCurl() throws InterruptedException {
        boolean there;
        try (DemoProcess curl = DemoProcess.start(Map.of(), List.of("curl", "--version"))) {
            there = curl.await() == 0;
        } catch (IOException e) {
            there = false;
        }
        assumeTrue(there, "needs curl");
    }

    @ParameterizedTest
    @CsvSource({
        "http,/bytes/0,0",
        "http,/bytes/20000000,20000000",
        "http,/stream/20000000,20000000",
        "https,/bytes/5000000,5000000"
    })
    void get_answersInFull(String scheme, String path, int size) throws Exception {
        try (DemoProcess server =
                scheme.equals("https") ? DemoProcess.jar("serve", "--tls") : DemoProcess.jar("serve")) {
            assertEquals("200", curl(scheme, ServeIT.port(server), path));
            byte[] body = Files.readAllBytes(directory.resolve("body"));
            assertEquals(size, body.length);
            assertTrue(BytePattern.matches(body, size, 0));
        }
    }

    /** Without "Expect: 100-continue", which would keep curl from uploading at all. */
    @ParameterizedTest
    @CsvSource({"http,nio", "https,nio", "http,epoll", "http,io_uring"})
    void reject_inTheMiddleOfAnUpload_arrivesInFullEachTime(String scheme, String transport) throws Exception {
        Transport wanted = Names.find("transport", transport, Transport.values(), Transport::label);
        assumeTrue(
                wanted.unavailable().isEmpty(),
                () -> transport + ": " + wanted.unavailable().orElse(""));
        List<String> arguments = new ArrayList<>(List.of("serve", "--strategy", "full", "--transport", transport));
        if (scheme.equals("https")) {
            arguments.add("--tls");
        }
        try (DemoProcess server = DemoProcess.jar(arguments.toArray(String[]::new))) {
            int port = ServeIT.port(server);
            for (int run = 0; run < REJECT_RUNS; run++) {
                assertEquals("413", curl(scheme, port, "/reject", "-H", "Expect:", "--data-binary", "@" + upload()));
                assertEquals(REJECT_BODY, Files.size(directory.resolve("body")));
            }
        }
    }

    @Test
    void reject_withExpectContinue_arrivesInFull() throws Exception {
        try (DemoProcess server = DemoProcess.jar("serve")) {
            assertEquals(
                    "413",
                    curl(
                            "http",
                            ServeIT.port(server),
                            "/reject",
                            "-H",
                            "Expect: 100-continue",
                            "--data-binary",
                            "@" + upload()));
            assertEquals(REJECT_BODY, Files.size(directory.resolve("body")));
        }
    }

    /** Runs curl, which must end with exit code 0, and returns the status; the body is in a file. */
    private static String curl(String scheme, int port, String path, String... more) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                "curl",
                "-sS",
                "-k",
                "--max-time",
                "60",
                "-o",
                directory.resolve("body").toString(),
                "-w",
                "%{http_code}\n"));
        command.addAll(List.of(more));
        command.add(scheme + "://127.0.0.1:" + port + path);
        Files.deleteIfExists(directory.resolve("body"));
        try (DemoProcess curl = DemoProcess.start(Map.of(), command)) {
            assertEquals(0, curl.await(), curl::toString);
            return curl.out();
        }
    }

    private static Path upload() throws IOException {
        Path file = directory.resolve("upload");
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(UPLOAD_BYTES);
        }
        return file;
    }
}
