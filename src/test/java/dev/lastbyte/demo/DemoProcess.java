package dev.lastbyte.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A running process whose output is collected line by line; every wait is bounded, and closing it ends it. */
final class DemoProcess implements AutoCloseable {
    static final long BOUND_SECONDS = 120;

    private final BlockingQueue<String> unread = new LinkedBlockingQueue<>();
    private final List<String> stdout = Collections.synchronizedList(new ArrayList<>());
    private final List<String> stderr = Collections.synchronizedList(new ArrayList<>());
    private final List<Thread> readers = new ArrayList<>();
    private final Process process;

    private DemoProcess(Process process) {
        this.process = process;
        read(process.getInputStream(), line -> {
            stdout.add(line);
            unread.add(line);
        });
        read(process.getErrorStream(), stderr::add);
    }

    /** Runs the packaged demo. */
    static DemoProcess jar(String... arguments) throws IOException {
        return jar(Map.of(), arguments);
    }

    /** Runs the packaged demo with changed environment variables. */
    static DemoProcess jar(Map<String, String> environment, String... arguments) throws IOException {
        String jar = System.getProperty("lastbyte.demo.jar");
        if (jar == null || !Path.of(jar).toFile().isFile()) {
            throw new IllegalStateException(
                    "lastbyte.demo.jar: " + jar + " (expected: the packaged demo; run mvn verify)");
        }
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-jar", jar));
        command.addAll(List.of(arguments));
        return start(environment, command);
    }

    static DemoProcess start(Map<String, String> environment, List<String> command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        return new DemoProcess(builder.start());
    }

    /** The next line of standard output. */
    String nextLine() throws InterruptedException {
        String line = unread.poll(BOUND_SECONDS, TimeUnit.SECONDS);
        if (line == null) {
            throw new AssertionError("no line within " + BOUND_SECONDS + " s\n" + this);
        }
        return line;
    }

    /** Waits for the end and returns the exit code. */
    int await() throws InterruptedException {
        if (!process.waitFor(BOUND_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("still running after " + BOUND_SECONDS + " s\n" + this);
        }
        for (Thread reader : readers) {
            reader.join(TimeUnit.SECONDS.toMillis(BOUND_SECONDS));
        }
        return process.exitValue();
    }

    /** Asks the process to end, as kill does. {@code Process.destroy()} would close the pipes, too, and lose its last lines. */
    void terminate() {
        process.toHandle().destroy();
    }

    long pid() {
        return process.pid();
    }

    String out() {
        return String.join("\n", List.copyOf(stdout));
    }

    String err() {
        return String.join("\n", List.copyOf(stderr));
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    @Override
    public String toString() {
        return "stdout:\n" + out() + "\nstderr:\n" + err();
    }

    private void read(InputStream stream, Consumer<String> lines) {
        Thread reader = new Thread(() -> {
            try (BufferedReader text = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                text.lines().forEach(lines);
            } catch (IOException | UncheckedIOException e) {
                // the pipe of a process that was ended
            }
        });
        reader.setDaemon(true);
        reader.start();
        readers.add(reader);
    }
}
