package dev.lastbyte.bench;

import dev.lastbyte.demo.Transport;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** The transports that a bench compares. Filled in by picocli. */
final class Transports {
    @Option(
            names = "--transport",
            split = ",",
            paramLabel = "NAME",
            defaultValue = "epoll,nio,io_uring",
            description = "which transports (default: ${DEFAULT-VALUE})")
    private List<Transport> wanted = List.of();

    /** Those that can be used here; says why another one cannot. */
    List<Transport> available() {
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
