package dev.lastbyte.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** A script of {@code src/test/js} under Node.js, which prints lines. It is ended when this is closed. Thread-safe. */
public final class NodeScript implements AutoCloseable {
    private static final Path DIRECTORY = Path.of("src/test/js");
    private static final String END = "\u0004";

    private final Process process;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

    private NodeScript(Process process) {
        this.process = process;
        Thread reader = new Thread(this::read, "node-" + process.pid());
        reader.setDaemon(true);
        reader.start();
    }

    /** Runs a script, or skips the test where Node.js or what {@code npm ci} installs is missing. */
    public static NodeScript start(List<String> options, String script, String... arguments) {
        Assumptions.assumeTrue(
                Files.isDirectory(DIRECTORY.resolve("node_modules")), "needs: npm ci --prefix " + DIRECTORY);
        List<String> command = new ArrayList<>(List.of("node"));
        command.addAll(options);
        command.add(DIRECTORY.resolve(script).toString());
        command.addAll(List.of(arguments));
        try {
            return new NodeScript(
                    new ProcessBuilder(command).redirectErrorStream(true).start());
        } catch (IOException e) {
            Assumptions.abort("needs node: " + e.getMessage());
            throw new IllegalStateException(e);
        }
    }

    /** The next line. */
    public String nextLine() throws InterruptedException {
        String line = lines.poll(TestServer.PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (line == null || line.equals(END)) {
            throw new AssertionError(line == null ? "the script says nothing" : "the script has ended");
        }
        return line;
    }

    private void read() {
        try (BufferedReader output = process.inputReader()) {
            output.lines().forEach(lines::add);
        } catch (IOException | UncheckedIOException e) {
            // the pipe of a process that was ended
        }
        lines.add(END);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
