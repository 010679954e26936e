package dev.lastbyte.bench.close;

import dev.lastbyte.CloseStrategy;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.bench.netty.Transports;
import dev.lastbyte.bench.report.BenchOptions;
import dev.lastbyte.bench.report.BenchTable;
import dev.lastbyte.bench.report.Rounds;
import dev.lastbyte.bench.report.Samples;
import dev.lastbyte.bench.report.Target;
import dev.lastbyte.demo.Transport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * Measures what the promise of SO_LINGER costs when no peer reads: {@code CloseStrategy.LINGER} against the socket
 * option. Not thread-safe.
 */
@Command(
        name = "linger",
        description = "SO_LINGER's promise of one second to peers that do not read: Lastbyte's, and Netty's own.")
public final class LingerCommand implements Callable<Integer> {
    private static final Target LAST = Target.atMost(1.1);
    private static final Target GAP = Target.atMost(5);
    private static final int PEERS = 100;

    /** Netty's own closes take a second each, one after the other. */
    private static final int PEERS_OF_SO_LINGER = 20;

    /** There the event loop itself waits for each. */
    private static final int PEERS_OF_SO_LINGER_ON_URING = 10;

    private static final Duration LIMIT = Duration.ofSeconds(1);

    /** So many closes with a short limit come first, since code that is not compiled yet makes gaps of its own. */
    private static final int WARM_UP_RUNS = 30;

    private static final Duration WARM_UP_LIMIT = Duration.ofMillis(20);

    @Mixin
    private final BenchOptions options = new BenchOptions();

    /** Who keeps the promise of SO_LINGER: "close() takes until everything is acknowledged, but one second at most". Immutable. */
    private enum Way {
        /** {@link CloseStrategy#LINGER}. */
        LASTBYTE,
        /** The socket option, as Netty passes it on. */
        SO_LINGER;

        /**
         * Makes the promise for the connections of a server.
         *
         * @param limit whole seconds for the socket option
         */
        Consumer<Channel> within(Duration limit) {
            if (this == SO_LINGER) {
                int seconds = (int) limit.toSeconds();
                return channel -> channel.config().setOption(ChannelOption.SO_LINGER, seconds);
            }
            GracefulCloseConfig config = GracefulCloseConfig.builder()
                    .strategy(CloseStrategy.LINGER)
                    .eofTimeout(limit) // the n of LINGER
                    .closeTimeout(limit) // bounds the flush as well, as SO_LINGER does
                    .quietPeriod(limit) // has no effect with LINGER, but must not be longer than closeTimeout
                    .build();
            return channel -> channel.pipeline().addFirst(new GracefulCloseHandler(config));
        }
    }

    /** One way on one transport. */
    private record Variant(Transport transport, Way way, int peers) {
        String label() {
            // NIO cannot ask the kernel what is acknowledged: LINGER closes when everything is flushed
            String what = way == Way.SO_LINGER
                    ? "SO_LINGER"
                    : transport == Transport.NIO ? "Lastbyte (does not wait)" : "Lastbyte";
            return transport + ", " + what + ", " + peers + (peers == 1 ? " peer" : " peers");
        }

        boolean keepsPromise() {
            return way == Way.LASTBYTE && transport != Transport.NIO;
        }

        StalledPeers.Closed run() throws Exception {
            return run(LIMIT);
        }

        StalledPeers.Closed run(Duration limit) throws Exception {
            try (StalledPeers stalled = new StalledPeers(transport, way.within(limit), peers)) {
                return stalled.closeAll();
            }
        }
    }

    @Override
    public Integer call() throws Exception {
        List<Variant> variants = variants();
        Map<Variant, List<StalledPeers.Closed>> results = new LinkedHashMap<>();
        if (options.smoke()) {
            for (Variant variant : variants) { // a round to warm up would double the seconds that SO_LINGER takes
                results.put(variant, List.of(variant.run()));
            }
        } else {
            warmUp(variants);
            results.putAll(Rounds.alternate(variants, 3, Variant::run));
        }
        BenchTable table = new BenchTable("linger", "SO_LINGER's promise of 1 s, no peer reads, all closed at once");
        results.forEach((variant, closed) -> add(table, variant, closed));
        table.publish(options);
        table.draw(options, "s", "Until the last channel was closed; one event loop, 1 MiB written to each peer");
        return 0;
    }

    private static void warmUp(List<Variant> variants) throws Exception {
        for (Variant variant : variants) {
            for (int i = 0; i < WARM_UP_RUNS && variant.way() == Way.LASTBYTE; i++) {
                variant.run(WARM_UP_LIMIT);
            }
        }
    }

    private List<Variant> variants() {
        List<Variant> variants = new ArrayList<>();
        for (Transport transport : Transports.available(List.of(Transport.EPOLL, Transport.IO_URING, Transport.NIO))) {
            int others = transport == Transport.IO_URING ? PEERS_OF_SO_LINGER_ON_URING : PEERS_OF_SO_LINGER;
            variants.add(new Variant(transport, Way.LASTBYTE, options.size(PEERS, 3)));
            variants.add(new Variant(transport, Way.SO_LINGER, options.size(others, 1)));
        }
        return variants;
    }

    private static void add(BenchTable table, Variant variant, List<StalledPeers.Closed> closed) {
        Samples last = Samples.of(closed, StalledPeers.Closed::lastSeconds);
        Samples gap = Samples.of(closed, StalledPeers.Closed::gapMillis);
        table.add(variant.label() + ": last closed", "s", last, variant.keepsPromise() ? LAST : null);
        table.add(variant.label() + ": longest gap", "ms", gap, variant.keepsPromise() ? GAP : null);
        Samples first = Samples.of(closed, result -> result.firstSeconds() * 1000);
        table.add(variant.label() + ": first closed", "ms", first);
    }
}
