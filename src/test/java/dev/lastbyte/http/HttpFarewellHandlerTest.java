package dev.lastbyte.http;

import static dev.lastbyte.FarewellReport.Outcome.NOT_SAID;
import static dev.lastbyte.FarewellReport.Outcome.SAID;
import static dev.lastbyte.http.HttpConnection.GET;
import static dev.lastbyte.http.HttpConnection.closing;
import static dev.lastbyte.http.HttpConnection.response;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseStartedEvent;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.drain.DrainEvents;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.testing.NoLeaks;
import dev.lastbyte.testing.NoWarnings;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.ReadOnlyHttpHeaders;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Drains, closes and late requests of one HTTP connection, with frozen time. */
@ExtendWith({NoLeaks.class, NoWarnings.class})
class HttpFarewellHandlerTest {
    private static final String CLOSE = "connection: close\r\n";

    private final HttpConnection http = new HttpConnection(HttpFarewellConfig.defaults());

    private static HttpConnection unprotected() {
        return new HttpConnection(
                HttpFarewellConfig.builder().withoutIdleProtection().build());
    }

    // ---- drains ----------------------------------------------------------------------------------------------------

    @Test
    void drain_requestUnanswered_responseSaysCloseAndTheConnectionFollows() {
        http.get();
        http.drain();
        assertFalse(http.isClosing());
        assertTrue(http.answer().contains(CLOSE));
        assertEquals("FIN", http.channel.log().get(http.channel.log().size() - 1));
        http.ends(SAID, 0, 0);
    }

    @Test
    void drain_severalUnanswered_onlyTheLastResponseSaysClose() {
        http.receive(GET + GET + GET);
        http.drain();
        assertFalse(http.answer().contains(CLOSE));
        assertFalse(http.answer().contains(CLOSE));
        assertFalse(http.isClosing());
        assertTrue(http.answer().contains(CLOSE));
        assertTrue(http.isClosing());
        http.ends(SAID, 0, 0);
    }

    @Test
    void drain_requestsBehindTheWord_areNotTouchedAndCountAsRefused() {
        http.get();
        http.drain();
        http.write(chunked());
        assertTrue(http.sent().contains(CLOSE));
        http.receive("POST /late HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc" + GET);
        assertEquals(List.of("/"), http.requests);
        assertFalse(http.isClosing());
        http.write(LastHttpContent.EMPTY_LAST_CONTENT);
        assertTrue(http.isClosing());
        http.ends(SAID, 2, 0);
    }

    @Test
    void drain_requestBehindOneThatWaits_isRefused() {
        http.get();
        http.drain();
        http.get();
        assertEquals(1, http.requests.size());
        assertTrue(http.answer().contains(CLOSE));
        http.ends(SAID, 1, 0);
    }

    /** A client that always has two requests under way would never be told otherwise. */
    @Test
    void drain_clientThatNeverPauses_isToldAfterWhatTheApplicationHas() {
        http.get();
        http.get();
        http.drain();
        http.get();
        assertFalse(http.answer().contains(CLOSE));
        http.get();
        assertTrue(http.answer().contains(CLOSE));
        assertTrue(http.isClosing());
        http.ends(SAID, 2, 0);
    }

    @Test
    void drain_requestTurnedAway_andTheWordNeverSaid_isLost() {
        http.get();
        http.drain();
        http.get();
        GracefulCloseHandler.closeNow(http.channel);
        http.ends(NOT_SAID, 0, 2);
    }

    @Test
    void drain_idle_staysOpenAndServesWithClose() {
        http.get();
        http.answer();
        http.pass(10_000);
        http.drain();
        http.pass(10_000);
        assertFalse(http.isClosing());
        http.get();
        assertTrue(http.answer().contains(CLOSE));
        http.ends(SAID, 0, 0);
    }

    @Test
    void drain_pipelinedAndAnsweredAtOnce_firstSaysCloseAndTheRestIsRefused() {
        HttpConnection quick = new HttpConnection(HttpFarewellConfig.defaults(), new Quick());
        quick.drain();
        quick.receive(GET + GET + GET);
        String sent = quick.sent();
        assertTrue(sent.contains(CLOSE), sent);
        assertEquals(0, sent.lastIndexOf("HTTP/1.1 200"), sent);
        quick.ends(SAID, 2, 0);
    }

