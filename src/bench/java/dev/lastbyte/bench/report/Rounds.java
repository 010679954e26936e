package dev.lastbyte.bench.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Measures several variants in turn, round by round, so that what changes on the machine meanwhile meets all of them.
 * Stateless.
 */
public final class Rounds {
    private Rounds() {}

    /** Measures one variant once. */
    public interface Run<V, R> {
        R once(V variant) throws Exception;
    }

    /**
     * One round to warm up, which does not count, then the given number; every other round in reverse order.
     *
     * @return the results of each variant in the order of the rounds
     */
    public static <V, R> Map<V, List<R>> alternate(List<V> variants, int rounds, Run<V, R> run) throws Exception {
        Map<V, List<R>> results = new LinkedHashMap<>();
        variants.forEach(variant -> results.put(variant, new ArrayList<>()));
        for (int round = 0; round <= rounds; round++) {
            List<V> order = new ArrayList<>(variants);
            if (round % 2 == 1) {
                Collections.reverse(order);
            }
            for (V variant : order) {
                R result = run.once(variant);
                if (round > 0) {
                    results.get(variant).add(result);
                }
            }
        }
        return results;
    }
}
