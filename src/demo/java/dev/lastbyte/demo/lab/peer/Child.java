package dev.lastbyte.demo.lab.peer;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * A second JVM of the demo that is told and tells lines of {@link Fields} over its standard streams. It ends itself when
 * its input ends, so none stays behind even if this process is killed. Thread-safe.
 */
public final class Child implements AutoCloseable {
    private static final long GRACE_SECONDS = 3;

    /** From here on the JVM warns of native libraries, which Netty's transports are, unless told that they are meant. */
    private static final int FIRST_JAVA_THAT_WARNS = 24;

    private final String name;
    private final Process process;
    private final PrintWriter input;

    /**
     * Starts one of the demo's own commands.
     *
     * @param name for messages
     * @param before words to put before the java command, such as {@code ip netns exec}
     * @param arguments the demo's command and its arguments
     * @param lines told each line that the child prints, by one thread
     * @throws IOException if it cannot be started
     */
    public Child(String name, List<String> before, List<String> arguments, Consumer<Fields> lines) throws IOException {
        this.name = name;
        List<String> command = new ArrayList<>(before);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        if (Runtime.version().feature() >= FIRST_JAVA_THAT_WARNS) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(List.of("-cp", classPath(), mainClass()));
        command.addAll(arguments);
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        input = new PrintWriter(new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8), true);
        LocalPeers.daemons("from-" + name).newThread(() -> forward(lines)).start();
    }

    private void forward(Consumer<Fields> lines) {
        try (BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                lines.accept(Fields.parse(line));
            }
        } catch (IOException e) {
            // the pipe breaks when the process ends; checkAlive tells whoever needs it
        }
    }

    void send(Fields line) {
        checkAlive();
        synchronized (input) {
            input.println(line);
        }
    }

    /**
     * Makes sure that the process still runs.
     *
     * @throws IllegalStateException if it has ended
     */
    public void checkAlive() {
        if (!process.isAlive()) {
            throw new IllegalStateException(
                    "the " + name + " process ended early with exit code " + process.exitValue());
        }
    }

    @Override
    public void close() {
        input.close();
        try {
            if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor(GRACE_SECONDS, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private static String mainClass() {
        return "dev.lastbyte.demo.LastbyteDemo";
    }

    /** Under {@code mvn exec:java} the class path of the JVM is Maven's; ours is that of the class loader. */
    private static String classPath() {
        if (Child.class.getClassLoader() instanceof URLClassLoader loader) {
            return Arrays.stream(loader.getURLs()).map(Child::path).collect(Collectors.joining(File.pathSeparator));
        }
        return System.getProperty("java.class.path");
    }

    private static String path(URL url) {
        try {
            return Path.of(url.toURI()).toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException("class path entry: " + url + " (expected: a file)", e);
        }
    }
}
