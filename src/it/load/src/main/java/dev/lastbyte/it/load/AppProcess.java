package dev.lastbyte.it.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A server under test, in a process of its own. It says {@code RUNS name} and {@code PORT number} when it serves. Thread-safe. */
final class AppProcess implements AutoCloseable {
    private static final String MAIN = "dev.lastbyte.it.App";

    private final Process process;
    private final Path log;
    private final CompletableFuture<Integer> port = new CompletableFuture<>();
    private volatile String name = "";

    /** Starts the application of a module that Maven has built. */
    AppProcess(Path module, Path log, List<String> arguments) throws IOException {
        this.log = log;
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                module.resolve("target/classes") + ":" + Files.readString(module.resolve("target/classpath")),
                MAIN));
        command.addAll(arguments);
        process = new ProcessBuilder(command).redirectErrorStream(true).start();
        Thread reader = new Thread(this::read, "output of " + module.getFileName());
        reader.setDaemon(true);
        reader.start();
    }

    private void read() {
        try (BufferedReader output = process.inputReader();
                var file = Files.newBufferedWriter(log)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                file.write(line);
                file.newLine();
                file.flush();
                if (line.startsWith("RUNS ")) {
                    name = line.substring("RUNS ".length());
                } else if (line.startsWith("PORT ")) {
                    port.complete(Integer.parseInt(line.substring("PORT ".length())));
                }
            }
        } catch (IOException e) {
            // the process was killed
        }
        port.completeExceptionally(new IOException("it has ended; see " + log));
    }

    int port() throws IOException {
        try {
            return port.get(60, TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new IOException("the application does not serve; see " + log, e);
        }
    }

    /** What it says that it runs on. */
    String name() {
        return name;
    }

    /** Sends SIGTERM, waits for the end of the process, and returns the milliseconds that it took. */
    long terminate() throws IOException, InterruptedException {
        long start = System.nanoTime();
        process.toHandle().destroy(); // Process.destroy() would close its output, too
        if (!process.waitFor(90, TimeUnit.SECONDS)) {
            throw new IOException("the application does not end; see " + log);
        }
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
