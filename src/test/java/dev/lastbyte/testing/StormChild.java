package dev.lastbyte.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** The clients of a listener as a process: {@code storm <host> <port> <clients> <spread in ms>} until refused, then one line. Stateless. */
public final class StormChild {
    private StormChild() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] words = line.split(" ");
            InetSocketAddress address = new InetSocketAddress(words[1], Integer.parseInt(words[2]));
            int clients = Integer.parseInt(words[3]);
            Duration spread = Duration.ofMillis(Long.parseLong(words[4]));
            try (ConnectStorm storm = ConnectStorm.untilRefused(address, clients, spread)) {
                storm.awaitServed(2L * clients);
                System.out.println("running now");
                storm.join();
                System.out.println(
                        "ended " + storm.served() + " " + storm.lost().size() + " " + storm.longestConnectMillis());
            }
        }
    }
}
