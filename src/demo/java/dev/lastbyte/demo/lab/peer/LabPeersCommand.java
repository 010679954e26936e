package dev.lastbyte.demo.lab.peer;

import dev.lastbyte.demo.Durations;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The lab's peers, started by the lab in a process of their own; end when their standard input does. */
@Command(name = "lab-peers", hidden = true)
public final class LabPeersCommand implements Callable<Integer> {
    @Option(names = "--longest-run", required = true, converter = Durations.class)
    private Duration longestRun = Duration.ZERO;

    @Override
    public Integer call() throws IOException {
        try (LocalPeers peers = new LocalPeers(longestRun, LabPeersCommand::print);
                BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                Fields order = Fields.parse(line);
                switch (order.word()) {
                    case "run" -> peers.start(Job.from(order));
                    case "release" -> peers.release(order.number("run"));
                    default -> throw new IllegalStateException("line: " + line + " (expected: run or release)");
                }
            }
        }
        return 0;
    }

    private static void print(PeerResult result) {
        synchronized (System.out) {
            System.out.println(result.toFields());
            System.out.flush();
        }
    }
}
