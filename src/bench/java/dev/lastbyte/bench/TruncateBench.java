package dev.lastbyte.bench;

import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.demo.Transport;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** An experiment: what discarding by {@link TruncatingReceive} would save, on epoll. The library does not do it. */
@Command(
        name = "discard-ffm",
        description =
                "CPU that discarding an upload takes if recv(MSG_TRUNC) drops it without a copy; JDK 22 or newer.")
public final class TruncateBench implements Callable<Integer> {
    private static final Transport TRANSPORT = Transport.EPOLL;
    private static final String FLOOR = "C, epoll, reads of 64 KiB";
    private static final String HAND = "Netty by hand";
    private static final String LASTBYTE = "Lastbyte";
    private static final String LOW_WATER = ", SO_RCVLOWAT 256 KiB";
    private static final String TRUNCATE = "MSG_TRUNC behind each read";
    private static final String TRUNCATE_ALL = "MSG_TRUNC, reads of 64 B" + LOW_WATER;
    private static final String PACED = "Lastbyte at its default rate";
    private static final String CPU = "ms of CPU per GiB";
    private static final int MIB = 1 << 20;
    private static final int GIB = 1 << 30;

    @Mixin
    private final BenchOptions options = new BenchOptions();

    @Option(names = "--mib", defaultValue = "1024", description = "size of an upload (default: ${DEFAULT-VALUE})")
    private int mib = 1024;

    @Option(
            names = "--paced-mib",
            defaultValue = "40",
            description =
                    "size of one that is discarded at the default rate (default: ${DEFAULT-VALUE}, which take 5 s)")
    private int pacedMib = 40;

    @Option(names = "--rounds", defaultValue = "7", description = "default: ${DEFAULT-VALUE}")
    private int rounds = 7;

    private final Map<String, DiscardReceiver> receivers = new LinkedHashMap<>();

    /** One upload: what it took of the receiver, and how long it lasted. */
    private record Upload(DiscardCost cost, double seconds) {
        double cpuMillisPerGib() {
            return cost.cpuMillisPerGib();
        }

        double cpuMillisPerSecond() {
            return cost.cpuNanos() / 1e6 / seconds;
        }

        double mibPerSecond() {
            return cost.bytes() / MIB / seconds;
        }
    }

    @Override
    public Integer call() throws Exception {
        Optional<String> unavailable = TruncatingReceive.unavailable().or(TRANSPORT::unavailable);
        if (unavailable.isPresent()) {
            System.out.println("discard-ffm: left out, " + unavailable.get());
            return 0;
        }
        NativeProgram upload;
        NativeProgram discard;
        try {
            upload = NativeProgram.compile("upload", options.out);
            discard = NativeProgram.compile("discard", options.out);
        } catch (IOException e) {
            System.out.println("discard-ffm: left out, " + e.getMessage());
            return 0;
        }
        try {
            start(discard);
            publish(Rounds.alternate(
                    List.copyOf(receivers.keySet()), options.size(rounds, 1), name -> measure(upload, name)));
        } finally {
            for (DiscardReceiver receiver : receivers.values()) {
                receiver.close();
            }
        }
        return 0;
    }

    private void start(NativeProgram discard) throws IOException {
        receivers.put(FLOOR, new DiscardReceiver.Native(discard, "epoll", 64 * 1024));
        start(LASTBYTE, DiscardWay.LASTBYTE);
        if (!options.smoke) {
            start(HAND, DiscardWay.HAND);
            start(HAND + LOW_WATER, DiscardWay.HAND_LOW_WATER);
        }
        start(TRUNCATE, DiscardWay.TRUNCATE);
        start(TRUNCATE + LOW_WATER, DiscardWay.TRUNCATE_LOW_WATER);
        if (!options.smoke) {
            start(TRUNCATE_ALL, DiscardWay.TRUNCATE_ALL);
        }
        start(PACED, DiscardWay.PACED);
    }

    private void start(String name, DiscardWay way) throws IOException {
        receivers.put(name, new DiscardReceiver.Jvm(List.of("discard-server", TRANSPORT.name(), way.name())));
    }

    private Upload measure(NativeProgram upload, String name) throws IOException {
        DiscardReceiver receiver = receivers.get(name);
        if (receiver == null) {
            throw new IllegalArgumentException(name);
        }
        int size = name.equals(PACED) ? options.size(pacedMib, 2) : options.size(mib, 64);
        long bytes = (long) size * MIB;
        try (NativeChild client = new NativeChild(upload, receiver.port(), bytes)) {
            long begin = System.nanoTime();
            client.await("sent");
            DiscardCost cost = receiver.cost(bytes);
            return new Upload(cost, (System.nanoTime() - begin) / 1e9);
        }
    }

    private void publish(Map<String, List<Upload>> results) throws IOException {
        BenchTable table = new BenchTable(
                "discard-ffm", "An upload over loopback is discarded, by one thread; recv(MSG_TRUNC) against reads");
        Samples ours = samples(results, LASTBYTE, Upload::cpuMillisPerGib);
        for (String name : results.keySet()) {
            table.add(name, CPU, samples(results, name, Upload::cpuMillisPerGib));
        }
        for (String name : results.keySet()) {
            if (!name.equals(LASTBYTE) && !name.equals(PACED)) {
                table.add(
                        name,
                        "times " + LASTBYTE,
                        samples(results, name, Upload::cpuMillisPerGib).relativeTo(ours));
            }
        }
        for (String name : results.keySet()) {
            table.add(name, "calls per GiB", samples(results, name, upload -> upload.cost()
                    .readsPerGib()));
        }
        for (String name : results.keySet()) {
            table.add(name, "MiB per second", samples(results, name, Upload::mibPerSecond));
        }
        table.add(PACED, "ms of CPU per second", samples(results, PACED, Upload::cpuMillisPerSecond));
        for (String name : List.of(TRUNCATE, TRUNCATE + LOW_WATER)) {
            table.add(
                    name,
                    "ms per second saved at that rate, if as much per byte",
                    samples(results, LASTBYTE, TruncateBench::atDefaultRate)
                            .minus(samples(results, name, TruncateBench::atDefaultRate)));
        }
        table.publish(options);
        table.draw(options, CPU, "CPU milliseconds of the thread that reads, per GiB");
    }

    /** Milliseconds of CPU per second, if each byte took as much at the default rate. */
    private static double atDefaultRate(Upload upload) {
        double rate = GracefulCloseConfig.defaults().discardRate().orElseThrow();
        return upload.cpuMillisPerGib() * rate / GIB;
    }

    private static Samples samples(Map<String, List<Upload>> results, String name, ToDoubleFunction<Upload> figure) {
        return Samples.of(results.getOrDefault(name, List.of()), figure);
    }
}
