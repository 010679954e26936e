package dev.lastbyte.auto;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lastbyte.testing.NoLeaks;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.DefaultFileRegion;
import java.io.File;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How far a response has come, as its bytes tell. */
@ExtendWith(NoLeaks.class)
class FirstResponseTest {
    private static String stateOf(boolean head, Object... written) {
        FirstResponse response = new FirstResponse(head);
        for (Object message : written) {
            Object seen = message instanceof String text ? Unpooled.copiedBuffer(text, US_ASCII) : message;
            response.see(seen);
            if (seen instanceof ByteBuf bytes) {
                assertEquals(1, bytes.refCnt());
                bytes.release();
            }
        }
        response.release();
        return response.isComplete() ? "complete" : response.isBegun() ? "begun" : "none";
    }

    @ParameterizedTest
    @CsvSource({
        "'', none",
        "'HTTP/1.1 200 OK|Content-Length: 2|', none",
        "'HTTP/1.1 100 Continue||', none",
        "'HTTP/1.1 200 OK|Content-Length: 2||', begun",
        "'HTTP/1.1 200 OK|Content-Length: 2||ab', complete",
        "'HTTP/1.1 100 Continue||HTTP/1.1 200 OK|Content-Length: 0||', complete",
        "'HTTP/1.1 200 OK|Transfer-Encoding: chunked||1|a|', begun",
        "'HTTP/1.1 200 OK|Transfer-Encoding: chunked||1|a|0||', complete",
        "'HTTP/1.1 200 OK||abc', begun",
        "'HTTP/1.1 204 No Content||', complete",
        "'not HTTP at all||', complete"
    })
    void bytes_tellTheState_howeverTheyAreCut(String text, String state) {
        String bytes = text.replace("|", "\r\n");
        assertEquals(state, stateOf(false, bytes));
        assertEquals(state, stateOf(false, (Object[]) bytes.split("")));
    }

    @Test
    void answerToHead_hasNoBody() {
        assertEquals("complete", stateOf(true, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"));
    }

    @Test
    void file_countsAsItsBytes() {
        DefaultFileRegion file = new DefaultFileRegion(new File("not opened"), 0, 5_000_000);
        String head = "HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n";
        assertEquals("complete", stateOf(false, head, file));
        assertEquals("begun", stateOf(false, head.replace("5000000", "5000001"), file));
    }
}
