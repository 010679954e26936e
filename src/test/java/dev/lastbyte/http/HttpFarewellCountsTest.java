package dev.lastbyte.http;

import static dev.lastbyte.FarewellReport.Outcome.NOT_SAID;
import static dev.lastbyte.FarewellReport.Outcome.SAID;
import static dev.lastbyte.http.HttpConnection.GET;
import static dev.lastbyte.http.HttpConnection.chunked;
import static dev.lastbyte.http.HttpConnection.closing;
import static dev.lastbyte.http.HttpConnection.response;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Listening;
import dev.lastbyte.testing.NoLeaks;
import dev.lastbyte.testing.NoWarnings;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.util.ReferenceCountUtil;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Which requests of a closed HTTP connection count as refused and which as lost, with frozen time. */
@ExtendWith({NoLeaks.class, NoWarnings.class})
class HttpFarewellCountsTest {
    private final HttpConnection http = new HttpConnection(HttpFarewellConfig.defaults());

    // ---- requests unanswered ---------------------------------------------------------------------------------------

    @Test
    void close_requestsUnanswered_goesOnAtOnceAndCountsThemAsLost() {
        http.play("get:2 close closing");
        http.ends(NOT_SAID, 0, 2);
    }

    @Test
    void close_responseHalfWritten_cutOneIsLostAndThoseBehindItsWordAreRefused() {
        http.play("get:3");
        HttpResponse head = chunked();
        head.headers().set(HttpHeaderNames.CONNECTION, "close");
        http.write(head);
        http.play("close");
        http.ends(SAID, 2, 1);
    }

    @Test
    void close_answeredWhileCloseStartedIsTold_isNotLost() {
        HttpConnection late = new HttpConnection(HttpFarewellConfig.defaults());
        late.channel.pipeline().addLast(new Listening() {
            @Override
            public void closeStarted(ChannelHandlerContext ctx) {
                ctx.writeAndFlush(response(200));
            }
        });
        late.play("get close");
        assertTrue(late.sent().startsWith("HTTP/1.1 200"));
        late.ends(NOT_SAID, 0, 0);
    }

    @Test
    void closeNow_requestUnanswered_isLost() {
        http.play("get now");
        http.ends(NOT_SAID, 0, 1);
    }

    @Test
    void peerResets_requestUnanswered_isNotLost() {
        http.play("get rst");
        http.ends(NOT_SAID, 0, 0);
    }

    /** It does not wait for what it asked. */
    @Test
    void close_peerHadEndedItsSideBefore_requestUnanswered_isNotLost() {
        http.play("get fin open close over");
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void close_responseInTheQueueThatNeverLeaves_isLost() {
        http.play("get room:10");
        http.write(closing(200));
        http.play("close now");
        http.ends(SAID, 0, 1);
    }

    @Test
    void close_listenerOfAResponseThatSaysClose_goesOnAtOnce() {
        http.play("get");
        http.write(closing(200)).addListener(ChannelFutureListener.CLOSE);
        http.play("closing");
        http.ends(SAID, 0, 0);
    }

    @Test
    void responseSaysClose_nobodyCloses_nextRequestDoes() {
        http.play("get");
        http.write(closing(200));
        http.play("open get closing");
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
        http.play("get answer 1s close get");
        assertEquals(List.of("/"), http.requests);
        http.ends(NOT_SAID, 0, 1);
    }

    @Test
    void lateRequests_afterTheWord_areRefusedAndCountOnce() {
        http.play("get drain answer:close get:2");
        http.ends(SAID, 1, 0);
    }

    @Test
    void headHalfReceived_restComesLate_isLost() {
        http.receive("GET /half HTTP/1.1\r\nHo");
        http.play("1s close");
        http.receive("st: x\r\n\r\n");
        http.ends(NOT_SAID, 0, 1);
    }

    @Test
    void headHalfReceived_restNeverComes_isNoRequest() {
        http.receive("GET /half HTTP/1.1\r\nHo");
        http.play("1s close");
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void lateBody_ofARefusedRequest_countsOnce() {
        http.play("get drain head:close");
        http.receive("POST / HTTP/1.1\r\nContent-Length: 300\r\n\r\nabc");
        http.play("last");
        http.receive("def");
        http.ends(SAID, 1, 0);
    }
}
