package dev.lastbyte.testing;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A second JVM with the class path of the tests, told and telling lines. It is ended when this is closed. Thread-safe. */
public final class ChildJvm implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 60;
    private static final String END = "\u0004";

    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final Process process;
    private final PrintWriter input;

    /**
     * Starts a main class.
     *
     * @param before words to put before the java command, such as {@code ip netns exec}
     */
    public ChildJvm(List<String> before, Class<?> main, String... arguments) throws IOException {
        this(before, List.of(), classPath(), main, arguments);
    }

    private ChildJvm(List<String> before, List<String> options, String classPath, Class<?> main, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(before);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        if (Runtime.version().feature() >= 24) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(options);
        command.addAll(List.of("-Xmx256m", "-cp", classPath, main.getName()));
        command.addAll(List.of(arguments));
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        input = new PrintWriter(process.getOutputStream(), true, StandardCharsets.UTF_8);
        Thread reader = new Thread(this::read, "child-" + process.pid());
        reader.setDaemon(true);
        reader.start();
    }

    /** Starts a main class with options of the JVM. */
    public static ChildJvm with(List<String> options, Class<?> main, String... arguments) throws IOException {
        return new ChildJvm(List.of(), options, classPath(), main, arguments);
    }

    /** Starts a main class with a class path from which the jars of this name are missing. */
    public static ChildJvm without(Pattern jars, Class<?> main) throws IOException {
        String classPath = Arrays.stream(classPath().split(File.pathSeparator))
                .filter(entry -> !jars.matcher(entry).find())
                .collect(Collectors.joining(File.pathSeparator));
        return new ChildJvm(List.of(), List.of(), classPath, main);
    }

    private static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    /** Tells the child a line. */
    public void tell(String line) {
        input.println(line);
    }

    /** Tells the child a line and returns its answer, a line that begins with this word, without it. */
    public String ask(String line, String answer) throws InterruptedException {
        tell(line);
        return await(answer);
    }

    /** Waits for a line that begins with a word and returns the rest; other lines, such as logs, are skipped. */
    public String await(String word) throws InterruptedException {
        while (true) {
            String line = lines.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (line == null || line.equals(END)) {
                throw new AssertionError("the child did not say " + word + (line == null ? "" : " and ended"));
            }
            if (line.startsWith(word + " ")) {
                return line.substring(word.length() + 1);
            }
        }
    }

    /** Sends the child a signal, such as {@code STOP} or {@code CONT}. */
    public void signal(String name) throws IOException, InterruptedException {
        int status = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .start()
                .waitFor();
        if (status != 0) {
            throw new IOException("kill -" + name + " ended with " + status);
        }
    }

    private void read() {
        try (BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                lines.add(line);
            }
        } catch (IOException e) {
            // the pipe of a process that was ended
        }
        lines.add(END);
    }

    @Override
    public void close() {
        input.close();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
