package dev.lastbyte.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DurationTextTest {
    @ParameterizedTest
    @CsvSource({
        "PT0S,0 s",
        "PT1S,1 s",
        "PT-1S,-1 s",
        "PT-0.5S,-500 ms",
        "PT1.5S,1.5 s",
        "PT60S,1 min",
        "PT90S,90 s",
        "PT-2M,-2 min",
        "PT1H,1 h",
        "PT90M,90 min",
        "PT24H,24 h",
        "PT9H6M7S,32767 s",
        "PT24H0.001S,86400.001 s",
        "PT0.001S,1 ms",
        "PT0.25S,250 ms",
        "PT0.0205S,20.5 ms",
        "PT0.000999999S,0.999999 ms",
        "PT0.0000001S,0.0001 ms",
        "PT2562047788015215H30M7S,9223372036854775807 s"
    })
    void of_duration_isWrittenInTheUnitPeopleChoose(Duration duration, String text) {
        assertEquals(text, DurationText.of(duration));
    }
}
