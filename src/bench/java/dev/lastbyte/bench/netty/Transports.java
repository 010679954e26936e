package dev.lastbyte.bench.netty;

import dev.lastbyte.demo.Transport;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** The transports that a bench compares. Filled in by picocli. */
public final class Transports {
    @Option(
            names = "--transport",
            split = ",",
            paramLabel = "NAME",
            defaultValue = "epoll,nio,io_uring",
            description = "which transports (default: ${DEFAULT-VALUE})")
    private List<Transport> wanted = List.of();

    /** Those that can be used here; says why another one cannot. */
    public List<Transport> available() {
        return available(wanted);
    }

    /** The same of others. */
    public static List<Transport> available(List<Transport> wanted) {
        List<Transport> available = new ArrayList<>();
        for (Transport transport : wanted) {
            transport
                    .unavailable()
                    .ifPresentOrElse(
                            why -> System.out.println(transport + ": left out, " + why),
                            () -> available.add(transport));
        }
        return available;
    }
}
