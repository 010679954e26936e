package dev.lastbyte.bench;

import dev.lastbyte.demo.Transport;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Measures what a graceful close costs a server that closes after every answer, the case in which it costs most. */
@Command(
        name = "close-rate",
        description =
                "Connections per second and CPU per connection, against Netty's plain close; and in C, as a floor.")
final class CloseRateCommand implements Callable<Integer> {
    private static final Target RATE = Target.atLeast(0.95);
    private static final Target CPU = Target.atMost(1.20);
    private static final Target NONE = Target.atMost(0);
    private static final String RATIO = "× plain";
    private static final String MICROS = "µs";

    @Mixin
    BenchOptions options = new BenchOptions();

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
        Path binaries = options.out.resolve("c");
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
            Map<CloseWay, MeasuredServer> byWay = new EnumMap<>(CloseWay.class);
            for (CloseWay way : CloseWay.values()) {
                String label = transport + ", " + way.label();
                byWay.put(way, servers.add(new NettyServer(label, transport, way, false, options)));
            }
            ServerRuns runs = ServerRuns.measure(client, servers.all(), options);
            for (CloseWay way : CloseWay.values()) {
                if (way != CloseWay.PLAIN) {
                    addRatios(runs, byWay.get(way), byWay.get(CloseWay.PLAIN), true);
                }
            }
            addFigures(runs, servers);
        }
    }

    private void measureFloor(CloseClient client, NativeProgram program) throws Exception {
        try (ServerSet servers = new ServerSet()) {
            MeasuredServer plain = servers.add(
                    ProgramServer.printing("C, plain close()", program.start("plain", FixedAnswer.BODY_BYTES)));
            MeasuredServer graceful = servers.add(
                    ProgramServer.printing("C, shutdown and EOF", program.start("graceful", FixedAnswer.BODY_BYTES)));
            ServerRuns runs = ServerRuns.measure(client, servers.all(), options);
            addRatios(runs, graceful, plain, false);
            addFigures(runs, servers);
        }
    }

    private void addRatios(ServerRuns runs, MeasuredServer server, MeasuredServer plain, boolean targeted) {
        Samples rate = runs.rate(server).relativeTo(runs.rate(plain));
        Samples cpu = runs.cpu(server).relativeTo(runs.cpu(plain));
        if (targeted) {
            table.add(server.label() + ": connections/s", RATIO, rate, RATE);
            table.add(server.label() + ": CPU", RATIO, cpu, CPU);
        } else {
            table.add(server.label() + ": connections/s", RATIO, rate);
            table.add(server.label() + ": CPU", RATIO, cpu);
        }
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
