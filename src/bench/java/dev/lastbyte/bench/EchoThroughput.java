package dev.lastbyte.bench;

import dev.lastbyte.demo.Transport;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** What an idle handler costs open connections on real sockets. Not thread-safe. */
@Command(
        name = "echo",
        description = "An echo server on loopback, with and without Lastbyte: messages per second on open connections.")
final class EchoThroughput implements Callable<Integer> {
    private static final int ROUNDS = 31; // many and short: the machine's mood changes within seconds
    private static final int CONNECTIONS = 32;
    private static final int DEPTH = 4;
    private static final int WARM_UP_MILLIS = 50;
    private static final int MILLIS = 200;
    private static final double LEAST_RATIO = 0.98;

    @Mixin
    private BenchOptions options = new BenchOptions();

    private final Map<Transport, EventLoopGroup> groups = new EnumMap<>(Transport.class);

    /** What is measured. */
    private record Variant(Transport transport, FirstHandler first) {}

    /** How it went: thousands of messages per second, and microseconds of the server process's CPU time for each. */
    private record Rate(double thousands, double cpuMicros) {}

    @Override
    public Integer call() throws Exception {
        List<Variant> variants = new ArrayList<>();
        for (Transport transport : Transport.values()) {
            if (transport.unavailable().isPresent()) {
                System.out.println(
                        transport + " is left out: " + transport.unavailable().get());
                continue;
            }
            groups.put(transport, transport.newGroup(1));
            for (FirstHandler first : FirstHandler.values()) {
                variants.add(new Variant(transport, first));
            }
        }
        try (JvmChild client = new JvmChild(List.of("-Xmx256m"), List.of("echo-client"))) {
            Map<Variant, List<Rate>> rates =
                    Rounds.alternate(variants, options.size(ROUNDS, 1), variant -> once(variant, client));
            BenchTable table = table(rates);
            table.publish(options);
            table.draw(options, "of plain", "messages per second in terms of plain Netty's; longer is better");
        } finally {
            for (EventLoopGroup group : groups.values()) {
                group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
            }
        }
        return 0;
    }

    private static BenchTable table(Map<Variant, List<Rate>> rates) {
        BenchTable table = new BenchTable(
                "echo",
                "Echo of 1 KiB messages on loopback, " + CONNECTIONS + " connections with " + DEPTH
                        + " messages under way each, one event loop");
        rates.forEach((variant, measured) -> {
            String what = variant.transport() + ": " + variant.first();
            table.add(what, "1,000/s", Samples.of(measured, Rate::thousands));
            table.add(what + ", CPU", "µs/message", Samples.of(measured, Rate::cpuMicros));
            if (variant.first() != FirstHandler.NONE) {
                List<Rate> plain = rates.get(new Variant(variant.transport(), FirstHandler.NONE));
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

    private Rate once(Variant variant, JvmChild client) throws IOException {
        EventLoopGroup group = groups.get(variant.transport());
        try (EchoServer server = new EchoServer(variant.transport(), group, variant.first())) {
            long self = ProcessHandle.current().pid();
            int warmUp = options.size(WARM_UP_MILLIS, 10);
            int millis = options.size(MILLIS, 40);
            long cpuBefore = CpuTime.ofProcess(self);
            String[] told = client.ask(server.port() + " " + CONNECTIONS + " " + DEPTH + " " + warmUp + " " + millis)
                    .split(" ");
            double cpu = CpuTime.ofProcess(self) - cpuBefore;
            return new Rate(Double.parseDouble(told[0]) / 1000, cpu / 1000 / Double.parseDouble(told[1]));
        }
    }
}
