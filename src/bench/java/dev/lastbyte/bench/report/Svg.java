package dev.lastbyte.bench.report;

import java.util.Locale;

/**
 * Writes SVG whose colours follow the reader's light or dark setting, on a background of its own, so that a page with another
 * theme leaves it readable. The picture grows to the right as far as its texts need. Not thread-safe.
 */
final class Svg {
    private static final String STYLE =
            """
              <style>
                .card { fill: #fff }
                text { fill: #222; font-size: 13px }
                .title { font-weight: 600; font-size: 15px }
                .note { fill: #555; font-size: 12px }
                .label { text-anchor: end }
                .tick { text-anchor: middle; fill: #555 }
                .bar { fill: #7aa7e8 }
                .missed { fill: #e08a80 }
                .range { stroke: #1f3f6e; stroke-width: 2 }
                .target { stroke: #2f855a; stroke-width: 2; stroke-dasharray: 4 2 }
                .axis { stroke: #888 }
                .path { fill: none; stroke-width: 2 }
                .s0 { stroke: #3b6fb6; fill: #3b6fb6 }
                .s1 { stroke: #b8652f; fill: #b8652f }
                .s2 { stroke: #2f855a; fill: #2f855a }
                .s3 { stroke: #8a4fb0; fill: #8a4fb0 }
                @media (prefers-color-scheme: dark) {
                  .card { fill: #14181f }
                  text { fill: #eee }
                  .note, .tick { fill: #bbb }
                  .bar { fill: #3b6fb6 }
                  .missed { fill: #a8483d }
                  .range { stroke: #cfe0ff }
                  .target { stroke: #5fbf85 }
                  .s0 { stroke: #7aa7e8; fill: #7aa7e8 }
                  .s1 { stroke: #e39a66; fill: #e39a66 }
                  .s2 { stroke: #5fbf85; fill: #5fbf85 }
                  .s3 { stroke: #c08fe0; fill: #c08fe0 }
                }
              </style>
            """;

    private static final int MARGIN = 12;
    private static final double TITLE_CHARACTER = 9.2;
    private static final double NOTE_CHARACTER = 7;
    private static final double CHARACTER = 7.6;

    private final StringBuilder out = new StringBuilder();
    private final int left;
    private final int height;
    private final String label;
    private double right;

    Svg(int width, int height, String label) {
        this(0, width, height, label);
    }

    /** A picture whose leftmost point is {@code left}, which may be negative. */
    Svg(int left, int width, int height, String label) {
        this.left = left;
        right = width;
        this.height = height;
        this.label = label;
    }

    Svg text(double x, double y, String style, String text) {
        double width = text.length() * character(style);
        right = Math.max(right, x + MARGIN + (style.equals("label") ? 0 : style.equals("tick") ? width / 2 : width));
        return add("<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>", style, x, y, escape(text));
    }

    /** About the widest that a reader's font makes of one. */
    private static double character(String style) {
        return switch (style) {
            case "title" -> TITLE_CHARACTER;
            case "note" -> NOTE_CHARACTER;
            default -> CHARACTER;
        };
    }

    Svg rectangle(double x, double y, double width, double height, String style) {
        return add(
                "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"2\"/>",
                style, x, y, width, height);
    }

    Svg line(double x1, double y1, double x2, double y2, String style) {
        return add("<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", style, x1, y1, x2, y2);
    }

    Svg dot(double x, double y, String style) {
        return add("<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>", style, x, y);
    }

    private Svg add(String format, Object... arguments) {
        out.append("  ").append(String.format(Locale.ROOT, format, arguments)).append('\n');
        return this;
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    @Override
    public String toString() {
        int width = (int) Math.ceil(right) - left;
        String head = String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"%d 0 %d %d\""
                        + " font-family=\"ui-sans-serif, system-ui, sans-serif\" role=\"img\" aria-label=\"%s\">%n",
                left,
                width,
                height,
                escape(label));
        String card = String.format(
                Locale.ROOT,
                "  <rect class=\"card\" x=\"%d\" width=\"%d\" height=\"%d\" rx=\"10\"/>%n",
                left,
                width,
                height);
        return head + STYLE + card + out + "</svg>\n";
    }
}
