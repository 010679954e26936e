package dev.lastbyte.http;

import static dev.lastbyte.FarewellReport.Outcome.NOT_SAID;
import static dev.lastbyte.FarewellReport.Outcome.SAID;
import static dev.lastbyte.http.HttpConnection.GET;
import static dev.lastbyte.http.HttpConnection.response;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.drain.DrainEvents;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.testing.NoLeaks;
import dev.lastbyte.testing.NoWarnings;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
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
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Drains of one HTTP connection, with frozen time: which response says "Connection: close", and what comes behind it. */
@ExtendWith({NoLeaks.class, NoWarnings.class})
class HttpFarewellDrainTest {
    private final HttpConnection http = new HttpConnection(HttpFarewellConfig.defaults());

    @Test
    void drain_requestUnanswered_responseSaysCloseAndTheConnectionFollows() {
        http.play("get drain open answer:close");
        assertEquals("FIN", http.channel.log().get(http.channel.log().size() - 1));
        http.ends(SAID, 0, 0);
    }

    @Test
    void drain_severalUnanswered_onlyTheLastResponseSaysClose() {
        http.play("get:3 drain answer answer open answer:close closing");
        http.ends(SAID, 0, 0);
    }

    @Test
    void drain_requestsBehindTheWord_areNotTouchedAndCountAsRefused() {
        http.play("get drain head:close");
        http.receive("POST /late HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc" + GET);
        assertEquals(List.of("/"), http.requests);
        http.play("open last closing");
        http.ends(SAID, 2, 0);
    }

    @Test
    void drain_requestBehindOneThatWaits_isRefused() {
        http.play("get drain get");
        assertEquals(1, http.requests.size());
        http.play("answer:close");
        http.ends(SAID, 1, 0);
    }

    /** A client that always has two requests under way would never be told otherwise. */
    @Test
    void drain_clientThatNeverPauses_isToldAfterWhatTheApplicationHas() {
        http.play("get get drain get answer get answer:close closing");
        http.ends(SAID, 2, 0);
    }

    @Test
    void drain_requestTurnedAway_andTheWordNeverSaid_isLost() {
        http.play("get drain get now");
        http.ends(NOT_SAID, 0, 2);
    }

    @Test
    void drain_idle_staysOpenAndServesWithClose() {
        http.play("get answer 10s drain 10s open get answer:close");
        http.ends(SAID, 0, 0);
    }

    @Test
    void drain_pipelinedAndAnsweredAtOnce_firstSaysCloseAndTheRestIsRefused() {
        HttpConnection quick = new HttpConnection(HttpFarewellConfig.defaults(), new Quick());
        String sent = quick.play("drain get:3").sent();
        assertTrue(sent.contains("connection: close\r\n"), sent);
        assertEquals(0, sent.lastIndexOf("HTTP/1.1 200"), sent);
        quick.ends(SAID, 2, 0);
    }

    @Test
    void drain_headOutBefore_closesBehindItWhenNoRequestCanBeOnItsWay() {
        http.play("get head drain last 999ms open 1ms closing");
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void drain_headOutBefore_requestBehindItIsServedWithClose() {
        http.play("get head drain last get answer:close");
        http.ends(SAID, 0, 0);
    }

    @Test
    void drain_headOutBefore_withoutProtectionClosesAtOnce() {
        HttpConnection bare = new HttpConnection(
                HttpFarewellConfig.builder().withoutIdleProtection().build());
        bare.play("get head drain last closing");
        bare.ends(NOT_SAID, 0, 0);
    }

    @Test
    void drain_writeFails_closes() {
        HttpConnection broken = new HttpConnection(HttpFarewellConfig.defaults());
        broken.channel.pipeline().addFirst(new FailingWrites());
        broken.play("get drain answer:close closing");
        broken.ends(SAID, 0, 1);
    }

    /** Applications share such heads among connections. */
    @Test
    void drain_sharedReadOnlyResponse_isLeftAsItIs() {
        HttpHeaders headers =
                new ReadOnlyHttpHeaders(true, HttpHeaderNames.CONTENT_LENGTH, "0", HttpHeaderNames.SERVER, "x");
        HttpResponse shared = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK, headers);
        http.play("get drain");
        http.write(shared);
        http.write(LastHttpContent.EMPTY_LAST_CONTENT);
        String sent = http.sent();
        assertTrue(sent.contains("connection: close\r\n") && sent.contains("server: x\r\n"), sent);
        assertFalse(shared.headers().contains(HttpHeaderNames.CONNECTION));
        http.ends(SAID, 0, 0);
    }

    @Test
    void voidPromise_isListenedToAllTheSame() {
        http.play("get drain");
        http.channel
                .pipeline()
                .writeAndFlush(response(200), http.channel.pipeline().voidPromise());
        http.play("closing");
        http.ends(SAID, 0, 0);
    }

    /** As with ALPN: the protocol is known only now. */
    @Test
    void handlerAddedDuringADrain_makesUpForIt() {
        EmbeddedChannel channel = new EmbeddedChannel(new GracefulCloseHandler());
        DrainEvents.tell(channel, DrainEvents.begun(DrainPolicy.defaults()));
        channel.pipeline().addLast(new HttpFarewellHandler());
        channel.writeInbound(new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/"));
        channel.writeOutbound(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK));
        HttpResponse answer = channel.readOutbound();
        assertFalse(HttpUtil.isKeepAlive(answer));
        assertFalse(channel.isOpen());
        channel.releaseInbound();
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
