package dev.lastbyte.demo;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Tells whether standard output and standard error are read by a person at a terminal. Stateless. */
public final class Terminal {
    private Terminal() {}

    /** Whether standard output is a terminal. */
    public static boolean stdout() {
        return isTerminal(1);
    }

    /** Whether standard error is a terminal that understands control characters. */
    public static boolean stderr() {
        return isTerminal(2) && !"dumb".equals(System.getenv("TERM"));
    }

    /** How many columns the terminal has, as {@code stty} tells, or the given number where it does not. */
    public static int columns(int otherwise) {
        try {
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(new File("/dev/tty"))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String size = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).trim();
            return size.matches("\\d{1,4} [1-9]\\d{0,3}") ? Integer.parseInt(size.split(" ", 2)[1]) : otherwise;
        } catch (IOException e) {
            return otherwise;
        }
    }

    private static boolean isTerminal(int descriptor) {
        // System.console() answers for both streams at once, and on new JDKs even when neither is a terminal; where
        // there
        // is no /proc, plain text is the safe answer
        Path link = Path.of("/proc/self/fd/" + descriptor);
        try {
            String target = Files.readSymbolicLink(link).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }
}
