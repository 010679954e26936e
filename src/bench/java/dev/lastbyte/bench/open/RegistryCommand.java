package dev.lastbyte.bench.open;

import dev.lastbyte.bench.netty.Setup;
import dev.lastbyte.bench.report.BenchOptions;
import dev.lastbyte.bench.report.BenchTable;
import dev.lastbyte.bench.report.LineChart;
import dev.lastbyte.bench.report.Rounds;
import dev.lastbyte.bench.report.Samples;
import dev.lastbyte.bench.report.Target;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * Whether a manager stays as quick with many connections as with few, and what it needs to remember one. Not
 * thread-safe.
 */
@Command(
        name = "registry",
        description =
                "Register and close a connection while 1,000 to 100,000 are open, on two event loops; heap for each.")
public final class RegistryCommand implements Callable<Integer> {
    private static final int ROUNDS = 9;
    private static final int LOOPS = 2;
    private static final int CHURN = 60_000;
    private static final double MOST_GROWTH = 1.3;
    private static final double MOST_BYTES = 100;

    @Mixin
    private final BenchOptions options = new BenchOptions();

    /** What is measured. */
    private record Variant(Setup setup, int open) {}

    /** Of one round. */
    private record Cost(double nanos, double heapBytes) {}

    @Override
    public Integer call() throws Exception {
        List<Integer> sizes = options.smoke() ? List.of(100, 1_000) : List.of(1_000, 10_000, 100_000);
        List<Variant> variants = new ArrayList<>();
        for (Setup setup : Setup.unmetered()) {
            sizes.forEach(open -> variants.add(new Variant(setup, open)));
        }
        Map<Variant, List<Cost>> costs = Rounds.alternate(variants, options.size(ROUNDS, 1), this::once);
        Map<Variant, Samples> nanos = new LinkedHashMap<>();
        costs.forEach((variant, measured) -> nanos.put(variant, Samples.of(measured, Cost::nanos)));
        BenchTable table = new BenchTable(
                "registry",
                "Register a connection and close it while others are open, on " + LOOPS + " event loops at once");
        nanos.forEach((variant, samples) ->
                table.add(variant.setup() + ", " + number(variant.open()) + " open", "ns/connection", samples));
        int fewest = sizes.get(0);
        int most = sizes.get(sizes.size() - 1);
        for (Setup setup : Setup.unmetered()) {
            for (int open : sizes.subList(1, sizes.size())) {
                String what = setup + ", " + number(open) + " open against " + number(fewest);
                Samples growth = nanos.get(new Variant(setup, open)).relativeTo(nanos.get(new Variant(setup, fewest)));
                if (setup == Setup.MANAGER) {
                    table.add(what, "times", growth, Target.atMost(MOST_GROWTH));
                } else {
                    table.add(what, "times", growth);
                }
            }
        }
        Samples plain = Samples.of(costs.get(new Variant(Setup.PLAIN, most)), Cost::heapBytes);
        Samples handler = Samples.of(costs.get(new Variant(Setup.HANDLER, most)), Cost::heapBytes);
        Samples managed = Samples.of(costs.get(new Variant(Setup.MANAGER, most)), Cost::heapBytes);
        table.add("heap of an open connection without a socket, plain Netty", "B", plain);
        table.add("GracefulCloseHandler over plain, its context in the pipeline included", "B", handler.minus(plain));
        table.add(
                "GracefulCloseManager over GracefulCloseHandler",
                "B",
                managed.minus(handler),
                Target.atMost(MOST_BYTES));
        table.publish(options);
        draw(sizes, nanos);
        return 0;
    }

    private Cost once(Variant variant) throws Exception {
        long before = usedHeap();
        try (RegisteredChannels channels =
                new RegisteredChannels(LOOPS, variant.setup().installer())) {
            channels.open(variant.open());
            double heapBytes = (usedHeap() - before) / (double) variant.open();
            channels.churnNanos(options.size(CHURN / 4, 500)); // these threads are new
            return new Cost(channels.churnNanos(options.size(CHURN, 2_000)), heapBytes);
        }
    }

    /** After a collection, so that what other rounds have left does not fall on this one either. */
    private static long usedHeap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private void draw(List<Integer> sizes, Map<Variant, Samples> nanos) throws Exception {
        List<LineChart.Line> lines = new ArrayList<>();
        for (Setup setup : List.of(Setup.MANAGER, Setup.HANDLER, Setup.PLAIN)) {
            lines.add(new LineChart.Line(
                    setup.label(),
                    sizes.stream()
                            .map(open -> new LineChart.Point(open, nanos.get(new Variant(setup, open))))
                            .toList()));
        }
        LineChart.draw(
                options,
                "registry",
                "Register a connection and close it",
                "nanoseconds, by the number of connections that are open meanwhile; level is best",
                "ns",
                lines);
    }

    private static String number(int value) {
        return Samples.number(value).replace(".00", "");
    }
}
