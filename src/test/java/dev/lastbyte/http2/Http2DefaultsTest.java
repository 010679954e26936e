package dev.lastbyte.http2;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Code, Javadoc and docs name the same defaults. */
class Http2DefaultsTest {
    @Test
    void defaults_areThoseOfTheDocs() throws IOException {
        String docs = Files.readString(Path.of("docs/protocols.md"));
        String source = Files.readString(Path.of("src/main/java/dev/lastbyte/http2/Http2FarewellHandler.java"));
        check("pingTimeout", Http2FarewellHandler.DEFAULT_PING_TIMEOUT, docs, source);
        check("limit", Http2FarewellHandler.DEFAULT_LIMIT, docs, source);
    }

    private static void check(String name, Duration value, String docs, String source) {
        String text = value.toSeconds() + " s";
        assertTrue(docs.contains("| `" + name + "` | " + text + " |"), name + " in docs/protocols.md");
        String parameter = source.substring(source.indexOf("@param " + name + " "));
        assertTrue(parameter.substring(0, parameter.indexOf("\n     * @", 1)).contains("by default " + text), name);
    }
}
