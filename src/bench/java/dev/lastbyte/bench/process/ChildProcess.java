package dev.lastbyte.bench.process;

import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A process of a bench that talks with it by lines: a JVM that runs a {@link ChildProgram}, or a {@link NativeProgram}. It ends when
 * its input does, so that none stays behind. Confined to one thread at a time.
 */
public final class ChildProcess implements AutoCloseable {
    private static final int FIRST_JAVA_THAT_WARNS = 24;
    private static final long GRACE_SECONDS = 10;

    private final Process process;
    private final BufferedReader output;
    private final PrintWriter input;

    private ChildProcess(Process process) {
        this.process = process;
        output = process.inputReader(StandardCharsets.UTF_8);
        input = new PrintWriter(new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8), true);
    }

    /** Starts a process whose messages on its standard error are shown. */
    static ChildProcess start(List<String> command) throws IOException {
        return new ChildProcess(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    /** Starts a JVM with options such as {@code -Xmx1g}, and this one's class path. */
    public static ChildProcess jvm(List<String> jvmOptions, Class<?> main, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        if (Runtime.version().feature() >= FIRST_JAVA_THAT_WARNS) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(jvmOptions);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(arguments);
        return start(command);
    }

    /**
     * Waits for its next line.
     *
     * @throws EOFException if the process ends instead
     */
    public String read() throws IOException {
        String line = output.readLine();
        if (line == null) {
            throw new EOFException("the child has ended; see its messages above");
        }
        return line;
    }

    /**
     * Waits for its next line and returns the words behind the first.
     *
     * @throws IOException if that line begins with another word, or never comes
     */
    public List<String> await(String word) throws IOException {
        String line = read();
        List<String> words = List.of(line.split(" "));
        if (!words.get(0).equals(word)) {
            throw new IOException("the child said '" + line + "' (expected: " + word + ")");
        }
        return words.subList(1, words.size());
    }

    /** Sends a line, and waits for the next one. */
    public String ask(String line) throws IOException {
        input.println(line);
        return read();
    }

    /** Sends a line, and waits for one that begins with the given word; returns the words behind it. */
    public List<String> ask(String line, String word) throws IOException {
        input.println(line);
        return await(word);
    }

    public long pid() {
        return process.pid();
    }

    /** CPU time of all its threads, in nanoseconds. */
    public long cpuNanos() throws IOException {
        return CpuTime.ofProcess(process.pid());
    }

    /** Ends its input, waits for its end, and forces it if it does not come. */
    @Override
    public void close() {
        input.close();
        try {
            if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            process.destroyForcibly();
        }
    }
}
