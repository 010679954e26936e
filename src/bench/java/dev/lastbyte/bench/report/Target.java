package dev.lastbyte.bench.report;

/**
 * What a figure must be; its median counts. Immutable.
 *
 * @param upper whether {@code limit} is the most, or the least
 */
public record Target(boolean upper, double limit) {
    public static Target atMost(double limit) {
        return new Target(true, limit);
    }

    public static Target atLeast(double limit) {
        return new Target(false, limit);
    }

    public boolean isMet(Samples samples) {
        return upper ? samples.median() <= limit : samples.median() >= limit;
    }

    @Override
    public String toString() {
        return (upper ? "≤ " : "≥ ") + Samples.number(limit);
    }
}
