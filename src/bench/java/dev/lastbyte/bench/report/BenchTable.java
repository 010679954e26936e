package dev.lastbyte.bench.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One table: figures with what they must be. Not thread-safe. */
public final class BenchTable {
    private final String name;
    private final String title;
    private final List<Row> rows = new ArrayList<>();

    /**
     * One figure.
     *
     * @param target what it must be, or null for one that only explains others
     */
    record Row(String what, String unit, Samples samples, @Nullable Target target) {
        /** {@code met}, {@code missed}, or nothing. */
        String verdict() {
            return target == null ? "" : target.isMet(samples) ? "met" : "MISSED";
        }
    }

    /**
     * An empty table.
     *
     * @param name of its files
     */
    public BenchTable(String name, String title) {
        this.name = name;
        this.title = title;
    }

    public void add(String what, String unit, Samples samples) {
        rows.add(new Row(what, unit, samples, null));
    }

    /** Adds a figure with what it must be, or null for one that only explains others. */
    public void add(String what, String unit, Samples samples, @Nullable Target target) {
        rows.add(new Row(what, unit, samples, target));
    }

    /** Prints the table and the machine, and keeps both in a file. */
    public void publish(BenchOptions options) throws IOException {
        String text = text(options.smoke());
        System.out.println(text);
        Files.createDirectories(options.directory());
        Files.writeString(options.directory().resolve(name + ".txt"), text);
    }

    /** Draws those rows that have the given unit, as bars with their ranges. */
    public void draw(BenchOptions options, String unit, String caption) throws IOException {
        List<Row> drawn = rows.stream().filter(row -> row.unit().equals(unit)).toList();
        Path file = options.directory().resolve(name + ".svg");
        Files.createDirectories(options.directory());
        Files.writeString(file, BarChart.svg(title, caption, unit, drawn));
    }

    private String text(boolean smoke) {
        int what = width(rows.stream().map(Row::what).toList(), "figure");
        int value = width(rows.stream().map(row -> row.samples().toString()).toList(), "median (range)");
        int unit = width(rows.stream().map(Row::unit).toList(), "unit");
        String format = "%-" + what + "s  %" + value + "s  %-" + unit + "s  %-8s %s%n";
        StringBuilder text = new StringBuilder(title)
                .append(smoke ? " (smoke form: the figures mean nothing)" : "")
                .append(System.lineSeparator())
                .append(Machine.describe())
                .append(System.lineSeparator())
                .append(String.format(format, "figure", "median (range)", "unit", "target", ""));
        for (Row row : rows) {
            String target = row.target() == null ? "" : row.target().toString();
            text.append(String.format(format, row.what(), row.samples(), row.unit(), target, row.verdict()));
        }
        return text.toString();
    }

    private static int width(List<String> cells, String header) {
        return Math.max(
                header.length(), cells.stream().mapToInt(String::length).max().orElse(0));
    }
}
