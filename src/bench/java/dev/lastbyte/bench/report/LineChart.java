package dev.lastbyte.bench.report;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

/** Growth of a figure with a number, as lines over a logarithmic axis, as SVG. Stateless. */
public final class LineChart {
    private static final int WIDTH = 760;
    private static final int HEIGHT = 340;
    private static final int LEFT = 80;
    private static final int RIGHT = 190;
    private static final int TOP = 60;
    private static final int BOTTOM = 50;
    private static final int LABEL_HEIGHT = 15;

    private LineChart() {}

    /** One line. */
    public record Line(String label, List<Point> points) {}

    /** A figure at a number. */
    public record Point(double at, Samples samples) {}

    /** Draws into the file {@code name.svg}. */
    public static void draw(
            BenchOptions options, String name, String title, String caption, String unit, List<Line> lines)
            throws IOException {
        Files.createDirectories(options.directory());
        Files.writeString(options.directory().resolve(name + ".svg"), svg(title, caption, unit, lines));
    }

    private static String svg(String title, String caption, String unit, List<Line> lines) {
        double from = Math.log10(extreme(lines, true));
        double span = Math.max(1e-9, Math.log10(extreme(lines, false)) - from);
        double top = lines.stream()
                .flatMap(line -> line.points().stream())
                .mapToDouble(point -> point.samples().max())
                .max()
                .orElse(1);
        Svg svg = new Svg(WIDTH, HEIGHT, title);
        svg.text(12, 22, "title", title).text(12, 41, "note", caption);
        int floor = HEIGHT - BOTTOM;
        int room = WIDTH - LEFT - RIGHT;
        int height = floor - TOP;
        svg.line(LEFT, floor, LEFT + room, floor, "axis").line(LEFT, TOP, LEFT, floor, "axis");
        svg.text(LEFT - 8, TOP + 4, "label", Samples.number(top) + " " + unit).text(LEFT - 8, floor + 4, "label", "0");
        List<Double> labels = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            List<Point> points = lines.get(i).points();
            double lastX = 0;
            double lastY = 0;
            for (int p = 0; p < points.size(); p++) {
                Samples samples = points.get(p).samples();
                double x = LEFT + (Math.log10(points.get(p).at()) - from) / span * room;
                double y = floor - samples.median() / top * height;
                svg.line(x, floor - samples.min() / top * height, x, floor - samples.max() / top * height, "range");
                svg.dot(x, y, "dot s" + i);
                if (p > 0) {
                    svg.line(lastX, lastY, x, y, "path s" + i);
                }
                if (i == 0) {
                    svg.text(
                            x,
                            floor + 20,
                            "tick",
                            Samples.number(points.get(p).at()).replace(".00", ""));
                }
                lastX = x;
                lastY = y;
            }
            double labelY = lastY;
            while (isTaken(labels, labelY)) {
                labelY -= LABEL_HEIGHT;
            }
            labels.add(labelY);
            svg.text(lastX + 10, labelY + 4, "value", lines.get(i).label());
        }
        return svg.toString();
    }

    private static boolean isTaken(List<Double> labels, double y) {
        return labels.stream().anyMatch(label -> Math.abs(label - y) < LABEL_HEIGHT);
    }

    private static double extreme(List<Line> lines, boolean least) {
        var numbers = lines.stream().flatMap(line -> line.points().stream()).mapToDouble(Point::at);
        return (least ? numbers.min() : numbers.max()).orElse(1);
    }
}
