package dev.lastbyte.bench.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A program of src/bench/c, compiled when first needed: clients that cost little, and servers that show the floor.
 * Immutable.
 */
public final class NativeProgram {
    private static final Path SOURCES = Path.of("src/bench/c");
    private static final long COMPILE_SECONDS = 60;

    private final Path binary;

    private NativeProgram(Path binary) {
        this.binary = binary;
    }

    /**
     * Compiles.
     *
     * @throws IOException if there is no compiler (Debian: gcc), no source (the bench is not run in the project's directory), or if it fails
     */
    public static NativeProgram compile(String name, Path directory) throws IOException {
        Path source = SOURCES.resolve(name + ".c");
        if (!Files.isRegularFile(source)) {
            throw new IOException(source.toAbsolutePath() + " is missing: run the benches in the project's directory");
        }
        Files.createDirectories(directory);
        Path binary = directory.resolve(name).toAbsolutePath();
        Process gcc;
        try {
            gcc = new ProcessBuilder(
                            "gcc", "-O2", "-Wall", "-Wextra", "-o", binary.toString(), source.toString(), "-lpthread")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                    .start();
        } catch (IOException e) {
            throw new IOException("gcc is needed to compile " + source + " (Debian: apt-get install gcc libc6-dev)", e);
        }
        try {
            if (!gcc.waitFor(COMPILE_SECONDS, TimeUnit.SECONDS) || gcc.exitValue() != 0) {
                gcc.destroyForcibly();
                throw new IOException("gcc did not compile " + source);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while gcc compiled " + source, e);
        }
        return new NativeProgram(binary);
    }

    /** A process of it. */
    public ChildProcess start(Object... arguments) throws IOException {
        return ChildProcess.start(command(arguments));
    }

    List<String> command(Object... arguments) {
        List<String> command = new ArrayList<>(List.of(binary.toString()));
        Arrays.stream(arguments).map(Object::toString).forEach(command::add);
        return command;
    }
}
