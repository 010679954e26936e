package dev.lastbyte.http;

import static dev.lastbyte.FarewellReport.Outcome.NOT_SAID;
import static dev.lastbyte.FarewellReport.Outcome.SAID;
import static dev.lastbyte.http.HttpConnection.closing;
import static dev.lastbyte.http.HttpConnection.response;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.NoLeaks;
import dev.lastbyte.testing.NoWarnings;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.ReadOnlyHttpHeaders;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which response ends which request, and which ends the connection, by the rules of RFC 9112. */
@ExtendWith({NoLeaks.class, NoWarnings.class})
class HttpFarewellResponsesTest {
    private final HttpConnection http = new HttpConnection(HttpFarewellConfig.defaults());

    private static HttpResponse withoutLength(HttpResponseStatus status) {
        return new DefaultHttpResponse(HttpVersion.HTTP_1_1, status);
    }

    // ---- the end of a request --------------------------------------------------------------------------------------

    @Test
    void interimResponses_areNotFinal() {
        http.receive("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
        http.play("drain");
        http.write(response(100));
        http.write(withoutLength(HttpResponseStatus.EARLY_HINTS));
        http.play("last");
        http.receive("x");
        http.play("answer:close");
        http.ends(SAID, 0, 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {204, 205, 304})
    void responsesWithoutBody_keepTheConnection(int status) {
        http.play("get");
        http.write(withoutLength(HttpResponseStatus.valueOf(status)));
        http.play("last get");
        assertEquals(2, http.requests.size());
        http.play("answer fin");
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void headRequest_responseWithoutLength_keepsTheConnection() {
        http.receive("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
        http.write(withoutLength(HttpResponseStatus.OK));
        http.play("last get");
        assertEquals(2, http.requests.size());
        http.play("answer");
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void responseWithoutRequest_countsForNone() {
        http.write(closing(408));
        http.play("close closing");
        http.ends(SAID, 0, 0);
    }

    @Test
    void responseWithoutRequest_requestMeanwhile_isNotTakenForAnswered() {
        http.play("head get last close");
        http.ends(NOT_SAID, 0, 1);
    }

    @Test
    void exchange_lastsFromHeadToLastContent() {
        http.receive("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\na");
        http.play("fin open head open last over");
    }

    @Test
    void clientEnds_requestUnanswered_withoutHalfClose_endsAtOnceAndLosesNothing() {
        HttpConnection gone = new HttpConnection(
                HttpFarewellConfig.builder().withoutHalfClose().build());
        gone.channel.room(10);
        gone.play("get head fin closing room over");
        gone.ends(NOT_SAID, 0, 0);
    }

    // ---- responses that allow no change ----------------------------------------------------------------------------

    /** A full response of a framework, which refuses to be copied. */
    private static FullHttpResponse refusingCopies(HttpHeaders headers) {
        return new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.OK,
                Unpooled.copiedBuffer("body", StandardCharsets.US_ASCII),
                headers,
                new DefaultHttpHeaders()) {
            @Override
            public FullHttpResponse replace(ByteBuf content) {
                throw new UnsupportedOperationException();
            }
        };
    }

    private void servedInADrain(FullHttpResponse response, boolean saysClose) {
        http.play("get drain");
        assertTrue(http.write(response).isSuccess());
        String sent = http.sent();
        assertTrue(sent.endsWith("\r\n\r\nbody"), sent);
        assertEquals(saysClose, sent.contains("connection: close\r\n"), sent);
        assertEquals(0, response.content().refCnt());
    }

    @Test
    void responseThatRefusesReplace_isServed_withItsOwnHeadersChanged() {
        FullHttpResponse response = refusingCopies(new DefaultHttpHeaders().set(HttpHeaderNames.CONTENT_LENGTH, 4));
        servedInADrain(response, true);
        assertEquals("close", response.headers().get(HttpHeaderNames.CONNECTION));
        http.ends(SAID, 0, 0);
    }

    @Test
    void responseThatRefusesReplace_readOnlyHeaders_isServed() {
        servedInADrain(refusingCopies(new ReadOnlyHttpHeaders(true, HttpHeaderNames.CONTENT_LENGTH, "4")), true);
        http.ends(SAID, 0, 0);
    }

    /** Nothing can be said; the connection is closed after it, as an idle one. */
    @Test
    void responseThatAllowsNothing_isServedAsItIs() {
        HttpHeaders frozen = new DefaultHttpHeaders() {
            private boolean filled;

            @Override
            public HttpHeaders set(CharSequence name, Object value) {
                if (filled) {
                    throw new IllegalStateException("read only");
                }
                filled = true;
                return super.set(name, value);
            }

            @Override
            public HttpHeaders copy() {
                throw new UnsupportedOperationException();
            }
        };
        servedInADrain(refusingCopies(frozen.set(HttpHeaderNames.CONTENT_LENGTH, "4")), false);
        http.play("open 1s closing");
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void sharedResponse_staysAsItIs() {
        FullHttpResponse shared = response(200);
        http.play("get drain");
        http.write(shared);
        assertTrue(http.sent().contains("connection: close\r\n"));
        assertNull(shared.headers().get(HttpHeaderNames.CONNECTION));
        http.ends(SAID, 0, 0);
    }

    // ---- the end of the connection ---------------------------------------------------------------------------------

    /** Its client waits for the end of the connection: a close that is held back would hold it up. */
    @Test
    void responseEndedByTheConnection_closeGoesOnAtOnce() {
        http.play("get");
        http.write(withoutLength(HttpResponseStatus.OK));
        http.write(new DefaultHttpContent(Unpooled.copiedBuffer(new byte[] {'x'})));
        http.write(LastHttpContent.EMPTY_LAST_CONTENT).addListener(ChannelFutureListener.CLOSE);
        http.play("closing");
        http.ends(SAID, 0, 0);
    }

    @Test
    void http10_closeGoesOnAtOnce() {
        http.receive("GET / HTTP/1.0\r\n\r\n");
        http.write(response(200)).addListener(ChannelFutureListener.CLOSE);
        http.play("closing");
        http.ends(SAID, 0, 0);
    }

    @Test
    void http10_keptAlive_isProtectedAndToldInItsWay() {
        http.receive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        http.play("drain");
        HttpResponse ok = response(200);
        ok.setProtocolVersion(HttpVersion.HTTP_1_0);
        ok.headers().set(HttpHeaderNames.CONNECTION, "keep-alive");
        http.write(ok);
        assertFalse(http.sent().contains("connection:"));
        http.ends(SAID, 0, 0);
    }

    @Test
    void connect_answered2xx_isATunnel() {
        http.receive("CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n");
        http.write(response(200));
        assertEquals(null, http.channel.pipeline().get(HttpFarewellHandler.class));
        http.play("close closing");
        http.channel.peerSends(10);
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void connect_refused_isARequestLikeOthers() {
        http.receive("CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n");
        http.write(response(403));
        http.play("get drain answer:close");
        http.ends(SAID, 0, 0);
    }

    @Test
    void handler_nullConfig_isRefused() {
        assertThrows(NullPointerException.class, () -> new HttpFarewellHandler(null));
    }
}
