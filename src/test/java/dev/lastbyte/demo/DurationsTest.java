package dev.lastbyte.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class DurationsTest {
    private final Durations durations = new Durations();

    @ParameterizedTest
    @CsvSource({
        "250ms,PT0.25S",
        "30s,PT30S",
        "1m,PT1M",
        "1.5s,PT1.5S",
        "0.125ms,PT0.000125S",
        "40us,PT0.00004S",
        "2h,PT2H"
    })
    void convert_validText_isRead(String text, Duration expected) {
        assertEquals(expected, durations.convert(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "30", "s", "-1s", "1 s", "1d", "1,5s", "PT3S", "99999999999s", "1.2345s"})
    void convert_invalidText_saysWhatAndHow(String text) {
        TypeConversionException wrong = assertThrows(TypeConversionException.class, () -> durations.convert(text));
        assertTrue(wrong.getMessage().startsWith("'" + text + "' is not a duration"), wrong::getMessage);
        assertTrue(wrong.getMessage().contains("250ms"), wrong::getMessage);
    }

    @ParameterizedTest
    @CsvSource({"PT0.25S,250ms", "PT2.5S,2.5s", "PT60S,1m", "PT90S,90s", "PT0.00004S,40us", "PT0.0205S,20.5ms"})
    void format_roundTrips(Duration duration, String expected) {
        assertEquals(expected, Durations.format(duration));
        assertEquals(duration, durations.convert(expected));
    }

    @Test
    void format_zero_isReadable() {
        assertEquals("0ms", Durations.format(Duration.ZERO));
    }
}
