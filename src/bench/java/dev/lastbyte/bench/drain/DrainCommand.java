package dev.lastbyte.bench.drain;

import dev.lastbyte.bench.netty.Transports;
import dev.lastbyte.bench.process.ChildProcess;
import dev.lastbyte.bench.process.NativeProgram;
import dev.lastbyte.bench.report.BenchOptions;
import dev.lastbyte.bench.report.BenchTable;
import dev.lastbyte.bench.report.Rounds;
import dev.lastbyte.bench.report.Samples;
import dev.lastbyte.bench.report.Target;
import dev.lastbyte.demo.Transport;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** A drain of thousands of idle connections against what Netty does by itself. Not thread-safe. */
@Command(
        name = "drain",
        description = "How long 15,000 idle connections take to end: drain() against ChannelGroup.close().")
public final class DrainCommand implements Callable<Integer> {
    private static final int ROUNDS = 5;
    private static final Target RATIO = Target.atMost(1.5);
    private static final String RATIO_UNIT = "times plain";

    @Mixin
    private final BenchOptions options = new BenchOptions();

    @Mixin
    private final Transports transports = new Transports();

    /** From the call until it is done, and until the last peer has seen its end. */
    private record Times(double doneMillis, double seenMillis) {}

    @Override
    public Integer call() throws Exception {
        NativeProgram peers;
        try {
            peers = IdlePeers.compile(options);
        } catch (IOException e) {
            System.out.println("drain: left out, " + e.getMessage());
            return 0;
        }
        int connections = options.size(15_000, 500);
        BenchTable table = new BenchTable("drain", "%,d idle connections end, two event loops".formatted(connections));
        for (Transport transport : transports.available()) {
            try (ChildProcess server = DrainServer.start(transport)) {
                add(
                        table,
                        transport,
                        Rounds.alternate(
                                List.of("plain", "drain"),
                                options.size(ROUNDS, 1),
                                way -> measure(server, peers, way, connections)));
            }
        }
        table.publish(options);
        table.draw(
                options,
                RATIO_UNIT,
                "drain() in terms of ChannelGroup.close(), round by round; the line is the target");
        return 0;
    }

    private static Times measure(ChildProcess server, NativeProgram program, String way, int connections)
            throws IOException {
        int port = Integer.parseInt(server.ask(way, "listening").get(0));
        try (IdlePeers peers = new IdlePeers(program, port, connections, IdlePeers.Kind.CLOSE)) {
            List<String> done = server.ask("end " + connections, "done");
            long start = Long.parseLong(done.get(0));
            return new Times((Long.parseLong(done.get(1)) - start) / 1e6, (peers.awaitEnded() - start) / 1e6);
        }
    }

    private static void add(BenchTable table, Transport transport, Map<String, List<Times>> results) {
        List<Times> plain = results.getOrDefault("plain", List.of());
        List<Times> drain = results.getOrDefault("drain", List.of());
        add(table, transport + ", until the last peer has seen its end", plain, drain, Times::seenMillis);
        add(table, transport + ", until the call is done", plain, drain, Times::doneMillis);
    }

    private static void add(
            BenchTable table, String what, List<Times> plain, List<Times> drain, ToDoubleFunction<Times> time) {
        Samples ofPlain = Samples.of(plain, time);
        Samples ofDrain = Samples.of(drain, time);
        table.add("ChannelGroup.close(), " + what, "ms", ofPlain);
        table.add("drain(), " + what, "ms", ofDrain);
        table.add(what, RATIO_UNIT, ofDrain.relativeTo(ofPlain), RATIO);
    }
}