    @Test
    void drain_headOutBefore_closesBehindItWhenNoRequestCanBeOnItsWay() {
        http.get();
        http.write(chunked());
        http.drain();
        http.write(LastHttpContent.EMPTY_LAST_CONTENT);
        assertFalse(http.sent().contains(CLOSE));
        http.pass(999);
        assertFalse(http.isClosing());
        http.pass(1);
        assertTrue(http.isClosing());
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void drain_headOutBefore_requestBehindItIsServedWithClose() {
        http.get();
        http.write(chunked());
        http.drain();
        http.write(LastHttpContent.EMPTY_LAST_CONTENT);
        http.sent();
        http.get();
        assertTrue(http.answer().contains(CLOSE));
        http.ends(SAID, 0, 0);
    }

    /** As with ALPN: the protocol is known only now. */
    @Test
    void handlerAddedDuringADrain_makesUpForIt() {
        EmbeddedChannel channel = new EmbeddedChannel();
        DrainEvents.tell(channel, DrainEvents.begun(DrainPolicy.defaults()));
        channel.pipeline().addLast(new HttpFarewellHandler());
        channel.writeInbound(new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/"));
        channel.writeOutbound(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK));
        HttpResponse answer = channel.readOutbound();
        assertFalse(HttpUtil.isKeepAlive(answer));
        assertFalse(channel.isOpen());
        channel.releaseInbound();
    }

    @Test
    void drain_headOutBefore_withoutProtectionClosesAtOnce() {
        HttpConnection bare = unprotected();
        bare.get();
        bare.write(chunked());
        bare.drain();
        bare.write(LastHttpContent.EMPTY_LAST_CONTENT);
        assertTrue(bare.isClosing());
        bare.ends(NOT_SAID, 0, 0);
    }

    @Test
    void drain_writeFails_closes() {
        HttpConnection broken = new HttpConnection(HttpFarewellConfig.defaults());
        broken.channel.pipeline().addFirst(new FailingWrites());
        broken.get();
        broken.drain();
        broken.write(response(200));
        assertTrue(broken.isClosing());
        broken.ends(SAID, 0, 1);
    }

    // ---- close() of an idle connection -----------------------------------------------------------------------------

    @Test
    void close_shortlyAfterAResponse_isHeldBack() {
        http.pass(5000);
        http.get();
        http.answer();
        ChannelFuture closed = http.close();
        http.pass(999);
        assertFalse(http.isClosing() || closed.isDone());
        http.pass(1);
        assertTrue(http.isClosing());
        http.ends(NOT_SAID, 0, 0);
        assertTrue(closed.isSuccess());
    }

    @Test
    void close_connectionIsYoung_isHeldBack() {
        http.pass(400);
        http.close();
        http.pass(599);
        assertFalse(http.isClosing());
        http.pass(1);
        assertTrue(http.isClosing());
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void close_idleForLong_goesOnAtOnce() {
        http.get();
        http.answer();
        http.pass(1000);
        http.close();
        assertTrue(http.isClosing());
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void close_withoutProtection_goesOnAtOnce() {
        HttpConnection bare = unprotected();
        bare.get();
        bare.answer();
        bare.close();
        assertTrue(bare.isClosing());
        bare.ends(NOT_SAID, 0, 0);
    }

    @Test
    void close_responseNotInTheKernelYet_isProtectedFromThenOn() {
        http.get();
        http.channel.room(10);
        http.answer();
        http.close();
        http.pass(900);
        http.channel.room(Long.MAX_VALUE);
        http.channel.runPendingTasks();
        http.pass(999);
        assertFalse(http.isClosing());
        http.pass(1);
        assertTrue(http.isClosing());
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void heldClose_requestComes_isServedWithClose() {
        ChannelFuture closed = http.close();
        http.pass(500);
        http.get();
        http.pass(10_000);
        assertFalse(http.isClosing());
        assertTrue(http.answer().contains(CLOSE));
        assertTrue(http.isClosing());
        http.ends(SAID, 0, 0);
        assertTrue(closed.isSuccess());
    }

    @Test
    void heldClose_answerDoesNotCome_goesOnAfterAnswerTimeout() {
        http.close();
        http.get();
        http.pass(29_999);
        assertFalse(http.isClosing());
        http.pass(1);
        assertTrue(http.isClosing());
        http.ends(NOT_SAID, 0, 1);
    }

    @Test
    void heldClose_inADrain_answerMayTakeTheGracePeriod() {
        http.drain();
        http.close();
        http.get();
        http.pass(19_000);
        assertFalse(http.isClosing());
        http.pass(1000);
        assertTrue(http.isClosing());
        http.ends(NOT_SAID, 0, 1);
    }

    @Test
    void heldClose_inADrain_takesHalfOfItsTimeAtMost() {
        HttpConnection patient = new HttpConnection(HttpFarewellConfig.builder()
                .minIdleProtection(Duration.ofHours(1))
                .build());
        patient.close();
        patient.pass(60_000);
        assertFalse(patient.isClosing());
        patient.drain(DrainPolicy.builder().drainTimeout(Duration.ofSeconds(20)).build());
        patient.pass(8_000);
        assertFalse(patient.isClosing());
        patient.pass(2_000);
        assertTrue(patient.isClosing());
        patient.ends(NOT_SAID, 0, 0);
    }

    @Test
    void heldClose_secondClose_joins() {
        ChannelFuture first = http.close();
        ChannelFuture second = http.close();
        http.pass(1000);
        ChannelFuture third = http.close();
        http.ends(NOT_SAID, 0, 0);
        assertTrue(first.isSuccess() && second.isSuccess() && third.isSuccess());
    }

    @Test
    void heldClose_secondCloseWithARequestOpen_goesOnAtOnce() {
        ChannelFuture first = http.close();
        http.get();
        ChannelFuture second = http.close();
        assertTrue(http.isClosing());
        http.ends(NOT_SAID, 0, 1);
        assertTrue(first.isSuccess() && second.isSuccess());
    }

    @Test
    void heldClose_peerCloses_completes() {
        ChannelFuture closed = http.close();
        http.channel.peerFin();
        http.pass(0);
        assertTrue(closed.isSuccess());
        http.ends(NOT_SAID, 0, 0);
        http.pass(2000); // no timer is left
    }

    @Test
    void heldClose_peerHalfClosesWithARequestOpen_answerIsSent() {
        http.close();
        http.get();
        http.channel.peerFin();
        assertTrue(http.channel.isOpen());
        assertTrue(http.answer().contains(CLOSE));
        http.ends(SAID, 0, 0);
    }

    @Test
    void heldClose_closeNow_doesNotWait() {
        ChannelFuture closed = http.close();
        GracefulCloseHandler.closeNow(http.channel);
        http.channel.runPendingTasks();
        assertTrue(closed.isSuccess());
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void heldClose_handlerRemoved_goesOn() {
        http.close();
        http.channel.pipeline().remove(HttpFarewellHandler.class);
        http.channel.runPendingTasks();
        assertTrue(http.isClosing());
        http.ends(NOT_SAID, 0, 0);
    }

    // ---- close() with requests unanswered --------------------------------------------------------------------------

    @Test
    void close_requestsUnanswered_goesOnAtOnceAndCountsThemAsLost() {
        http.receive(GET + GET);
        http.close();
        assertTrue(http.isClosing());
        http.ends(NOT_SAID, 0, 2);
    }

    @Test
    void close_responseHalfWritten_cutOneIsLostAndThoseBehindItsWordAreRefused() {
        http.receive(GET + GET + GET);
        HttpResponse head = chunked();
        head.headers().set(HttpHeaderNames.CONNECTION, "close");
        http.write(head);
        http.close();
        http.ends(SAID, 2, 1);
    }

    @Test
    void close_answeredWhileCloseStartedIsTold_isNotLost() {
        HttpConnection late = new HttpConnection(HttpFarewellConfig.defaults());
        late.channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                if (event == CloseStartedEvent.INSTANCE) {
                    ctx.writeAndFlush(response(200));
                }
            }
        });
        late.get();
        late.close();
        assertTrue(late.sent().startsWith("HTTP/1.1 200"));
        late.ends(NOT_SAID, 0, 0);
    }

    @Test
    void closeNow_requestUnanswered_isLost() {
        http.get();
        GracefulCloseHandler.closeNow(http.channel);
        http.channel.runPendingTasks();
        http.ends(NOT_SAID, 0, 1);
    }

    @Test
    void peerResets_requestUnanswered_isNotLost() {
        http.get();
        http.channel.peerRst();
        http.channel.runPendingTasks();
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void close_responseInTheQueueThatNeverLeaves_isLost() {
        http.get();
        http.channel.room(10);
        http.write(closing(200));
        http.close();
        GracefulCloseHandler.closeNow(http.channel);
        http.channel.runPendingTasks();
        http.ends(SAID, 0, 1);
    }

    @Test
    void close_listenerOfAResponseThatSaysClose_goesOnAtOnce() {
        http.get();
        http.write(closing(200)).addListener(ChannelFutureListener.CLOSE);
        assertTrue(http.isClosing());
        http.ends(SAID, 0, 0);
    }

    @Test
    void responseSaysClose_nobodyCloses_nextRequestDoes() {
        http.get();
        http.write(closing(200));
        assertFalse(http.isClosing());
        http.get();
        assertTrue(http.isClosing());
        assertEquals(List.of("/"), http.requests);
        http.ends(SAID, 1, 0);
    }

    @Test
    void close_restOfTheSegment_isNotDelivered() {
        HttpConnection abrupt = new HttpConnection(HttpFarewellConfig.defaults(), new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                if (message instanceof HttpRequest) {
                    ctx.close();
                }
                ReferenceCountUtil.release(message);
            }
        });
        abrupt.receive(GET + GET);
        abrupt.ends(NOT_SAID, 0, 2);
    }

    // ---- late input ------------------------------------------------------------------------------------------------

    @Test
    void lateRequest_onAnIdleConnection_isLost() {
        http.get();
        http.answer();
        http.pass(1000);
        http.close();
        http.get();
        assertEquals(List.of("/"), http.requests);
        http.ends(NOT_SAID, 0, 1);
    }

    @Test
    void lateRequests_afterTheWord_areRefusedAndCountOnce() {
        http.get();
        http.drain();
        http.answer();
        http.receive(GET + GET);
        http.ends(SAID, 1, 0);
    }

    @Test
    void headHalfReceived_restComesLate_isLost() {
        http.receive("GET /half HTTP/1.1\r\nHo");
        http.pass(1000);
        http.close();
        http.receive("st: x\r\n\r\n");
        http.ends(NOT_SAID, 0, 1);
    }

    @Test
    void headHalfReceived_restNeverComes_isNoRequest() {
        http.receive("GET /half HTTP/1.1\r\nHo");
        http.pass(1000);
        http.close();
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void lateBody_ofARefusedRequest_countsOnce() {
        http.get();
        http.drain();
        http.write(chunked());
        http.receive("POST / HTTP/1.1\r\nContent-Length: 300\r\n\r\nabc");
        http.write(LastHttpContent.EMPTY_LAST_CONTENT);
        http.receive("def");
        http.ends(SAID, 1, 0);
    }

    // ---- which responses end what ----------------------------------------------------------------------------------

    @Test
    void interimResponses_areNotFinal() {
        http.receive("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
        http.drain();
        http.write(response(100));
        http.write(new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.EARLY_HINTS));
        http.write(LastHttpContent.EMPTY_LAST_CONTENT);
        assertFalse(http.sent().contains(CLOSE));
        http.receive("x");
        assertTrue(http.answer().contains(CLOSE));
        http.ends(SAID, 0, 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {204, 205, 304})
    void responsesWithoutBody_keepTheConnection(int status) {
        http.get();
        http.write(new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status)));
        http.write(LastHttpContent.EMPTY_LAST_CONTENT);
        http.get();
        assertEquals(2, http.requests.size());
        http.answer();
        http.channel.peerFin();
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void headRequest_responseWithoutLength_keepsTheConnection() {
        http.receive("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
        http.write(new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK));
        http.write(LastHttpContent.EMPTY_LAST_CONTENT);
        http.get();
        assertEquals(2, http.requests.size());
        http.answer();
        http.ends(NOT_SAID, 0, 0);
    }

    /** Its client waits for the end of the connection: a close that is held back would hold it up. */
    @Test
    void responseEndedByTheConnection_closeGoesOnAtOnce() {
        http.get();
        http.write(new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK));
        http.write(new DefaultHttpContent(Unpooled.copiedBuffer(new byte[] {'x'})));
        http.write(LastHttpContent.EMPTY_LAST_CONTENT).addListener(ChannelFutureListener.CLOSE);
        assertTrue(http.isClosing());
        http.ends(SAID, 0, 0);
    }

    @Test
    void http10_closeGoesOnAtOnce() {
        http.receive("GET / HTTP/1.0\r\n\r\n");
        http.write(response(200)).addListener(ChannelFutureListener.CLOSE);
        assertTrue(http.isClosing());
        http.ends(SAID, 0, 0);
    }

    @Test
    void http10_keptAlive_isProtectedAndToldInItsWay() {
        http.receive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        http.drain();
        HttpResponse ok = response(200);
        ok.setProtocolVersion(HttpVersion.HTTP_1_0);
        ok.headers().set(HttpHeaderNames.CONNECTION, "keep-alive");
        http.write(ok);
        assertFalse(http.sent().contains("connection:"));
        http.ends(SAID, 0, 0);
    }

    @Test
    void responseWithoutRequest_countsForNone() {
        http.write(closing(408));
        http.close();
        assertTrue(http.isClosing());
        http.ends(SAID, 0, 0);
    }

    @Test
    void responseWithoutRequest_requestMeanwhile_isNotTakenForAnswered() {
        http.write(chunked());
        http.get();
        http.write(LastHttpContent.EMPTY_LAST_CONTENT);
        http.close();
        http.ends(NOT_SAID, 0, 1);
    }

    @Test
    void connect_answered2xx_isATunnel() {
        http.receive("CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n");
        http.write(response(200));
        assertEquals(null, http.channel.pipeline().get(HttpFarewellHandler.class));
        http.close();
        assertTrue(http.isClosing());
        http.channel.peerSends(10);
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void connect_refused_isARequestLikeOthers() {
        http.receive("CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n");
        http.write(response(403));
        http.get();
        http.drain();
        assertTrue(http.answer().contains(CLOSE));
        http.ends(SAID, 0, 0);
    }

    /** Applications share such heads among connections. */
    @Test
    void drain_sharedReadOnlyResponse_isLeftAsItIs() {
        HttpHeaders headers =
                new ReadOnlyHttpHeaders(true, HttpHeaderNames.CONTENT_LENGTH, "0", HttpHeaderNames.SERVER, "x");
        HttpResponse shared = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK, headers);
        http.get();
        http.drain();
        http.write(shared);
        http.write(LastHttpContent.EMPTY_LAST_CONTENT);
        String sent = http.sent();
        assertTrue(sent.contains(CLOSE) && sent.contains("server: x\r\n"), sent);
        assertFalse(shared.headers().contains(HttpHeaderNames.CONNECTION));
        http.ends(SAID, 0, 0);
    }

    @Test
    void voidPromise_isListenedToAllTheSame() {
        http.get();
        http.drain();
        http.channel
                .pipeline()
                .writeAndFlush(response(200), http.channel.pipeline().voidPromise());
        assertTrue(http.isClosing());
        http.ends(SAID, 0, 0);
    }

    @Test
    void exchange_lastsFromHeadToLastContent() {
        http.receive("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\na");
        http.channel.peerFin();
        assertTrue(http.channel.isOpen());
        http.write(chunked());
        assertTrue(http.channel.isOpen());
        http.write(LastHttpContent.EMPTY_LAST_CONTENT);
        http.channel.runPendingTasks();
        assertFalse(http.channel.isOpen());
    }

    @Test
    void handler_nullConfig_isRefused() {
        assertThrows(NullPointerException.class, () -> new HttpFarewellHandler(null));
    }

    private static HttpResponse chunked() {
        HttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        head.headers().set(HttpHeaderNames.TRANSFER_ENCODING, "chunked");
        return head;
    }

    /** Answers each request within the call that brings it. */
    private static final class Quick extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (message instanceof HttpRequest) {
                ctx.writeAndFlush(response(200));
            }
            ReferenceCountUtil.release(message);
        }
    }

    private static final class FailingWrites extends ChannelOutboundHandlerAdapter {
        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            ReferenceCountUtil.release(message);
            promise.setFailure(new IOException("on purpose"));
        }
    }
}
