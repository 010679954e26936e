package dev.lastbyte.bench.drain;

import dev.lastbyte.bench.process.ChildProcess;
import dev.lastbyte.bench.process.NativeProgram;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/**
 * Measures one variant of {@code closing} in a fresh server: heap, idle cost, ending. Immutable.
 *
 * @param connections how many close at once
 * @param closeTimeout of those without a manager; all measurements before the ending must fit into it
 * @param settle how long nothing happens before the idle cost is measured
 * @param idle over how long it is measured
 * @param drainTimeout of those with a manager, and of all while warming up
 * @param warmUp whether half as many connections are measured before, and not counted
 * @param histogram whether the classes are printed
 */
record ClosingSession(
        NativeProgram peers,
        int connections,
        Duration closeTimeout,
        Duration settle,
        Duration idle,
        Duration drainTimeout,
        boolean warmUp,
        boolean histogram) {
    private static final Duration FOR_EVER = Duration.ofMinutes(10);
    private static final int UNREAD_BYTES = 16 * 1024;
    private static final int CLASSES = 40;

    /** Threads that come and go would take their CPU time with them, and a collection in the wrong moment would be taken for a gap. */
    private static final List<String> JVM = List.of(
            "-Xms1g",
            "-Xmx1g",
            "-Xmn600m",
            "-XX:-UseDynamicNumberOfCompilerThreads",
            "-XX:-UseDynamicNumberOfGCThreads");

    /**
     * One variant as measured once.
     *
     * @param heapBytes per closing connection, beyond the open one
     * @param idlePercent CPU time of the server's process while nothing happens, in percent of one core
     * @param gapMillis the greatest lateness of an event loop's task while all end
     * @param lateMillis from the deadline to the last end
     */
    record Figures(double heapBytes, double idlePercent, double gapMillis, double lateMillis) {}

    Figures measure(ClosingVariant variant) throws Exception {
        try (ChildProcess server = ClosingServer.start(JVM, variant)) {
            if (warmUp) {
                warmUp(variant, server);
            }
            Duration timeout = variant.managed() ? FOR_EVER : closeTimeout;
            try (IdlePeers clients = connect(variant, server, connections, timeout)) {
                HeapHistogram open = HeapHistogram.parse(server.ask("heap"));
                server.ask("close " + (variant.delivered() ? 0 : UNREAD_BYTES));
                if (variant.delivered()) {
                    clients.awaitEnded(); // has read our FIN: the server is discarding
                }
                Thread.sleep(settle.toMillis());
                double percent = idlePercent(server);
                double heap = growth(variant, open, HeapHistogram.parse(server.ask("heap")));
                return end(variant, server, heap, percent);
            }
        }
    }

    /** All classes are loaded before the heap is looked at, and all code is compiled, as in a server that has been up for a while. */
    private void warmUp(ClosingVariant variant, ChildProcess server) throws IOException {
        Duration timeout = variant.managed() ? FOR_EVER : drainTimeout;
        try (IdlePeers clients = connect(variant, server, connections / 2, timeout)) {
            server.ask("heap");
            server.ask("close " + (variant.delivered() ? 0 : UNREAD_BYTES));
            server.ask("watch");
            if (variant.managed()) {
                server.ask("drain " + drainTimeout);
            }
            server.ask("end");
        }
    }

    private IdlePeers connect(ClosingVariant variant, ChildProcess server, int count, Duration timeout)
            throws IOException {
        int port = Integer.parseInt(
                server.ask("listen " + count + " " + timeout, "listening").get(0));
        return new IdlePeers(peers, port, count, variant.delivered() ? IdlePeers.Kind.HOLD : IdlePeers.Kind.DEAF);
    }

    private double growth(ClosingVariant variant, HeapHistogram open, HeapHistogram closing) {
        if (histogram) {
            System.out.println(variant + ": bytes per closing connection, beyond the open one, by class");
            closing.growthSince(open, connections, CLASSES).forEach(System.out::println);
        }
        return (closing.total() - open.total()) / (double) connections;
    }

    private double idlePercent(ChildProcess server) throws IOException, InterruptedException {
        long startNanos = System.nanoTime();
        long before = server.cpuNanos();
        Thread.sleep(idle.toMillis());
        return 100.0 * (server.cpuNanos() - before) / (System.nanoTime() - startNanos);
    }

    private Figures end(ClosingVariant variant, ChildProcess server, double heap, double percent) throws IOException {
        String closing = server.ask("watch");
        if (!closing.equals("closing " + connections)) {
            throw new IOException(
                    "too early an end: " + closing + " of " + connections + " when the ending was to begin");
        }
        if (variant.managed()) {
            server.ask("drain " + drainTimeout);
        }
        String[] ended = server.ask("end").split(" ");
        if (!ended[3].equals("0")) {
            System.out.println(variant + ": " + ended[3] + " connections ended for another reason than the deadline");
        }
        if (!variant.delivered()) {
            System.out.println(variant + ": " + ended[4] + " connections ended with bytes known to be unacknowledged");
        }
        return new Figures(heap, percent, Double.parseDouble(ended[1]), Double.parseDouble(ended[2]));
    }
}
