package dev.lastbyte.demo;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a number such as {@code 8080} from the command line. Stateless. */
public final class WholeNumbers implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
        if (!text.matches("\\d{1,9}")) {
            throw new TypeConversionException("'" + text + "' is not a whole number of at most 9 digits");
        }
        return Integer.valueOf(text);
    }
}
