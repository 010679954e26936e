package dev.lastbyte.bench.close;

import dev.lastbyte.bench.netty.Setup;
import dev.lastbyte.bench.process.MeasuredServer;
import dev.lastbyte.bench.process.NativeProgram;
import dev.lastbyte.bench.process.SystemTool;
import dev.lastbyte.bench.report.BenchOptions;
import dev.lastbyte.bench.report.BenchTable;
import dev.lastbyte.bench.report.Samples;
import dev.lastbyte.bench.report.Target;
import dev.lastbyte.demo.Transport;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * Measures servers that end each connection in the graceful way: three that are known for it, and Netty with
 * Lastbyte. Not thread-safe.
 */
@Command(
        name = "servers",
        description = "One connection per request: nginx, Apache httpd, HAProxy, and Netty with Lastbyte.")
public final class ServersCommand implements Callable<Integer> {
    private static final Target AS_FAST_AS_HTTPD = Target.atLeast(1);
    private static final Target TWICE_NGINX = Target.atMost(2);
    private static final Target NONE = Target.atMost(0);
    private static final String MICROS = "µs";
    private static final String RATIO = "×";
    private static final String ROW_LEFT_OUT = "its rows are left out";

    @Mixin
    private final BenchOptions options = new BenchOptions();

    @Override
    public Integer call() throws Exception {
        if (SystemTool.find("gcc", "gcc libc6-dev", "servers has no client, nothing is measured")
                .isEmpty()) {
            return 0;
        }
        CloseClient client = new CloseClient(
                NativeProgram.compile("closeclient", options.directory().resolve("c")));
        Transport transport = Transport.EPOLL.unavailable().isEmpty() ? Transport.EPOLL : Transport.NIO;
        BenchTable table = new BenchTable("servers", "One connection per request: servers that close gracefully");
        try (LingeringServers others = new LingeringServers();
                ServerSet servers = new ServerSet()) {
            MeasuredServer ours = servers.add(
                    new NettyServer("Lastbyte, HTTP codec, " + transport, transport, Setup.HANDLER, true, options));
            servers.add(new NettyServer("Lastbyte, no codec, " + transport, transport, Setup.HANDLER, false, options));
            servers.add(
                    new NettyServer("plain close(), HTTP codec, " + transport, transport, Setup.PLAIN, true, options));
            MeasuredServer nginx = add(servers, others.nginx(ROW_LEFT_OUT));
            MeasuredServer httpd = add(servers, others.httpd(ROW_LEFT_OUT));
            add(servers, others.haproxy(ROW_LEFT_OUT));
            ServerRuns runs = ServerRuns.measure(client, servers.all(), options);
            if (httpd != null) {
                Samples rate = runs.rate(ours).relativeTo(runs.rate(httpd));
                table.add("Lastbyte, HTTP codec / httpd: connections/s", RATIO, rate, AS_FAST_AS_HTTPD);
            }
            if (nginx != null) {
                Samples cpu = runs.cpu(ours).relativeTo(runs.cpu(nginx));
                table.add("Lastbyte, HTTP codec / nginx: CPU", RATIO, cpu, TWICE_NGINX);
            }
            for (MeasuredServer server : servers.all()) {
                table.add(server.label() + ": CPU", MICROS, runs.cpu(server));
                table.add(server.label() + ": rate", "1/s", runs.rate(server));
                table.add(server.label() + ": the client's core", "busy", runs.clientLoad(server));
            }
            table.add("short answers, resets and errors, all rows", "", Samples.of(runs.wrong()), NONE);
        }
        table.publish(options);
        table.draw(
                options, MICROS, "CPU per connection, all processes of the server; 64 clients at a time, 1 KB answers");
        return 0;
    }

    private static @Nullable MeasuredServer add(ServerSet servers, Optional<MeasuredServer> server) {
        server.ifPresent(servers::add);
        return server.orElse(null);
    }
}
