package dev.lastbyte.bench.close;

import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.bench.netty.Setup;
import dev.lastbyte.bench.netty.Transports;
import dev.lastbyte.bench.process.MeasuredServer;
import dev.lastbyte.bench.report.BenchOptions;
import dev.lastbyte.bench.report.BenchTable;
import dev.lastbyte.bench.report.Samples;
import dev.lastbyte.bench.report.Target;
import dev.lastbyte.demo.Transport;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * Measures how long a connection is held whose peer has read everything and then neither closes nor sends. Not
 * thread-safe.
 */
@Command(
        name = "silent-peer",
        description = "How long a server holds a connection whose peer has read everything and says nothing.")
public final class SilentPeerCommand implements Callable<Integer> {
    /**
     * How late an acknowledgement is noticed, where it only begins the quiet period: the kernel is asked when an eighth of that
     * period has gone by, after 31 ms by default. A Linux peer may delay the acknowledgement of a FIN by 40 ms; it is then
     * noticed at the second look, after three eighths.
     */
    private static final double DELIVERY_CHECKS_PER_QUIET_PERIOD = 8;

    private static final String MILLIS = "ms";

    @Mixin
    private final BenchOptions options = new BenchOptions();

    @Override
    public Integer call() throws Exception {
        double quietMillis = GracefulCloseConfig.defaults().quietPeriod().toNanos() / 1e6;
        Target target = Target.atMost(quietMillis + quietMillis / DELIVERY_CHECKS_PER_QUIET_PERIOD);
        BenchTable table = new BenchTable("silent-peer", "How long a silent peer's connection is held");
        try (LingeringServers others = new LingeringServers();
                ServerSet servers = new ServerSet()) {
            Map<MeasuredServer, @Nullable Target> targets = new LinkedHashMap<>();
            for (Transport transport :
                    Transports.available(List.of(Transport.EPOLL, Transport.IO_URING, Transport.NIO))) {
                String label = "Lastbyte, " + transport;
                MeasuredServer server = servers.add(new NettyServer(label, transport, Setup.HANDLER, false, options));
                // NIO cannot ask the kernel: its peers are held for stallTimeout, 5 s by default
                targets.put(server, transport == Transport.NIO ? null : target);
            }
            others.nginx("its row is left out").map(servers::add).ifPresent(nginx -> targets.put(nginx, null));
            Map<MeasuredServer, List<double[]>> held = measure(servers.all());
            for (MeasuredServer server : servers.all()) {
                add(table, server, held, targets.get(server));
            }
        }
        table.publish(options);
        table.draw(options, MILLIS, "From the peer's EOF until the server's socket is gone; defaults of each");
        return 0;
    }

    private static void add(
            BenchTable table,
            MeasuredServer server,
            Map<MeasuredServer, List<double[]>> held,
            @Nullable Target target) {
        Samples samples = Samples.of(held.getOrDefault(server, List.of()).stream()
                .flatMapToDouble(DoubleStream::of)
                .toArray());
        table.add(server.label(), MILLIS, samples, target);
    }

    /** All servers at once: they only wait. The first round makes the JVMs load their classes and does not count. */
    private Map<MeasuredServer, List<double[]>> measure(List<MeasuredServer> servers) throws Exception {
        Map<MeasuredServer, List<double[]>> held = new LinkedHashMap<>();
        servers.forEach(server -> held.put(server, new ArrayList<>()));
        ExecutorService threads = Executors.newFixedThreadPool(servers.size());
        try {
            int rounds = options.size(4, 1);
            for (int round = 0; round < rounds; round++) {
                Map<MeasuredServer, Future<double[]>> running = new LinkedHashMap<>();
                for (MeasuredServer server : servers) {
                    running.put(server, threads.submit(() -> held(server)));
                }
                for (Map.Entry<MeasuredServer, Future<double[]>> entry : running.entrySet()) {
                    double[] times = entry.getValue().get();
                    if (round > 0 || options.smoke()) {
                        held.get(entry.getKey()).add(times);
                    }
                }
            }
        } finally {
            threads.shutdownNow();
        }
        return held;
    }

    private double[] held(MeasuredServer server) throws Exception {
        try (SilentPeers peers = new SilentPeers(server, options.size(10, 3))) {
            return peers.held();
        }
    }
}
