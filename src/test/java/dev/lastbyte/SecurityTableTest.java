package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The bounds in SECURITY.md are settings of docs/configuration.md, with their defaults. */
class SecurityTableTest {
    private static final Pattern BOUND = Pattern.compile("`(\\w+)` \\(([^)]+)\\)");
    private static final int LEAST = 15;

    @Test
    void everyBound_isASetting_withItsDefault() throws IOException {
        String settings = Files.readString(Path.of("docs", "configuration.md"));
        int checked = 0;
        for (MatchResult bound : BOUND.matcher(Files.readString(Path.of("SECURITY.md")))
                .results()
                .toList()) {
            String row = "| `" + bound.group(1) + "` | " + bound.group(2).replace(',', ' ') + " |";
            assertTrue(
                    settings.contains(row), "SECURITY.md has " + bound.group() + ", docs/configuration.md no " + row);
            checked++;
        }
        assertTrue(checked >= LEAST, "only " + checked + " bounds were found");
    }
}
