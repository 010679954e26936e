package dev.lastbyte.bench;

import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Another JVM that runs one of the benches' commands, told and telling by lines; it ends when its input does, so that none
 * stays behind. Not thread-safe.
 */
final class JvmChild implements AutoCloseable {
    private static final int FIRST_JAVA_THAT_WARNS = 24;

    private final Process process;
    private final BufferedReader output;
    private final PrintWriter input;

    /** Starts a command of {@link Bench} with JVM options of its own, such as {@code -Xmx1g}. */
    JvmChild(List<String> jvmOptions, List<String> arguments) throws IOException {
        this(jvmOptions, Bench.class, arguments);
    }

    /** The same with a main class of its own, where picocli's start would count. */
    JvmChild(List<String> jvmOptions, Class<?> main, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        if (Runtime.version().feature() >= FIRST_JAVA_THAT_WARNS) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(jvmOptions);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(arguments);
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        output = process.inputReader(StandardCharsets.UTF_8);
        input = new PrintWriter(new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8), true);
    }

    /** Waits for its next line. */
    String read() throws IOException {
        String line = output.readLine();
        if (line == null) {
            throw new EOFException("the child has ended; see its messages above");
        }
        return line;
    }

    void send(String line) {
        input.println(line);
    }

    /** Tells, and waits for the answer. */
    String ask(String line) throws IOException {
        send(line);
        return read();
    }

    /** CPU time of all its threads, in nanoseconds. */
    long cpuNanos() throws IOException {
        return CpuTime.ofProcess(process.pid());
    }

    @Override
    public void close() throws IOException {
        input.close();
        ProcessEnd.await(process);
    }
}
