package dev.lastbyte.bench.drain;

import dev.lastbyte.bench.netty.Transports;
import dev.lastbyte.bench.process.NativeProgram;
import dev.lastbyte.bench.report.BenchOptions;
import dev.lastbyte.bench.report.BenchTable;
import dev.lastbyte.bench.report.Samples;
import dev.lastbyte.bench.report.Target;
import dev.lastbyte.demo.Transport;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Thousands of connections in their close sequence at once. Not thread-safe. */
@Command(
        name = "closing",
        description = "What 18,000 closing connections take: heap, CPU while they wait, and their end at one deadline.")
public final class ClosingCommand implements Callable<Integer> {
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
                Duration.ofMillis(options.size(30_000, 800)),
                Duration.ofMillis(options.size(5_000, 20)),
                Duration.ofMillis(options.size(10_000, 150)),
                Duration.ofMillis(options.size(3_000, 400)),
                !options.smoke(),
                histogram);
        List<ClosingVariant> variants = options.smoke() ? few(available) : ClosingVariant.all(available);
        Map<ClosingVariant, List<ClosingSession.Figures>> results = new LinkedHashMap<>();
        variants.forEach(variant -> results.put(variant, new ArrayList<>()));
        for (int round = 0; round < options.size(rounds, 1); round++) { // each is a fresh process that warms itself up
            for (ClosingVariant variant : variants) {
                results.get(variant).add(session.measure(variant));
            }
        }
        publish(session, results);
        return 0;
    }

    /** The first transport and the last, and each kind of handler, peers and deadline once. */
    private static List<ClosingVariant> few(List<Transport> transports) {
        return List.of(
                new ClosingVariant(transports.get(0), true, true),
                new ClosingVariant(transports.get(transports.size() - 1), false, false));
    }

    private void publish(ClosingSession session, Map<ClosingVariant, List<ClosingSession.Figures>> results)
            throws IOException {
        BenchTable table = new BenchTable(
                "closing",
                "%,d connections in their close sequence at once, one event loop".formatted(session.connections()));
        results.forEach((variant, figures) -> {
            String what = "heap per closing connection, " + variant.transport() + handler(variant);
            Samples bytes = Samples.of(figures, ClosingSession.Figures::heapBytes);
            table.add(
                    what + (variant.delivered() ? "" : ", not delivered"),
                    "B",
                    bytes,
                    variant.delivered() ? HEAP : null);
        });
        results.forEach((variant, figures) -> {
            boolean checks =
                    !variant.delivered() && variant.transport() != Transport.NIO; // which cannot ask the kernel
            String what = "CPU while nothing happens, " + variant.transport() + handler(variant) + ", "
                    + variant.peers() + (checks ? ", checks included" : "");
            Samples percent = Samples.of(figures, ClosingSession.Figures::idlePercent);
            table.add(what, "% of a core", percent, variant.transport() == Transport.EPOLL ? IDLE : null);
        });
        results.forEach((variant, figures) -> {
            String what = variant.deadline() + ", " + variant.transport() + ", " + variant.peers();
            table.add("event loop's gap at " + what, "ms", Samples.of(figures, ClosingSession.Figures::gapMillis), GAP);
            table.add("last end after " + what, "ms", Samples.of(figures, ClosingSession.Figures::lateMillis), LATE);
        });
        table.publish(options);
        table.draw(options, "B", "bytes of heap per closing connection, beyond the open one's; the line is the target");
    }

    private static String handler(ClosingVariant variant) {
        return variant.managed() ? ", managed" : "";
    }
}
