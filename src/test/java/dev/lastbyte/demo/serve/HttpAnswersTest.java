package dev.lastbyte.demo.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.demo.BytePattern;
import dev.lastbyte.drain.DrainEvents;
import dev.lastbyte.http.HttpFarewellConfig;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HttpAnswersTest {
    private final EmbeddedChannel channel = new EmbeddedChannel(new GracefulCloseHandler());

    HttpAnswersTest() {
        Protocol.HTTP.addTo(
                channel.pipeline(),
                HttpFarewellConfig.builder().withoutIdleProtection().build());
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
    void slow_answersWhenItsTimeHasCome_andKeepsTheConnection() {
        channel.freezeTime();
        assertEquals("", ask("GET /slow/1500?bytes=3 HTTP/1.1\r\nHost: x\r\n\r\n"));
        assertEquals("", after(1499));
        String answer = after(1);
        assertTrue(answer.startsWith("HTTP/1.1 200 OK\r\n"), answer);
        assertTrue(answer.contains("content-length: 3\r\n"), answer);
        assertFalse(answer.contains("connection:"), answer);
        assertTrue(answer.endsWith("\r\n\r\nabc"), answer);
        assertTrue(channel.isOpen());
    }

    @Test
    void slow_withoutKeepAlive_closesBehindTheAnswer() {
        channel.freezeTime();
        ask("GET /slow/10 HTTP/1.0\r\n\r\n");
        String answer = after(10);
        assertTrue(answer.contains("connection: close\r\n"), answer);
        assertFalse(channel.isOpen());
    }

    @Test
    void slow_outOfRange_saysTheRange() {
        String answer = ask("GET /slow/3600001 HTTP/1.1\r\nHost: x\r\n\r\n");
        assertTrue(answer.startsWith("HTTP/1.1 400 "), answer);
        assertTrue(answer.contains("MS from 0 to 3600000"), answer);
        assertTrue(channel.isOpen());
    }

    @Test
    void slow_pipelined_answersInOrderAndStopsReadingMeanwhile() {
        channel.freezeTime();
        assertEquals("", ask(get("/slow/20?bytes=1") + get("/slow/10?bytes=2") + get("/x")));
        assertFalse(channel.config().isAutoRead());
        assertTrue(after(20).endsWith("\r\n\r\na"));
        String rest = after(10);
        assertTrue(rest.contains("\r\n\r\nabHTTP/1.1 404 "), rest);
        assertTrue(channel.config().isAutoRead());
    }

    @Test
    void slow_clientGone_leavesNoTimerAndNoMessage() {
        channel.freezeTime();
        ByteBuf requests = Unpooled.copiedBuffer(
                get("/slow/1000") + "POST /x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", StandardCharsets.US_ASCII);
        channel.writeInbound(requests);
        assertTrue(requests.refCnt() > 0);
        channel.close();
        assertEquals(-1, channel.runScheduledPendingTasks());
        assertEquals(0, requests.refCnt());
    }

    @Test
    void drain_requestsInProgress_areAnsweredAndTheLastSaysClose() throws Exception {
        channel.freezeTime();
        ask(get("/slow/100?bytes=3") + get("/slow/50?bytes=2"));
        DrainEvents.tell(channel, HeldConnection.drained().event());
        assertTrue(channel.isOpen());
        String first = after(100);
        assertFalse(first.contains("connection: close\r\n"), first);
        assertTrue(first.endsWith("\r\n\r\nabc"), first);
        String last = after(50);
        assertTrue(last.contains("connection: close\r\n"), last);
        assertTrue(last.endsWith("\r\n\r\nab"), last);
        assertFalse(channel.isOpen());
    }

    @Test
    void drain_bodyInProgress_isAnsweredWithClose() throws Exception {
        assertEquals("", ask("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na"));
        DrainEvents.tell(channel, HeldConnection.drained().event());
        String answer = ask("bc");
        assertTrue(answer.startsWith("HTTP/1.1 404 "), answer);
        assertTrue(answer.contains("connection: close\r\n"), answer);
        assertFalse(channel.isOpen());
    }

    @Test
    void drain_idleConnection_staysAndClosesWithItsNextAnswer() throws Exception {
        ask(get("/x"));
        DrainEvents.tell(channel, HeldConnection.drained().event());
        assertTrue(channel.isOpen());
        String answer = ask(get("/x") + get("/x"));
        assertTrue(answer.contains("connection: close\r\n"), answer);
        assertEquals(answer.indexOf("HTTP/1.1"), answer.lastIndexOf("HTTP/1.1"), answer);
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

    private static String get(String path) {
        return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
    }

    private String ask(String request) {
        channel.writeInbound(Unpooled.copiedBuffer(request, StandardCharsets.US_ASCII));
        return written();
    }

    private String after(long millis) {
        channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
        channel.runPendingTasks();
        return written();
    }

    private String written() {
        StringBuilder answer = new StringBuilder();
        for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
            answer.append(part.toString(StandardCharsets.US_ASCII));
            part.release();
        }
        return answer.toString();
    }
}
