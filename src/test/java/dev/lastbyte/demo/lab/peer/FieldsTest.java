package dev.lastbyte.demo.lab.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.demo.lab.server.ServerResult;
import org.junit.jupiter.api.Test;

/** The lines that the lab's processes exchange. */
class FieldsTest {
    @Test
    void parse_whatWasPrinted_isTheSame() {
        Job job = new Job(17, PeerKind.UNREAD, "198.18.0.1", 4711, 1_000_000);
        assertEquals(job, Job.from(Fields.parse(job.toFields().toString())));
        PeerResult saw = new PeerResult(17, 5, PeerEnd.RESET, true, false, 3, 99, "java.io.IOException: a = b\nc");
        assertEquals(saw, PeerResult.from(Fields.parse(saw.toFields().toString())));
        ServerResult knows = new ServerResult(17, 5, "peer closed", "eof", 1, 2, -1);
        assertEquals(knows, ServerResult.from(Fields.parse(knows.toFields().toString())));
    }

    @Test
    void toString_isOneLine() {
        assertEquals(
                1, new Fields("x").with("text", "a\nb c").toString().lines().count());
    }

    @Test
    void parse_noPair_isRefused() {
        assertThrows(IllegalArgumentException.class, () -> Fields.parse("done run"));
    }

    @Test
    void text_missing_saysWhich() {
        IllegalArgumentException wrong =
                assertThrows(IllegalArgumentException.class, () -> new Fields("done").text("run"));
        assertTrue(wrong.getMessage().startsWith("run: missing"), wrong::getMessage);
    }

    @Test
    void request_longestNumbers_fitsItsHundredBytes() {
        Request request = new Request(Integer.MIN_VALUE, Integer.MAX_VALUE, 100_000);
        assertEquals(Request.LENGTH, request.encode().length());
        assertEquals(request, Request.decode(request.encode()));
    }
}
