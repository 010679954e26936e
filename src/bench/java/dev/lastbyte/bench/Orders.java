package dev.lastbyte.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What a child process is told on its standard input, line by line, until that ends. Stateless. */
final class Orders {
    private Orders() {}

    /** Carries one order out. */
    interface Reply {
        /** The answer, one line, to the words of an order. */
        String to(List<String> words) throws Exception;
    }

    static void obey(Reply reply) throws Exception {
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = orders.readLine(); line != null; line = orders.readLine()) {
            say(reply.to(List.of(line.split(" "))));
        }
    }

    /** Sends a line to the parent, from any thread. */
    static void say(String line) {
        synchronized (System.out) {
            System.out.println(line);
            System.out.flush();
        }
    }

    static IOException unknown(List<String> words) {
        return new IOException("unknown order: " + String.join(" ", words));
    }
}
