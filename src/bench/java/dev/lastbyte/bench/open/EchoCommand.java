package dev.lastbyte.bench.open;

import dev.lastbyte.bench.netty.LoopbackServer;
import dev.lastbyte.bench.netty.Setup;
import dev.lastbyte.bench.netty.Transports;
import dev.lastbyte.bench.process.ChildProcess;
import dev.lastbyte.bench.process.CpuTime;
import dev.lastbyte.bench.report.BenchOptions;
import dev.lastbyte.bench.report.BenchTable;
import dev.lastbyte.bench.report.Rounds;
import dev.lastbyte.bench.report.Samples;
import dev.lastbyte.bench.report.Target;
import dev.lastbyte.demo.Transport;
import io.netty.channel.Channel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** What an idle handler costs open connections on real sockets. Not thread-safe. */
@Command(
        name = "echo",
        description = "An echo server on loopback, with and without Lastbyte: messages per second on open connections.")
public final class EchoCommand implements Callable<Integer> {
    private static final int ROUNDS = 31; // many and short: the machine's mood changes within seconds
    private static final int CONNECTIONS = 32;
    private static final int DEPTH = 4;
    private static final int WARM_UP_MILLIS = 50;
    private static final int MILLIS = 200;
    private static final double LEAST_RATIO = 0.98;

    @Mixin
    private final BenchOptions options = new BenchOptions();

    private final Map<Transport, LoopbackServer> servers = new EnumMap<>(Transport.class);

    /** What is measured. */
    private record Variant(Transport transport, Setup setup) {}

    /** How it went: thousands of messages per second, and microseconds of the server process's CPU time for each. */
    private record Rate(double thousands, double cpuMicros) {}

    @Override
    public Integer call() throws Exception {
        List<Variant> variants = new ArrayList<>();
        for (Transport transport : Transports.available(List.of(Transport.values()))) {
            servers.put(transport, new LoopbackServer(transport, 1));
            for (Setup setup : Setup.values()) {
                variants.add(new Variant(transport, setup));
            }
        }
        try (ChildProcess client = ChildProcess.jvm(List.of("-Xmx256m"), EchoClient.class, List.of())) {
            Map<Variant, List<Rate>> rates =
                    Rounds.alternate(variants, options.size(ROUNDS, 1), variant -> once(variant, client));
            BenchTable table = table(rates);
            table.publish(options);
            table.draw(options, "of plain", "messages per second in terms of plain Netty's; longer is better");
        } finally {
            servers.values().forEach(LoopbackServer::close);
        }
        return 0;
    }

    private static BenchTable table(Map<Variant, List<Rate>> rates) {
        BenchTable table = new BenchTable(
                "echo",
                "Echo of 1 KiB messages on loopback, " + CONNECTIONS + " connections with " + DEPTH
                        + " messages under way each, one event loop");
        rates.forEach((variant, measured) -> {
            String what = variant.transport() + ": " + variant.setup();
            table.add(what, "1,000/s", Samples.of(measured, Rate::thousands));
            table.add(what + ", CPU", "µs/message", Samples.of(measured, Rate::cpuMicros));
            if (variant.setup() != Setup.PLAIN) {
                List<Rate> plain = rates.get(new Variant(variant.transport(), Setup.PLAIN));
                table.add(
                        what + " against plain",
                        "of plain",
                        Samples.of(measured, Rate::thousands).relativeTo(Samples.of(plain, Rate::thousands)),
                        Target.atLeast(LEAST_RATIO));
                table.add(
                        what + " against plain, CPU",
                        "of plain's CPU",
                        Samples.of(measured, Rate::cpuMicros).relativeTo(Samples.of(plain, Rate::cpuMicros)));
            }
        });
        return table;
    }

    private Rate once(Variant variant, ChildProcess client) throws IOException {
        Channel listener = servers.get(variant.transport())
                .listen(variant.setup()
                        .childHandler(channel -> channel.pipeline().addLast(new Echo())));
        try {
            long self = ProcessHandle.current().pid();
            int warmUp = options.size(WARM_UP_MILLIS, 10);
            int millis = options.size(MILLIS, 40);
            long cpuBefore = CpuTime.ofProcess(self);
            int port = LoopbackServer.port(listener);
            String[] told = client.ask(port + " " + CONNECTIONS + " " + DEPTH + " " + warmUp + " " + millis)
                    .split(" ");
            double cpu = CpuTime.ofProcess(self) - cpuBefore;
            return new Rate(Double.parseDouble(told[0]) / 1000, cpu / 1000 / Double.parseDouble(told[1]));
        } finally {
            listener.close().syncUninterruptibly();
        }
    }
}
