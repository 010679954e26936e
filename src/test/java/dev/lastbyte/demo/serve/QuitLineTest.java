package dev.lastbyte.demo.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QuitLineTest {
    private final QuitLine quit = new QuitLine();

    @Test
    void find_lineOfItsOwn_endsBehindIt() {
        assertEquals(5, find("QUIT\nmore"));
    }

    @Test
    void find_withCarriageReturn_endsBehindIt() {
        assertEquals(9, find("hi\nQUIT\r\nmore\n"));
    }

    @Test
    void find_cutAnywhere_isFound() {
        for (String part : new String[] {"hello\nQ", "UI", "T", "\r"}) {
            assertEquals(QuitLine.NOT_YET, find(part));
        }
        assertEquals(1, find("\n"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"QUIT", "QUITE\n", "xQUIT\n", "quit\n", "QUIT \n", "QQUIT\n", "QU\nIT\n", " QUIT\n", "QUIT\rx\n"
            })
    void find_anythingElse_isNone(String text) {
        assertEquals(QuitLine.NOT_YET, find(text));
    }

    private int find(String text) {
        return quit.find(Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII));
    }
}
