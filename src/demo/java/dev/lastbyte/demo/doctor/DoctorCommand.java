package dev.lastbyte.demo.doctor;

import dev.lastbyte.demo.Colour;
import dev.lastbyte.demo.Json;
import dev.lastbyte.demo.Names;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The command {@code doctor}: reads the kernel's settings that matter to closing and says what to change. Filled by picocli. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Reads the kernel's settings that matter to closing connections, and says what to change.",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:nothing needs to be changed",
            "1:the doctor itself failed",
            "2:a wrong option",
            "3:a setting makes connections lose data; it is marked 'warn'",
            "4:nothing could be read: no Linux, or no /proc"
        })
public final class DoctorCommand implements Callable<Integer> {
    private static final int WARNED = 3;
    private static final int NOTHING_READ = 4;

    /** Resets of this network namespace since it exists, and why. */
    private static final List<String> COUNTERS = List.of(
            "TcpExt.TCPAbortOnClose",
            "TcpExt.TCPAbortOnData",
            "TcpExt.TCPAbortOnMemory",
            "TcpExt.TCPAbortOnTimeout",
            "TcpExt.TCPAbortOnLinger",
            "TcpExt.TCPTimeWaitOverflow",
            "TcpExt.ListenOverflows");

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--json", description = "print one JSON object instead of text")
    private boolean json;

    @Option(
            names = "--proc",
            paramLabel = "DIR",
            defaultValue = "/proc",
            description = "where the kernel's files are (default: ${DEFAULT-VALUE})")
    private Path proc = Path.of("/proc");

    @Option(
            names = "--color",
            paramLabel = "WHEN",
            defaultValue = "auto",
            description = "auto (at a terminal), always or never")
    private String color = "auto";

    @Override
    public Integer call() {
        Colour colour = colour();
        ProcFiles files = new ProcFiles(proc);
        List<Finding> findings =
                Arrays.stream(Setting.values()).map(s -> s.examine(files)).toList();
        PrintWriter out = commandLine().getOut();
        if (json) {
            out.println(Json.of(json(findings, files)));
        } else {
            print(out, findings, files, colour);
        }
        out.flush();
        if (count(findings, Level.UNKNOWN) == findings.size()) {
            return NOTHING_READ;
        }
        return count(findings, Level.WARN) > 0 ? WARNED : 0;
    }

    private void print(PrintWriter out, List<Finding> findings, ProcFiles files, Colour colour) {
        out.println(colour.strong("kernel " + System.getProperty("os.name") + " " + System.getProperty("os.version")
                + ", settings under " + proc.resolve("sys")));
        for (Finding finding : findings) {
            Level level = finding.verdict().level();
            String label = String.format("%-8s", level.label());
            out.println(paint(colour, level, label) + finding.name() + " = " + finding.value());
            out.println("        " + finding.verdict().text());
        }
        out.println();
        out.println("Resets and losses in this network namespace since it exists:");
        for (String counter : COUNTERS) {
            OptionalLong value = files.counter(counter);
            out.printf(
                    "  %-22s %s%n",
                    counter.substring("TcpExt.".length()), value.isPresent() ? Long.toString(value.getAsLong()) : "?");
        }
        out.println(
                "TCPAbortOnData and TCPAbortOnClose are closes with input unread or arriving: what a graceful close avoids.");
        out.println();
        out.println(summary(findings));
    }

    private static String summary(List<Finding> findings) {
        long unknown = count(findings, Level.UNKNOWN);
        long warned = count(findings, Level.WARN);
        if (unknown == findings.size()) {
            return "Nothing could be read: this is no Linux, or /proc is not there. Nothing is said about the kernel.";
        }
        String text = warned == 0 ? "Nothing needs to be changed." : warned + " to change (sysctl -w NAME=VALUE).";
        return text
                + (unknown == 0
                        ? ""
                        : " " + unknown + " could not be read, as in a container, where some belong to the host.");
    }

    private static String paint(Colour colour, Level level, String text) {
        return switch (level) {
            case OK -> colour.good(text);
            case NOTE -> colour.warn(text);
            case WARN -> colour.bad(text);
            case UNKNOWN -> colour.faint(text);
        };
    }

    private static Map<String, @Nullable Object> json(List<Finding> findings, ProcFiles files) {
        Map<String, @Nullable Object> counters = new LinkedHashMap<>();
        for (String counter : COUNTERS) {
            OptionalLong value = files.counter(counter);
            counters.put(counter.substring("TcpExt.".length()), value.isPresent() ? value.getAsLong() : null);
        }
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("doctor", "lastbyte");
        json.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        json.put("settings", findings.stream().map(Finding::toJson).toList());
        json.put("counters", counters);
        json.put("warnings", count(findings, Level.WARN));
        return json;
    }

    private static long count(List<Finding> findings, Level level) {
        return findings.stream().filter(f -> f.verdict().level() == level).count();
    }

    private Colour colour() {
        try {
            return Colour.of(Names.find("colour choice", color, Colour.When.values(), Colour.When::label));
        } catch (TypeConversionException e) {
            throw new ParameterException(commandLine(), "--color: " + e.getMessage());
        }
    }

    private CommandLine commandLine() {
        return spec == null ? new CommandLine(this) : spec.commandLine();
    }
}
