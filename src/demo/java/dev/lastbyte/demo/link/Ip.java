package dev.lastbyte.demo.link;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs ip(8), tc(8) and the like, and turns their complaints into exceptions. Stateless. */
final class Ip {
    private static final long LIMIT_SECONDS = 10;

    private Ip() {}

    /**
     * Runs one command to its end.
     *
     * @throws LinkException if it is missing, fails, or takes longer than 10 s; the message holds what it printed
     */
    static void run(String... command) throws LinkException {
        String line = String.join(" ", command);
        Process process;
        try {
            process = new ProcessBuilder(List.of(command))
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            throw new LinkException("cannot run '" + command[0] + "'; install it (package iproute2)", e);
        }
        try {
            process.getOutputStream().close();
            // a few lines at most, so the pipe cannot fill up while we wait
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new LinkException("'" + line + "' did not end within " + LIMIT_SECONDS + " s");
            }
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).trim();
            if (process.exitValue() != 0) {
                throw new LinkException("'" + line + "' failed: " + output);
            }
        } catch (IOException e) {
            throw new LinkException("'" + line + "' failed: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new LinkException("interrupted while running '" + line + "'", e);
        }
    }

    /** Runs a command whose failure does not matter: it tunes or it cleans up. */
    static boolean attempt(String... command) {
        try {
            run(command);
            return true;
        } catch (LinkException e) {
            return false;
        }
    }
}
