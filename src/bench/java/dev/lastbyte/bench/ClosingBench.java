package dev.lastbyte.bench;

import dev.lastbyte.demo.Transport;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Thousands of connections in their close sequence at once. */
@Command(
        name = "closing",
        description = "What 18,000 closing connections take: heap, CPU while they wait, and their end at one deadline.")
public final class ClosingBench implements Callable<Integer> {
    private static final Target HEAP = Target.atMost(160);
    private static final Target IDLE = Target.atMost(1);
    private static final Target GAP = Target.atMost(25);
    private static final Target LATE = Target.atMost(250);

    @Mixin
    private final BenchOptions options = new BenchOptions();

    @Mixin
    private final Transports transports = new Transports();

    @Option(names = "--histogram", description = "print which classes grow, in bytes per connection")
    private boolean histogram;

    @Option(
            names = "--rounds",
            defaultValue = "3",
            description = "how often each variant is measured (default: ${DEFAULT-VALUE})")
    private int rounds = 3;

    @Option(names = "--connections", defaultValue = "18000", description = "how many (default: ${DEFAULT-VALUE})")
    private int connections = 18_000;

    @Override
    public Integer call() throws Exception {
        NativeProgram peers;
        try {
            peers = IdlePeers.compile(options);
        } catch (IOException e) {
            System.out.println("closing: left out, " + e.getMessage());
            return 0;
        }
        List<Transport> available = transports.available();
        ClosingSession session = new ClosingSession(
                peers,
                options.size(connections, 500),
                Duration.ofMillis(options.size(30_000, 1_500)),
                Duration.ofMillis(options.size(5_000, 50)),
                Duration.ofMillis(options.size(10_000, 200)),
                Duration.ofMillis(options.size(3_000, 500)),
                histogram);
        List<ClosingVariant> variants = options.smoke ? few(available) : ClosingVariant.all(available);
        Map<ClosingVariant, List<ClosingFigures>> results = new LinkedHashMap<>();
        variants.forEach(variant -> results.put(variant, new ArrayList<>()));
        for (int round = 0; round < options.size(rounds, 1); round++) { // each is a fresh process that warms itself up
            for (ClosingVariant variant : variants) {
                results.get(variant).add(session.measure(variant));
            }
        }
        publish(session, results);
        return 0;
    }

    /** Each transport once, and each kind of close once. */
    private static List<ClosingVariant> few(List<Transport> transports) {
        List<ClosingVariant> few = new ArrayList<>();
        for (int i = 0; i < transports.size(); i++) {
            few.add(new ClosingVariant(transports.get(i), i % 2 == 1, i < 2));
        }
        return few;
    }

    private void publish(ClosingSession session, Map<ClosingVariant, List<ClosingFigures>> results) throws IOException {
        BenchTable table = new BenchTable(
                "closing",
                "%,d connections in their close sequence at once, one event loop".formatted(session.connections()));
        results.forEach((variant, figures) -> {
            if (variant.delivered()) {
                String what = "heap per closing connection, " + variant.transport() + handler(variant);
                table.add(what, "B", samples(figures, ClosingFigures::heapBytes), HEAP);
            }
        });
        results.forEach((variant, figures) -> {
            String checks = variant.delivered() ? "all delivered" : "delivery checks go on";
            String what = "CPU while nothing happens, " + variant.transport() + handler(variant) + ", " + checks;
            Samples percent = samples(figures, ClosingFigures::idlePercent);
            if (variant.transport() == Transport.EPOLL) {
                table.add(what, "% of a core", percent, IDLE);
            } else {
                table.add(what, "% of a core", percent);
            }
        });
        results.forEach((variant, figures) -> {
            String what = variant.deadline() + ", " + variant.transport() + ", " + variant.peers();
            table.add("event loop's gap at " + what, "ms", samples(figures, ClosingFigures::gapMillis), GAP);
            table.add("last end after " + what, "ms", samples(figures, ClosingFigures::lateMillis), LATE);
        });
        table.publish(options);
        table.draw(options, "B", "bytes of heap per closing connection, beyond the open one's; the line is the target");
    }

    private static String handler(ClosingVariant variant) {
        return variant.managed() ? ", managed" : "";
    }

    private static Samples samples(List<ClosingFigures> figures, ToDoubleFunction<ClosingFigures> figure) {
        return Samples.of(figures.stream().mapToDouble(figure).toArray());
    }
}
