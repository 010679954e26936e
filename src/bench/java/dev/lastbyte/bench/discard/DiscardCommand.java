package dev.lastbyte.bench.discard;

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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What discarding an upload costs: our close sequence, loops in C, nginx. Not thread-safe. */
@Command(name = "discard", description = "CPU and heap that discarding an upload takes, against loops in C and nginx.")
public final class DiscardCommand implements Callable<Integer> {
    private static final String FLOOR = "C, epoll, reads of 64 KiB";
    private static final String NGINX = "nginx, lingering_close always";
    private static final String SMALL_READS = "C, epoll, reads of 4 KiB";
    private static final String CPU = "ms of CPU per GiB";
    private static final int MIB = 1 << 20;

    @Mixin
    private final BenchOptions options = new BenchOptions();

    @Mixin
    private final Transports transports = new Transports();

    @Option(names = "--mib", defaultValue = "1024", description = "size of an upload (default: ${DEFAULT-VALUE})")
    private int mib = 1024;

    @Option(names = "--rounds", defaultValue = "7", description = "default: ${DEFAULT-VALUE}")
    private int rounds = 7;

    private final Map<String, DiscardReceiver> receivers = new LinkedHashMap<>();

    @Override
    public Integer call() throws Exception {
        NativeProgram upload;
        NativeProgram discard;
        try {
            upload = NativeProgram.compile("upload", options.directory());
            discard = NativeProgram.compile("discard", options.directory());
        } catch (IOException e) {
            System.out.println("discard: left out, " + e.getMessage());
            return 0;
        }
        List<Transport> available = options.smoke() ? transports.available().subList(0, 1) : transports.available();
        Map<String, List<DiscardReceiver.Cost>> results;
        long bytes = (long) options.size(mib, 64) * MIB;
        try {
            start(discard, available);
            results = Rounds.alternate(
                    List.copyOf(receivers.keySet()), options.size(rounds, 1), name -> measure(upload, name, bytes));
        } finally {
            for (DiscardReceiver receiver : receivers.values()) {
                receiver.close();
            }
        }
        publish(results, available, bytes);
        return 0;
    }

    private void start(NativeProgram discard, List<Transport> available) throws IOException {
        receivers.put("C, blocking, reads of 64 KiB", new DiscardReceiver.Child(discard.start("blocking", 64 * 1024)));
        receivers.put(FLOOR, new DiscardReceiver.Child(discard.start("epoll", 64 * 1024)));
        receivers.put(SMALL_READS, new DiscardReceiver.Child(discard.start("epoll", 4 * 1024)));
        NginxDiscard.start(options.directory()).ifPresent(nginx -> receivers.put(NGINX, nginx));
        for (Transport transport : available) {
            receivers.put(byHand(transport), netty(transport, DiscardServer.Way.HAND));
            receivers.put(ours(transport), netty(transport, DiscardServer.Way.LASTBYTE));
        }
    }

    private static DiscardReceiver netty(Transport transport, DiscardServer.Way way) throws IOException {
        return new DiscardReceiver.Child(DiscardServer.start(transport, way));
    }

    private static String byHand(Transport transport) {
        return "Netty by hand, " + transport;
    }

    private static String ours(Transport transport) {
        return "Lastbyte, " + transport;
    }

    private DiscardReceiver.Cost measure(NativeProgram upload, String name, long bytes) throws IOException {
        DiscardReceiver receiver = receivers.get(name);
        if (receiver == null) {
            throw new IllegalArgumentException(name);
        }
        try (ChildProcess client = upload.start(receiver.port(), bytes)) {
            client.await("sent");
        }
        return receiver.cost(bytes);
    }

    private void publish(Map<String, List<DiscardReceiver.Cost>> results, List<Transport> available, long bytes)
            throws IOException {
        String size = "%,d MiB".formatted(bytes / MIB);
        BenchTable table =
                new BenchTable("discard", "An upload of " + size + " over loopback is discarded, by one thread");
        results.forEach(
                (name, costs) -> table.add(name, CPU, Samples.of(costs, DiscardReceiver.Cost::cpuMillisPerGib)));
        for (Transport transport : available) {
            String name = ours(transport);
            Samples ours = Samples.of(costs(results, name), DiscardReceiver.Cost::cpuMillisPerGib);
            compare(table, name, ours, results, FLOOR, Target.atMost(1.25));
            compare(table, name, ours, results, results.containsKey(NGINX) ? NGINX : SMALL_READS, Target.atMost(0.8));
        }
        results.forEach((name, costs) -> {
            if (!Double.isNaN(costs.get(0).reads())) {
                table.add(name, "reads per GiB", Samples.of(costs, DiscardReceiver.Cost::readsPerGib));
            }
        });
        for (Transport transport : available) {
            Samples byHand = Samples.of(costs(results, byHand(transport)), DiscardReceiver.Cost::allocatedPerRead);
            Samples ours = Samples.of(costs(results, ours(transport)), DiscardReceiver.Cost::allocatedPerRead);
            table.add(byHand(transport), "B of heap per read", byHand);
            table.add(ours(transport), "B of heap per read", ours);
            table.add(ours(transport), "B of heap per read, beyond Netty's own", ours.minus(byHand), Target.atMost(1));
        }
        table.publish(options);
        table.draw(options, CPU, "CPU milliseconds of the thread that reads, per GiB");
    }

    private static void compare(
            BenchTable table,
            String name,
            Samples ours,
            Map<String, List<DiscardReceiver.Cost>> results,
            String other,
            Target target) {
        table.add(
                name,
                "times " + other,
                ours.relativeTo(Samples.of(costs(results, other), DiscardReceiver.Cost::cpuMillisPerGib)),
                target);
    }

    private static List<DiscardReceiver.Cost> costs(Map<String, List<DiscardReceiver.Cost>> results, String name) {
        return results.getOrDefault(name, List.of());
    }
}
