package dev.lastbyte.demo;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine.TypeConversionException;

/** Finds enum constants by the names used on the command line. Stateless. */
public final class Names {
    private Names() {}

    /**
     * The constant with a name.
     *
     * @throws TypeConversionException if there is none; the message lists the names
     */
    public static <E> E find(String what, String name, E[] all, Function<E, String> label) {
        for (E candidate : all) {
            if (label.apply(candidate).equals(name)) {
                return candidate;
            }
        }
        throw new TypeConversionException("'" + name + "' is not a " + what + "; choose from " + list(all, label));
    }

    /** The constants with the names in a comma-separated list, in the list's order. */
    public static <E> List<E> findAll(String what, String names, E[] all, Function<E, String> label) {
        List<E> found = new ArrayList<>();
        for (String name : names.split(",", -1)) {
            E constant = find(what, name.trim(), all, label);
            if (!found.contains(constant)) {
                found.add(constant);
            }
        }
        return found;
    }

    /** All names, separated by commas. */
    public static <E> String list(E[] all, Function<E, String> label) {
        return Arrays.stream(all).map(label).collect(Collectors.joining(", "));
    }
}
