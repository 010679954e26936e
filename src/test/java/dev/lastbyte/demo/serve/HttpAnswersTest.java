package dev.lastbyte.demo.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.demo.BytePattern;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HttpAnswersTest {
    private final EmbeddedChannel channel = new EmbeddedChannel();

    HttpAnswersTest() {
        Protocol.HTTP.addTo(channel.pipeline());
    }

    @AfterEach
    void release() {
        channel.finishAndReleaseAll();
    }

    @Test
    void bytes_haveLengthAndPattern_andClose() {
        String answer = ask("GET /bytes/30 HTTP/1.1\r\nHost: x\r\n\r\n");
        assertTrue(answer.startsWith("HTTP/1.1 200 OK\r\n"), answer);
        assertTrue(answer.contains("content-length: 30\r\n"), answer);
        assertTrue(answer.contains("connection: close\r\n"), answer);
        assertTrue(answer.endsWith("\r\n\r\nabcdefghijklmnopqrstuvwxyzabcd"), answer);
        assertFalse(channel.isOpen());
    }

    @Test
    void bytes_acrossChunks_areAllThere() {
        String answer = ask("GET /bytes/200000 HTTP/1.0\r\n\r\n");
        String body = answer.substring(answer.indexOf("\r\n\r\n") + 4);
        assertEquals(200_000, body.length());
        assertTrue(BytePattern.matches(body.getBytes(StandardCharsets.US_ASCII), body.length(), 0));
    }

    @Test
    void stream_hasNoLength_andCloses() {
        String answer = ask("GET /stream/3 HTTP/1.1\r\nHost: x\r\n\r\n");
        assertFalse(answer.contains("content-length"), answer);
        assertFalse(answer.contains("chunked"), answer);
        assertTrue(answer.endsWith("\r\n\r\nabc"), answer);
        assertFalse(channel.isOpen());
    }

    @Test
    void reject_answersBeforeTheBody_andStopsReading() {
        String answer = ask("POST /reject HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\nonly the beginning");
        assertTrue(answer.startsWith("HTTP/1.1 413 "), answer);
        assertTrue(answer.contains("connection: close\r\n"), answer);
        assertEquals(HttpAnswers.REJECT_BODY, answer.length() - answer.indexOf("\r\n\r\n") - 4);
        assertFalse(channel.config().isAutoRead());
        assertFalse(channel.isOpen());
    }

    @Test
    void unknownPath_keepsAlive_andAnswersPipelinedRequestsInOrder() {
        String answer = ask(
                "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /bytes/1 HTTP/1.1\r\nHost: x\r\n\r\n");
        assertTrue(answer.startsWith("HTTP/1.1 404 "), answer);
        assertTrue(answer.indexOf("HTTP/1.1 200 OK") > 0, answer);
        assertTrue(answer.endsWith("\r\n\r\na"), answer);
    }

    @Test
    void unknownPath_withoutKeepAlive_closes() {
        assertTrue(ask("GET /bytes/x HTTP/1.0\r\n\r\n").startsWith("HTTP/1.1 404 "));
        assertFalse(channel.isOpen());
    }

    @Test
    void garbage_isRefusedAndClosed() {
        assertTrue(ask("what is this\r\n\r\n").startsWith("HTTP/1.1 400 "));
        assertFalse(channel.isOpen());
    }

    @Test
    void count_onlyPlainNumbers() {
        assertEquals(OptionalLong.of(12), HttpAnswers.count("/bytes/12", "/bytes/"));
        for (String uri :
                new String[] {"/bytes/", "/bytes/-1", "/bytes/1x", "/bytes/99999999999999999999", "/stream/1"}) {
            assertEquals(OptionalLong.empty(), HttpAnswers.count(uri, "/bytes/"), uri);
        }
    }

    private String ask(String request) {
        channel.writeInbound(Unpooled.copiedBuffer(request, StandardCharsets.US_ASCII));
        StringBuilder answer = new StringBuilder();
        for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
            answer.append(part.toString(StandardCharsets.US_ASCII));
            part.release();
        }
        return answer.toString();
    }
}
