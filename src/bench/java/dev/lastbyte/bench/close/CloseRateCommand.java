package dev.lastbyte.bench.close;

import dev.lastbyte.bench.netty.Setup;
import dev.lastbyte.bench.netty.Transports;
import dev.lastbyte.bench.process.MeasuredServer;
import dev.lastbyte.bench.process.NativeProgram;
import dev.lastbyte.bench.process.ProgramServer;
import dev.lastbyte.bench.process.SystemTool;
import dev.lastbyte.bench.report.BenchOptions;
import dev.lastbyte.bench.report.BenchTable;
import dev.lastbyte.bench.report.Samples;
import dev.lastbyte.bench.report.Target;
import dev.lastbyte.demo.Transport;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * Measures what a graceful close costs a server that closes after every answer, the case in which it costs most. Not
 * thread-safe.
 */
@Command(
        name = "close-rate",
        description =
                "Connections per second and CPU per connection, against Netty's plain close; and in C, as a floor.")
public final class CloseRateCommand implements Callable<Integer> {
    private static final Target RATE = Target.atLeast(0.95);
    private static final Target CPU = Target.atMost(1.20);
    private static final Target METERS = Target.atMost(1.01);
    private static final Target NONE = Target.atMost(0);
    private static final String RATIO = "× plain";
    private static final String MICROS = "µs";

    @Mixin
    private final BenchOptions options = new BenchOptions();

    @Mixin
    private final Transports transports = new Transports();

    private final BenchTable table = new BenchTable("close-rate", "One connection per request: graceful against plain");
    private long wrong;

    @Override
    public Integer call() throws Exception {
        if (SystemTool.find("gcc", "gcc libc6-dev", "close-rate has no client, nothing is measured")
                .isEmpty()) {
            return 0;
        }
        Path binaries = options.directory().resolve("c");
        CloseClient client = new CloseClient(NativeProgram.compile("closeclient", binaries));
        for (Transport transport : transports.available()) {
            measure(client, transport);
        }
        measureFloor(client, NativeProgram.compile("closeserver", binaries));
        table.add("short answers, resets and errors, all rows", "", Samples.of(wrong), NONE);
        table.publish(options);
        table.draw(options, RATIO, "64 clients at a time, 1 KB answers, one event loop; 1 is Netty's plain close");
        return 0;
    }

    private void measure(CloseClient client, Transport transport) throws Exception {
        try (ServerSet servers = new ServerSet()) {
            Map<Setup, MeasuredServer> bySetup = new EnumMap<>(Setup.class);
            for (Setup setup : Setup.values()) {
                String label = transport + ", " + setup.label();
                bySetup.put(setup, servers.add(new NettyServer(label, transport, setup, false, options)));
            }
            ServerRuns runs = ServerRuns.measure(client, servers.all(), options);
            for (Setup setup : Setup.values()) {
                if (setup != Setup.PLAIN) {
                    addRatios(runs, bySetup.get(setup), bySetup.get(Setup.PLAIN), true);
                }
            }
            MeasuredServer metered = bySetup.get(Setup.METERED);
            table.add(
                    metered.label() + ": CPU",
                    "× unmetered",
                    runs.cpu(metered).relativeTo(runs.cpu(bySetup.get(Setup.MANAGER))),
                    METERS);
            addFigures(runs, servers);
        }
    }

    private void measureFloor(CloseClient client, NativeProgram program) throws Exception {
        try (ServerSet servers = new ServerSet()) {
            MeasuredServer plain =
                    servers.add(ProgramServer.printing("C, plain close()", program, "plain", FixedAnswer.BODY_BYTES));
            MeasuredServer graceful = servers.add(
                    ProgramServer.printing("C, shutdown and EOF", program, "graceful", FixedAnswer.BODY_BYTES));
            ServerRuns runs = ServerRuns.measure(client, servers.all(), options);
            addRatios(runs, graceful, plain, false);
            addFigures(runs, servers);
        }
    }

    private void addRatios(ServerRuns runs, MeasuredServer server, MeasuredServer plain, boolean targeted) {
        Samples rate = runs.rate(server).relativeTo(runs.rate(plain));
        Samples cpu = runs.cpu(server).relativeTo(runs.cpu(plain));
        table.add(server.label() + ": connections/s", RATIO, rate, targeted ? RATE : null);
        table.add(server.label() + ": CPU", RATIO, cpu, targeted ? CPU : null);
    }

    private void addFigures(ServerRuns runs, ServerSet servers) {
        for (MeasuredServer server : servers.all()) {
            table.add(server.label() + ": CPU per connection", MICROS, runs.cpu(server));
            table.add(server.label() + ": rate", "1/s", runs.rate(server));
            table.add(server.label() + ": the client's core", "busy", runs.clientLoad(server));
        }
        wrong += runs.wrong();
    }
}
