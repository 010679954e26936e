package dev.lastbyte.bench.drain;

import dev.lastbyte.bench.process.ChildProcess;
import dev.lastbyte.bench.report.BenchOptions;
import dev.lastbyte.bench.report.BenchTable;
import dev.lastbyte.bench.report.LineChart;
import dev.lastbyte.bench.report.Samples;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * How heap and a drain's time grow with the number of connections, beyond what descriptors allow to measure. Not
 * thread-safe.
 */
@Command(
        name = "scale-sim",
        description = "Heap and the time of a drain per connection, from 10,000 to 1,000,000, without sockets.")
public final class ScaleCommand implements Callable<Integer> {
    @Mixin
    private final BenchOptions options = new BenchOptions();

    @Option(names = "--rounds", defaultValue = "3", description = "default: ${DEFAULT-VALUE}")
    private int rounds = 3;

    /** Heap per managed connection beyond a bare one, and the time of both ends per connection. */
    private record Growth(double heapBytes, double plainMicros, double drainMicros) {}

    @Override
    public Integer call() throws Exception {
        List<Integer> sizes = options.smoke() ? List.of(1_000, 10_000) : List.of(10_000, 100_000, 1_000_000);
        Map<Integer, List<Growth>> results = new LinkedHashMap<>();
        try (ChildProcess server = ChildProcess.jvm(List.of("-Xmx4g"), ScaleServer.class, List.of())) {
            measure(server, sizes.get(0)); // warms up
            for (int size : sizes) {
                List<Growth> growth = new ArrayList<>();
                for (int round = 0; round < options.size(rounds, 1); round++) {
                    growth.add(measure(server, size));
                }
                results.put(size, growth);
            }
        }
        publish(results);
        return 0;
    }

    private static Growth measure(ChildProcess server, int connections) throws IOException {
        open(server, "bare", connections);
        long bare = HeapHistogram.parse(server.ask("heap")).total();
        end(server);
        open(server, "plain", connections);
        double plainMicros = end(server) / connections;
        open(server, "drain", connections);
        long managed = HeapHistogram.parse(server.ask("heap")).total();
        double drainMicros = end(server) / connections;
        return new Growth((managed - bare) / (double) connections, plainMicros, drainMicros);
    }

    private static void open(ChildProcess server, String way, int connections) throws IOException {
        String opened = server.ask(way + " " + connections);
        if (!opened.equals("open " + connections)) {
            throw new IOException(opened + " (expected: " + connections + ")");
        }
    }

    private static double end(ChildProcess server) throws IOException {
        return Long.parseLong(server.ask("end", "done").get(0)) / 1e3;
    }

    private void publish(Map<Integer, List<Growth>> results) throws IOException {
        BenchTable table = new BenchTable("scale-sim", "Connections without sockets, two event loops");
        List<LineChart.Point> heap = new ArrayList<>();
        List<LineChart.Point> plain = new ArrayList<>();
        List<LineChart.Point> drain = new ArrayList<>();
        results.forEach((size, growth) -> {
            String at = "%,d connections: ".formatted(size);
            heap.add(add(table, at + "heap of the library, per open connection", "B", size, growth, Growth::heapBytes));
            plain.add(add(table, at + "ChannelGroup.close(), per connection", "µs", size, growth, Growth::plainMicros));
            drain.add(add(table, at + "drain(), per connection", "µs", size, growth, Growth::drainMicros));
        });
        table.publish(options);
        LineChart.draw(
                options,
                "scale-sim",
                "The time of an end, per connection",
                "wall-clock time divided by the number of connections, without sockets, two event loops",
                "µs",
                List.of(new LineChart.Line("drain()", drain), new LineChart.Line("ChannelGroup.close()", plain)));
        LineChart.draw(
                options,
                "scale-sim-heap",
                "Heap of the library per open connection",
                "what a managed connection's handler and bookkeeping take, beyond a bare one",
                "B",
                List.of(new LineChart.Line("managed", heap)));
    }

    private static LineChart.Point add(
            BenchTable table,
            String what,
            String unit,
            int size,
            List<Growth> growth,
            ToDoubleFunction<Growth> figure) {
        Samples samples = Samples.of(growth, figure);
        table.add(what, unit, samples);
        return new LineChart.Point(size, samples);
    }
}
