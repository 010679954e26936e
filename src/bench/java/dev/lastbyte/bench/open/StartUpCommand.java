package dev.lastbyte.bench.open;

import dev.lastbyte.bench.netty.Setup;
import dev.lastbyte.bench.netty.Transports;
import dev.lastbyte.bench.process.ChildProcess;
import dev.lastbyte.bench.report.BenchOptions;
import dev.lastbyte.bench.report.BenchTable;
import dev.lastbyte.bench.report.Rounds;
import dev.lastbyte.bench.report.Samples;
import dev.lastbyte.bench.report.Target;
import dev.lastbyte.demo.Transport;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** By how much the library delays the first closed connection of a fresh JVM. Not thread-safe. */
@Command(
        name = "start-up",
        description = "From main() of a fresh JVM to the end of its first connection, with and without Lastbyte.")
public final class StartUpCommand implements Callable<Integer> {
    private static final int ROUNDS = 15;
    private static final double MOST_MILLIS = 50;
    private static final int PATIENCE_MILLIS = 30_000;

    @Mixin
    private final BenchOptions options = new BenchOptions();

    @Option(
            names = "--jvm",
            paramLabel = "OPTION",
            description = "a JVM option of the measured JVMs, such as -Xshare:off; may be repeated")
    private List<String> jvmOptions = List.of();

    /** What is started. */
    private record Variant(Transport transport, Setup setup) {}

    /** What it says. */
    private record Times(double sinceMain, double sinceJvm, double cpu) {}

    @Override
    public Integer call() throws Exception {
        List<Transport> transports = Transports.available(List.of(Transport.EPOLL, Transport.NIO));
        List<Variant> variants = new ArrayList<>();
        for (Transport transport : transports.subList(0, options.size(transports.size(), 1))) {
            for (Setup setup : Setup.unmetered()) {
                variants.add(new Variant(transport, setup));
            }
        }
        Map<Variant, List<Times>> times = Rounds.alternate(variants, options.size(ROUNDS, 1), this::once);
        BenchTable table = new BenchTable(
                "start-up", "Start of a JVM whose server answers one connection with 1 KB and closes it, from main()");
        for (Variant variant : variants) {
            Samples sinceMain = Samples.of(times.get(variant), Times::sinceMain);
            String what = variant.transport() + ": " + variant.setup();
            table.add(what, "ms", sinceMain);
            table.add(what + ", CPU of all threads", "ms of CPU", Samples.of(times.get(variant), Times::cpu));
            table.add(
                    what + ", since the JVM's start", "ms since JVM", Samples.of(times.get(variant), Times::sinceJvm));
        }
        for (Variant variant : variants) {
            if (variant.setup() != Setup.PLAIN) {
                List<Times> plain = times.get(new Variant(variant.transport(), Setup.PLAIN));
                Samples more =
                        Samples.of(times.get(variant), Times::sinceMain).minus(Samples.of(plain, Times::sinceMain));
                String what = variant.transport() + ": " + variant.setup() + " over plain";
                table.add(what, "ms more", more, Target.atMost(MOST_MILLIS));
                table.add(
                        what + ", CPU",
                        "ms of CPU more",
                        Samples.of(times.get(variant), Times::cpu).minus(Samples.of(plain, Times::cpu)));
            }
        }
        table.publish(options);
        table.draw(options, "ms", "from main() to the end of the first connection; shorter is better");
        return 0;
    }

    /** The peer reads all and closes at once: the server's wait for it is a round trip on loopback. */
    private Times once(Variant variant) throws IOException {
        List<String> arguments =
                List.of(variant.transport().name(), variant.setup().name());
        try (ChildProcess child = ChildProcess.jvm(jvmOptions, StartUpServer.class, arguments)) {
            int port = Integer.parseInt(child.read());
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.setSoTimeout(PATIENCE_MILLIS);
                InputStream in = socket.getInputStream();
                in.transferTo(OutputStream.nullOutputStream());
            }
            String[] told = child.read().split(" ");
            return new Times(Long.parseLong(told[0]) / 1e6, Long.parseLong(told[1]), Long.parseLong(told[2]) / 1e6);
        }
    }
}
