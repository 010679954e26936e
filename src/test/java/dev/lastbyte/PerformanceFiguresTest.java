package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** docs/performance.md is the one place of the figures: its summary and the other documents repeat its tables. */
class PerformanceFiguresTest {
    private static final Pattern TARGETED = Pattern.compile(
            "(?m)^(?<what>\\S.*?) {2,}(?<median>-?[\\d,.]+)(?: \\(.*?\\))?  .*?(?<kind>[≤≥]) (?<limit>[\\d.]+) +(?<verdict>met|MISSED)$");
    private static final Pattern LINK = Pattern.compile("\\]\\(#([^)]+)\\)");
    private static final Pattern FIGURE = Pattern.compile("(?<![\\d,.])-?\\d[\\d,]*(?:\\.\\d+)?");

    /** A row of a table that has a target. */
    private record Row(String median, String target, boolean met) {}

    @Test
    void tables_eachVerdict_isThatOfItsMedian() throws IOException {
        int checked = 0;
        Matcher row = TARGETED.matcher(performance());
        while (row.find()) {
            double median = Double.parseDouble(row.group("median").replace(",", ""));
            double limit = Double.parseDouble(row.group("limit"));
            boolean met = row.group("kind").equals("≤") ? median <= limit : median >= limit;
            assertEquals(met ? "met" : "MISSED", row.group("verdict"), row.group());
            checked++;
        }
        assertTrue(checked > 60, checked + " rows were found");
    }

    @Test
    void summary_hasEveryMissedFigure_andOnlyFiguresOfTheTables() throws IOException {
        String text = performance();
        String summary = section(text, "in-short");
        List<String> missing = new ArrayList<>();
        List<Row> rows = List.of();
        List<String> shown = new ArrayList<>();
        for (String line :
                summary.lines().filter(l -> l.startsWith("| ")).skip(1).toList()) {
            String[] cells = line.split(" ?\\| ?", -1);
            Matcher link = LINK.matcher(cells[1]);
            if (link.find()) {
                missing.addAll(unshown(rows, shown));
                rows = rows(section(text, link.group(1)));
                shown.clear();
            }
            assertFalse(rows.isEmpty(), line);
            assertFigures(line, cells[3], cells[2], rows, true);
            assertFigures(line, cells[4], cells[2], rows, false);
            FIGURE.matcher(cells[4]).results().forEach(figure -> shown.add(figure.group()));
        }
        missing.addAll(unshown(rows, shown));
        assertEquals(List.of(), missing);
        assertEquals(
                new TreeSet<>(
                        LINK.matcher(summary).results().map(r -> r.group(1)).toList()),
                new TreeSet<>(text.lines()
                        .filter(line -> line.startsWith("## "))
                        .map(line -> anchor(line))
                        .filter(anchor -> !rows(section(text, anchor)).isEmpty())
                        .toList()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "README.md; %s bytes for the manager; GracefulCloseManager over GracefulCloseHandler",
                "docs/scale.md; the manager | %s bytes; GracefulCloseManager over GracefulCloseHandler",
                "docs/scale.md; pipeline | %s bytes; GracefulCloseHandler over plain, its context in the pipeline included",
                "docs/design-decisions.md; %s bytes per open connection; GracefulCloseManager over GracefulCloseHandler",
                "docs/design-decisions.md; %s per closing one; heap per closing connection, epoll",
            })
    void otherDocument_repeatsTheTable(String file, String sentence, String row) throws IOException {
        Matcher figure =
                Pattern.compile("(?m)^" + Pattern.quote(row) + " {2,}([\\d.]+)").matcher(performance());
        assertTrue(figure.find(), row);
        String rounded = String.valueOf(Math.round(Double.parseDouble(figure.group(1))));
        String expected = sentence.formatted(rounded);
        assertTrue(Files.readString(Path.of(file)).contains(expected), file + " should say: " + expected);
    }

    private static void assertFigures(String line, String cell, String target, List<Row> rows, boolean met) {
        FIGURE.matcher(cell.replaceAll("[\\d,]+ open ", ""))
                .results()
                .forEach(figure -> assertTrue(
                        rows.contains(new Row(figure.group(), target.trim(), met)), figure.group() + " in " + line));
    }

    private static List<String> unshown(List<Row> rows, List<String> shown) {
        return rows.stream()
                .filter(row -> !row.met() && !shown.contains(row.median()))
                .map(Row::toString)
                .toList();
    }

    private static List<Row> rows(String section) {
        return TARGETED.matcher(section)
                .results()
                .map(row -> new Row(
                        row.group(2),
                        row.group(3) + " " + row.group(4),
                        row.group(5).equals("met")))
                .toList();
    }

    private static String section(String text, String anchor) {
        String heading = text.lines()
                .filter(line -> line.startsWith("## ") && anchor(line).equals(anchor))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no section #" + anchor));
        String rest = text.substring(text.indexOf(heading) + heading.length());
        int end = rest.indexOf("\n## ");
        return end < 0 ? rest : rest.substring(0, end);
    }

    /** As GitHub makes them of headings. */
    private static String anchor(String heading) {
        return heading.substring(3)
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^a-z0-9_ -]", "")
                .replace(' ', '-');
    }

    private static String performance() throws IOException {
        return Files.readString(Path.of("docs/performance.md"));
    }
}
