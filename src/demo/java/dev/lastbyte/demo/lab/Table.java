package dev.lastbyte.demo.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** Text in aligned columns, each cell painted after its width is known. Confined to one thread. */
final class Table {
    private static final String GAP = "  ";

    private final List<List<Entry>> rows = new ArrayList<>();

    /** One cell: what it says and how it is coloured. */
    record Entry(String text, UnaryOperator<String> paint) {
        static Entry of(String text) {
            return new Entry(text, UnaryOperator.identity());
        }
    }

    void row(List<Entry> entries) {
        rows.add(List.copyOf(entries));
    }

    /** The lines, without blanks at their ends. */
    List<String> render() {
        int columns = rows.stream().mapToInt(List::size).max().orElse(0);
        int[] widths = new int[columns];
        for (List<Entry> row : rows) {
            for (int i = 0; i < row.size(); i++) {
                widths[i] = Math.max(widths[i], row.get(i).text().length());
            }
        }
        List<String> lines = new ArrayList<>();
        for (List<Entry> row : rows) {
            lines.add(line(row, widths));
        }
        return lines;
    }

    private static String line(List<Entry> row, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < row.size(); i++) {
            Entry entry = row.get(i);
            line.append(i == 0 ? "" : GAP)
                    .append(entry.text().isEmpty() ? "" : entry.paint().apply(entry.text()));
            if (i < row.size() - 1) {
                line.append(" ".repeat(widths[i] - entry.text().length()));
            }
        }
        return line.toString();
    }
}
