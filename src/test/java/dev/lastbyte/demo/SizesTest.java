package dev.lastbyte.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class SizesTest {
    private final Sizes sizes = new Sizes();

    @ParameterizedTest
    @CsvSource({
        "0,0",
        "1000,1000",
        "64KiB,65536",
        "64k,65536",
        "8MB,8000000",
        "1m,1048576",
        "1MiB,1048576",
        "2g,2147483648",
        "5b,5"
    })
    void convert_validText_isRead(String text, long expected) {
        assertEquals(expected, sizes.convert(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "k", "-1", "1.5m", "1 MB", "1t", "64KiBB"})
    void convert_invalidText_saysWhatAndHow(String text) {
        TypeConversionException wrong = assertThrows(TypeConversionException.class, () -> sizes.convert(text));
        assertTrue(wrong.getMessage().startsWith("'" + text + "' is not a size"), wrong::getMessage);
        assertTrue(wrong.getMessage().contains("64KiB"), wrong::getMessage);
    }

    @ParameterizedTest
    @ValueSource(strings = {"999999999999999g"})
    void convert_overflow_isRefused(String text) {
        TypeConversionException wrong = assertThrows(TypeConversionException.class, () -> sizes.convert(text));
        assertTrue(wrong.getMessage().contains("too large"), wrong::getMessage);
    }

    @ParameterizedTest
    @CsvSource({"65536,64KiB", "8000000,8MB", "1000,1kB", "1001,1001B", "67108864,64MiB"})
    void format_usesTheLargestUnitThatFits(long bytes, String expected) {
        assertEquals(expected, Sizes.format(bytes));
        assertEquals(bytes, sizes.convert(expected));
    }
}
