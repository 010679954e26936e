package dev.lastbyte.demo.lab.server;

import dev.lastbyte.demo.CloseWay;
import dev.lastbyte.demo.Durations;
import dev.lastbyte.demo.Names;
import dev.lastbyte.demo.Transport;
import dev.lastbyte.demo.lab.peer.Fields;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The lab's server, started by the lab in a process of its own; ends when its standard input does. */
@Command(name = "lab-server", hidden = true)
public final class LabServerCommand implements Callable<Integer> {
    @Option(names = "--host", required = true)
    private String host = "";

    @Option(names = "--transport", required = true)
    private String transports = "";

    @Option(names = "--strategy", required = true)
    private String ways = "";

    @Option(names = "--slow-read", required = true, converter = Durations.class)
    private Duration slowRead = Duration.ZERO;

    @Override
    public Integer call() throws IOException {
        List<Transport> chosen = Names.findAll("transport", transports, Transport.values(), Transport::label);
        List<CloseWay> columns = Names.findAll("strategy", ways, CloseWay.values(), CloseWay::label);
        try (LocalServer server =
                new LocalServer(host, chosen, columns, new LabLimits(slowRead), result -> print(result.toFields()))) {
            for (Transport transport : chosen) {
                for (CloseWay way : columns) {
                    print(new Fields("port")
                            .with("transport", transport.label())
                            .with("strategy", way.label())
                            .with("port", server.port(transport, way)));
                }
            }
            print(new Fields("ready"));
            System.in.transferTo(OutputStream.nullOutputStream());
        }
        return 0;
    }

    private static void print(Fields line) {
        synchronized (System.out) {
            System.out.println(line);
            System.out.flush();
        }
    }
}
