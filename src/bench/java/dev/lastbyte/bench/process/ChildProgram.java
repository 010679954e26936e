package dev.lastbyte.bench.process;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What a Java program does as a {@link ChildProcess}: answers the lines of its standard input, until that ends.
 * Thread-safe.
 */
public final class ChildProgram {
    private ChildProgram() {}

    /** The whole program. */
    public interface Body {
        void run() throws Exception;
    }

    /** Carries one order out. */
    public interface Reply {
        /** The answer, one line, to the words of an order. */
        String to(List<String> words) throws Exception;
    }

    /** Runs the program, and then ends the process, whatever threads are left: the bench waits for that. */
    public static void run(Body body) {
        try {
            body.run();
        } catch (Exception e) {
            e.printStackTrace();
            System.exit(1);
        }
        System.exit(0);
    }

    /** Answers each line, until the input ends. */
    public static void obey(Reply reply) throws Exception {
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = orders.readLine(); line != null; line = orders.readLine()) {
            say(reply.to(List.of(line.split(" "))));
        }
    }

    /** Waits until the input ends. */
    public static void awaitEnd() throws Exception {
        obey(words -> {
            throw unknown(words);
        });
    }

    /** Sends a line to the bench, from any thread. */
    public static void say(String line) {
        synchronized (System.out) {
            System.out.println(line);
            System.out.flush();
        }
    }

    /** For an order that the program does not know. */
    public static IOException unknown(List<String> words) {
        return new IOException("unknown order: " + String.join(" ", words));
    }
}
