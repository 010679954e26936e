package dev.lastbyte.http;

import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.testing.Transports;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.SplittableRandom;

/**
 * The server or the clients of {@link HttpLinkIT} as a process, for other network namespaces. The server is told {@code drain}, the
 * clients {@code run HOST PORT CLIENTS}. Ends with its input. Stateless.
 */
final class HttpDrainChild {
    private HttpDrainChild() {}

    /** {@code server TRANSPORT HOST PROTECTION_MILLIS}, 0 for none, or {@code clients}. */
    public static void main(String[] arguments) throws Exception {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        if (arguments[0].equals("clients")) {
            clients(input);
        } else {
            long millis = Long.parseLong(arguments[3]);
            HttpFarewellConfig.Builder farewell = HttpFarewellConfig.builder();
            serve(
                    input,
                    new HttpDrainServer(
                            Transports.valueOf(arguments[1]),
                            new InetSocketAddress(arguments[2], 0),
                            (millis == 0
                                            ? farewell.withoutIdleProtection()
                                            : farewell.minIdleProtection(Duration.ofMillis(millis)))
                                    .build(),
                            GracefulCloseConfig.builder()
                                    .quietPeriod(Duration.ofSeconds(5))
                                    .build()));
        }
    }

    private static void serve(BufferedReader input, HttpDrainServer server) throws Exception {
        try (server) {
            System.out.println("bound " + server.address().getPort());
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                DrainReport report = server.drain();
                System.out.println("drained " + report.lostRequests() + " " + report.outcome() + " " + report);
                server.restart();
                System.out.println("bound " + server.address().getPort());
            }
        }
    }

    private static void clients(BufferedReader input) throws IOException, InterruptedException {
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] words = line.split(" ");
            InetSocketAddress server = new InetSocketAddress(words[1], Integer.parseInt(words[2]));
            PipeliningClient.Tally tally = new PipeliningClient.Tally();
            PipeliningClients clients =
                    new PipeliningClients(server, Integer.parseInt(words[3]), 20_000, new SplittableRandom(), tally);
            clients.awaitAnswers();
            System.out.println("running now");
            clients.join();
            System.out.println("ended " + tally.losses + " " + tally.problems.size() + " " + tally);
        }
    }
}
