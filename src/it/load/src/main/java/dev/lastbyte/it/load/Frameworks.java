package dev.lastbyte.it.load;

import io.netty.util.internal.logging.InternalLoggerFactory;
import io.netty.util.internal.logging.JdkLoggerFactory;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Stops each framework by SIGTERM under load, in its own graceful mode and with Lastbyte, and prints a table. Fails if a client lost
 * anything with Lastbyte.
 *
 * <pre>Frameworks DIRECTORY-OF-MODULES [rounds=2] [parallel=3] [modes=graceful,lastbyte] [modules=…] [protocols=…]</pre>
 */
public final class Frameworks {
    private static final int MOST_FAULTS = 8;

    private Frameworks() {}

    public static void main(String[] args) throws Exception {
        InternalLoggerFactory.setDefaultFactory(JdkLoggerFactory.INSTANCE); // warnings, and nothing else
        Path modules = Path.of(args[0]);
        Properties options = new Properties();
        options.load(new StringReader(Stream.of(args).skip(1).collect(Collectors.joining(System.lineSeparator()))));
        int rounds = Integer.parseInt(options.getProperty("rounds", "2"));
        List<Cell> cells = cells(modules, options);
        Path logs = Files.createDirectories(modules.resolve("logs"));
        TestTls tls = new TestTls(logs);
        ExecutorService runners = Executors.newFixedThreadPool(Integer.parseInt(options.getProperty("parallel", "3")));
        Map<Cell, List<Future<Cell.Round>>> runs = new LinkedHashMap<>();
        for (Cell cell : cells) {
            List<Future<Cell.Round>> ofCell = new ArrayList<>();
            for (int round = 1; round <= rounds; round++) {
                int number = round;
                ofCell.add(runners.submit(() -> cell.run(number, logs, tls)));
            }
            runs.put(cell, ofCell);
        }
        runners.shutdown();
        boolean whole = true;
        StringBuilder table = new StringBuilder(heading());
        for (Map.Entry<Cell, List<Future<Cell.Round>>> run : runs.entrySet()) {
            List<Cell.Round> seen = new ArrayList<>();
            for (Future<Cell.Round> round : run.getValue()) {
                seen.add(round.get());
            }
            whole &= tell(run.getKey(), seen, table);
        }
        System.out.println(table);
        Files.writeString(logs.resolve("table.md"), table);
        if (!whole) {
            System.err.println("with Lastbyte a client lost something; the applications' output is in " + logs);
            System.exit(1);
        }
    }

    private static List<Cell> cells(Path modules, Properties options) throws IOException {
        List<Cell> cells = new ArrayList<>();
        Set<String> wanted = list(options, "modules", "");
        Set<String> protocols = list(options, "protocols", "h1,h1-tls,h2c,h2");
        Set<String> modes = list(options, "modes", "graceful,lastbyte");
        try (Stream<Path> found = Files.list(modules)) {
            for (Path module : found.filter(m -> Files.exists(m.resolve("cells.properties")))
                    .sorted()
                    .toList()) {
                if (!wanted.isEmpty() && !wanted.contains(module.getFileName().toString())) {
                    continue;
                }
                Properties has = new Properties();
                try (var in = Files.newBufferedReader(module.resolve("cells.properties"))) {
                    has.load(in);
                }
                for (String protocol : list(has, "protocols", "h1")) {
                    for (String mode : modes) {
                        if (protocols.contains(protocol)) {
                            cells.add(new Cell(module, protocol, mode));
                        }
                    }
                }
            }
        }
        if (cells.isEmpty()) {
            throw new IOException("no application in " + modules + " fits " + options);
        }
        return cells;
    }

    private static Set<String> list(Properties from, String key, String otherwise) {
        String value = from.getProperty(key, otherwise);
        return value.isEmpty() ? Set.of() : new TreeSet<>(List.of(value.split(",")));
    }

    private static String heading() {
        return "| framework | protocol | stopped by | lost | fresh resets | slow whole | SSE whole | WebSockets 1001 | 413 of 20 MB | exit |\n"
                + "|---|---|---|---|---|---|---|---|---|---|\n";
    }

    /** Adds a line with the figures of each round; returns whether nothing was lost that should not have been. */
    private static boolean tell(Cell cell, List<Cell.Round> rounds, StringBuilder table) {
        boolean lastbyte = cell.mode().equals("lastbyte");
        boolean whole = true;
        for (Cell.Round round : rounds) {
            if (lastbyte && !round.isWhole()) {
                whole = false;
                System.err.println(cell + ": "
                        + round.counts().faults().stream().limit(MOST_FAULTS).collect(Collectors.joining("; ")));
            }
        }
        table.append("| ")
                .append(rounds.get(0).name())
                .append(" | ")
                .append(cell.protocol())
                .append(" | ")
                .append(cell.mode())
                .append(" | ")
                .append(each(rounds, r -> "" + r.counts().lost()))
                .append(" | ")
                .append(each(rounds, r -> "" + r.counts().fresh()))
                .append(" | ")
                .append(each(rounds, r -> r.counts().slow() + "/" + Load.SLOW))
                .append(" | ")
                .append(each(rounds, r -> r.counts().streams() + "/" + Load.STREAMS))
                .append(" | ")
                .append(each(rounds, r -> r.sockets() ? r.counts().sockets() + "/" + Load.SOCKETS : "–"))
                .append(" | ")
                .append(each(rounds, r -> r.early() == null ? "–" : r.early().toString()))
                .append(" | ")
                .append(each(rounds, r -> String.format("%.1f s", r.exitMillis() / 1000.0)))
                .append(" |\n");
        return whole;
    }

    private static String each(List<Cell.Round> rounds, java.util.function.Function<Cell.Round, String> figure) {
        return rounds.stream().map(figure).distinct().count() == 1
                ? figure.apply(rounds.get(0))
                : rounds.stream().map(figure).collect(Collectors.joining(" · "));
    }
}
