package dev.lastbyte.demo.lab;

import dev.lastbyte.demo.CloseWay;
import dev.lastbyte.demo.Colour;
import dev.lastbyte.demo.Durations;
import dev.lastbyte.demo.Names;
import dev.lastbyte.demo.Sizes;
import dev.lastbyte.demo.Transport;
import dev.lastbyte.demo.WholeNumbers;
import dev.lastbyte.demo.lab.peer.PeerKind;
import dev.lastbyte.demo.link.LinkException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The command {@code lab}: what each way to close loses, against peers that behave well and badly. Filled by picocli. */
@Command(
        name = "lab",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Shows what each way to close a connection loses, measured at the peer.",
            "plain is Netty's close(); the other ways are Lastbyte's, full is its default.",
            ""
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:drain and full lost nothing",
            "1:drain or full cut an answer, or the lab itself failed",
            "2:a wrong option, or a missing right (--rtt needs root)"
        },
        footer = {
            "",
            "Examples:",
            "  lab                                     everything, in about half a minute",
            "  lab --transport epoll --peer chatty     one small table",
            "  lab --transport epoll --rtt 20ms        a link with a delay, as in the README"
        })
public final class LabCommand implements Callable<Integer> {
    private static final long LARGEST_SIZE = 1 << 30;
    private static final Duration SHORTEST_RTT = Duration.ofMillis(1);
    private static final Duration LONGEST_RTT = Duration.ofSeconds(1);

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--transport",
            paramLabel = "LIST",
            description = "epoll, io_uring, nio, separated by commas; default: all that run here")
    private @Nullable String transports;

    @Option(
            names = "--strategy",
            paramLabel = "LIST",
            description =
                    "plain, so-linger, linger, half-close, drain, half-close-linger, full; default: all but so-linger")
    private @Nullable String ways;

    @Option(
            names = "--peer",
            paramLabel = "LIST",
            description = "names of peers; default: all. --list-peers shows them")
    private @Nullable String peers;

    @Option(names = "--list-peers", description = "print the peers and what they do, then end")
    private boolean listPeers;

    @Option(
            names = "--runs",
            paramLabel = "N",
            converter = WholeNumbers.class,
            description = "runs per cell; default: 10, or 3 for peers that upload or take seconds; fewer with --rtt")
    private @Nullable Integer runs;

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            converter = Sizes.class,
            defaultValue = "1MB",
            description = "size of an answer (default: ${DEFAULT-VALUE})")
    private long size;

    @Option(
            names = "--rtt",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "run over a link with this round trip, between two network namespaces; needs root")
    private @Nullable Duration rtt;

    @Option(
            names = {"-v", "--verbose"},
            description = "also print the limits, how long closes took, and what the library reported")
    private boolean verbose;

    @Option(names = "--json", paramLabel = "FILE", description = "also write every run to this file, as JSON")
    private @Nullable Path json;

    @Option(
            names = "--color",
            paramLabel = "WHEN",
            defaultValue = "auto",
            description = "auto (at a terminal), always or never")
    private String color = "auto";

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (listPeers) {
            printPeers();
            return 0;
        }
        Colour colour = Colour.of(
                option("--color", () -> Names.find("colour choice", color, Colour.When.values(), Colour.When::label)));
        LabPlan plan = plan();
        checkJson();
        try (LabEnds ends = open(plan)) {
            return new LabSession(plan, ends, colour, verbose, json).run();
        }
    }

    private LabEnds open(LabPlan plan) throws IOException, InterruptedException {
        if (!plan.isDelayed()) {
            return LabEnds.loopback(plan);
        }
        try {
            return LabEnds.delayed(plan);
        } catch (LinkException e) {
            throw wrong(
                    "--rtt",
                    "no link with a delay: " + e.getMessage()
                            + "\nIt needs root and ip(8) from iproute2: run the same command"
                            + " with sudo. Without --rtt nothing of this is needed.");
        }
    }

    private LabPlan plan() {
        if (runs != null && (runs < 1 || runs > 1000)) {
            throw wrong("--runs", runs + " is out of range; choose from 1 to 1000");
        }
        if (size < 1 || size > LARGEST_SIZE) {
            throw wrong("--size", Sizes.format(size) + " is out of range; choose from 1 to 1GiB");
        }
        if (rtt != null && (rtt.compareTo(SHORTEST_RTT) < 0 || rtt.compareTo(LONGEST_RTT) > 0)) {
            throw wrong("--rtt", Durations.format(rtt) + " is out of range; choose from 1ms to 1s");
        }
        return new LabPlan(
                transports(),
                option(
                        "--strategy",
                        () -> ways == null
                                ? defaultWays()
                                : Names.findAll("strategy", ways, CloseWay.values(), CloseWay::label)),
                option(
                        "--peer",
                        () -> peers == null
                                ? List.of(PeerKind.values())
                                : Names.findAll("peer", peers, PeerKind.values(), PeerKind::label)),
                runs == null ? OptionalInt.empty() : OptionalInt.of(runs),
                (int) size,
                rtt == null ? Duration.ZERO : rtt);
    }

    private List<Transport> transports() {
        String wanted = transports;
        if (wanted != null) {
            List<Transport> chosen = option(
                    "--transport", () -> Names.findAll("transport", wanted, Transport.values(), Transport::label));
            chosen.forEach(transport -> transport.unavailable().ifPresent(reason -> {
                throw wrong("--transport", transport + " is not available here: " + reason);
            }));
            return chosen;
        }
        List<Transport> available = new ArrayList<>();
        for (Transport transport : Transport.values()) {
            transport
                    .unavailable()
                    .ifPresentOrElse(
                            reason -> System.out.println(transport + ": not available here: " + reason),
                            () -> available.add(transport));
        }
        return available;
    }

    private static List<CloseWay> defaultWays() {
        return Arrays.stream(CloseWay.values())
                .filter(way -> way != CloseWay.SO_LINGER)
                .toList();
    }

    private void checkJson() {
        if (json == null) {
            return;
        }
        Path directory = json.toAbsolutePath().getParent();
        if (directory == null || !Files.isDirectory(directory) || Files.isDirectory(json)) {
            throw wrong("--json", json + " cannot be written; name a file in a directory that exists");
        }
    }

    private static void printPeers() {
        Table table = new Table();
        for (PeerKind peer : PeerKind.values()) {
            table.row(List.of(Table.Entry.of(peer.label()), Table.Entry.of(peer.description())));
        }
        table.render().forEach(System.out::println);
    }

    /** Turns a converter's complaint into picocli's, which names the option and ends with exit code 2. */
    private <T> T option(String name, Supplier<T> value) {
        try {
            return value.get();
        } catch (TypeConversionException e) {
            throw wrong(name, String.valueOf(e.getMessage()));
        }
    }

    private ParameterException wrong(String option, String problem) {
        CommandLine line = spec == null ? new CommandLine(this) : spec.commandLine();
        return new ParameterException(line, option + ": " + problem);
    }
}
