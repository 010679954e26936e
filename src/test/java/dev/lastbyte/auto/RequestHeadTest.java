package dev.lastbyte.auto;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.Unpooled;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What passes as the head of a request. */
class RequestHeadTest {
    private static String see(List<String> pieces) {
        RequestHead head = new RequestHead();
        pieces.forEach(piece -> head.see(Unpooled.copiedBuffer(piece, US_ASCII)));
        return !head.isComplete() ? "none" : head.isHead() ? "HEAD" : "request";
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET / HTTP/1.0\n\n",
                "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nPOST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx",
                "\r\n\r\n\u0000\r\nQUIT\n!\u0011GET /a%20b HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET  HTTP/1.1\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: x\r\n\r\nHEAD / HTTP/1.1\r\n\r\n"
            })
    void wholeHead_isARequest_howeverItIsCut(String text) {
        assertEquals("request", see(List.of(text)));
        assertEquals("request", see(List.of(text.split(""))));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: x\r\n",
                "GET / HTTP/1.1\r\nHost: x\r\n\r",
                "hello\n\nworld\n\n"
            })
    void everythingElse_isNone(String text) {
        assertEquals("none", see(List.of(text)));
        assertEquals("none", see(List.of(text.split(""))));
    }

    @Test
    void head_isTold() {
        assertEquals("HEAD", see(List.of("PROXY UNKNOWN\r\nHE", "AD / HTTP/1.1\r\n", "\r\n")));
        assertEquals("request", see(List.of("HEADER / HTTP/1.1\r\n\r\n")));
    }
}
