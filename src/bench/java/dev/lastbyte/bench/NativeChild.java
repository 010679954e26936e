package dev.lastbyte.bench;

import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A running {@link NativeProgram}, told and telling by lines; it ends when its input does. Not thread-safe. */
final class NativeChild implements AutoCloseable {

    private final Process process;
    private final BufferedReader output;
    private final PrintWriter input;

    NativeChild(NativeProgram program, Object... arguments) throws IOException {
        process = program.start(arguments);
        output = process.inputReader(StandardCharsets.UTF_8);
        input = new PrintWriter(new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8), true);
    }

    /**
     * Waits for its next line and returns the words behind the first.
     *
     * @throws IOException if that line begins with another word, or never comes
     */
    List<String> await(String word) throws IOException {
        String line = output.readLine();
        if (line == null) {
            throw new EOFException(
                    "a native program has ended instead of being '" + word + "'; see its messages above");
        }
        List<String> words = List.of(line.split(" "));
        if (!words.get(0).equals(word)) {
            throw new IOException("a native program said '" + line + "' (expected: " + word + ")");
        }
        return words.subList(1, words.size());
    }

    void send(String line) {
        input.println(line);
    }

    @Override
    public void close() {
        input.close();
        ProcessEnd.await(process);
    }
}
