package dev.lastbyte.bench.report;

import java.util.Arrays;
import java.util.Collection;
import java.util.Locale;
import java.util.function.DoubleBinaryOperator;
import java.util.function.ToDoubleFunction;

/** One figure as it was measured in several rounds. Immutable. */
public final class Samples {
    private final double[] values;

    private Samples(double[] values) {
        if (values.length == 0) {
            throw new IllegalArgumentException("values: none (expected: at least one round)");
        }
        this.values = values;
    }

    /** In the order of the rounds. */
    public static Samples of(double... values) {
        return new Samples(values.clone());
    }

    /** One figure of each round's result. */
    public static <T> Samples of(Collection<T> rounds, ToDoubleFunction<? super T> figure) {
        return new Samples(rounds.stream().mapToDouble(figure).toArray());
    }

    public double median() {
        double[] sorted = sorted();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    public double min() {
        return sorted()[0];
    }

    public double max() {
        return sorted()[values.length - 1];
    }

    /** This figure in terms of another one of the same rounds, round by round: what disturbs a round disturbs both. */
    public Samples relativeTo(Samples base) {
        return with(base, (own, others) -> own / others);
    }

    /** By how much this figure exceeds another one, round by round. */
    public Samples minus(Samples base) {
        return with(base, (own, others) -> own - others);
    }

    private Samples with(Samples base, DoubleBinaryOperator operator) {
        if (base.values.length != values.length) {
            throw new IllegalArgumentException(
                    "base: " + base.values.length + " rounds (expected: " + values.length + ")");
        }
        double[] results = new double[values.length];
        Arrays.setAll(results, i -> operator.applyAsDouble(values[i], base.values[i]));
        return new Samples(results);
    }

    private double[] sorted() {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted;
    }

    /** {@code median (min to max)}, with three digits that matter. */
    @Override
    public String toString() {
        return values.length == 1
                ? number(values[0])
                : number(median()) + " (" + number(min()) + " to " + number(max()) + ")";
    }

    /** With three digits that matter. */
    public static String number(double value) {
        double size = Math.abs(value);
        String format = size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : size >= 1 || size == 0 ? "%.2f" : "%.3f";
        return String.format(Locale.ROOT, format, value);
    }
}
