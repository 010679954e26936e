package dev.lastbyte.bench.report;

import java.util.List;

/** Horizontal bars with ranges, as SVG that can be read on light and on dark. Stateless. */
final class BarChart {
    private static final int WIDTH = 760;
    private static final int LABELS = 290;
    private static final int LABEL_CHARACTER = 7;
    private static final int BAR = 20;
    private static final int STEP = 30;
    private static final int TOP = 56;
    private static final int RIGHT = 110;

    private BarChart() {}

    static String svg(String title, String caption, String unit, List<BenchTable.Row> rows) {
        double scale = rows.stream().mapToDouble(BarChart::extent).max().orElse(1);
        int room = WIDTH - LABELS - RIGHT;
        int longest = rows.stream().mapToInt(row -> row.what().length()).max().orElse(0);
        int left = Math.min(0, LABELS - 16 - longest * LABEL_CHARACTER);
        Svg svg = new Svg(left, WIDTH, TOP + STEP * rows.size() + 14, title);
        svg.text(left + 12, 22, "title", title).text(left + 12, 41, "note", caption);
        for (int i = 0; i < rows.size(); i++) {
            BenchTable.Row row = rows.get(i);
            int y = TOP + i * STEP;
            double middle = y + BAR / 2.0;
            double length = row.samples().median() / scale * room;
            svg.text(LABELS - 8, middle + 4, "label", row.what());
            svg.rectangle(LABELS, y, Math.max(1, length), BAR, row.verdict().equals("MISSED") ? "bar missed" : "bar");
            svg.line(
                    x(row.samples().min(), scale, room), middle, x(row.samples().max(), scale, room), middle, "range");
            Target target = row.target();
            if (target != null) {
                double at = x(target.limit(), scale, room);
                svg.line(at, y - 4, at, y + BAR + 4, "target");
            }
            double end = Math.max(x(row.samples().max(), scale, room), LABELS + length);
            svg.text(end + 6, middle + 4, "value", Samples.number(row.samples().median()) + " " + unit);
        }
        return svg.toString();
    }

    private static double extent(BenchTable.Row row) {
        Target target = row.target();
        return Math.max(row.samples().max(), target == null ? 0 : target.limit());
    }

    private static double x(double value, double scale, int room) {
        return LABELS + Math.max(0, value) / scale * room;
    }
}
