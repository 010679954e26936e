package dev.lastbyte.http2;

import static dev.lastbyte.FarewellReport.Outcome.UNANSWERED;
import static dev.lastbyte.http2.Http2Connection.FIRST_GOAWAY;
import static dev.lastbyte.http2.Http2Connection.LIMIT;
import static dev.lastbyte.http2.Http2Connection.PING_TIMEOUT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.Connection;
import dev.lastbyte.FrozenHandlers;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.FrozenSystem;
import dev.lastbyte.testing.Http2Answers;
import dev.lastbyte.testing.Http2Frames;
import dev.lastbyte.testing.NoWarnings;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Where the HTTP/2 farewell handler stands, what it takes, and what the connection knows of its streams. */
@ExtendWith(NoWarnings.class)
class Http2FarewellHandlerTest {

    @ParameterizedTest
    @EnumSource
    void openStreams_areExchanges_onceEach(Http2Answers answers) {
        FrozenSystem system = new FrozenSystem();
        AtomicInteger open = new AtomicInteger();
        Connection counted = new Connection() {
            @Override
            public GracefulCloseConfig config() {
                return GracefulCloseConfig.defaults();
            }

            @Override
            public void exchanges(int now) {
                open.set(now);
            }
        };
        Http2Connection http2 = new Http2Connection(FrozenHandlers.on(system, counted), system);
        EmbeddedDuplexChannel channel = http2.channel;
        channel.pipeline().addLast(answers.newCodec(), new Http2FarewellHandler());
        answers.newHandlers().forEach(channel.pipeline()::addLast);
        http2.play("preface ask:1:/10/5000 ask:3:/never");
        assertEquals(2, open.get());
        http2.play("cancel:3");
        assertEquals(1, open.get());
        channel.pipeline().remove(Http2FarewellHandler.class);
        assertEquals(0, open.get());
    }

    @ParameterizedTest
    @EnumSource
    void handlerRemoved_whileThePingIsAwaited_closeGoesOn(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.withStream(answers, "/never").play("close");
        http2.channel.pipeline().remove(Http2FarewellHandler.class);
        http2.channel.runPendingTasks();
        http2.play("closing fin").ends(UNANSWERED, 0, 0);
    }

    @Test
    void handlerAddedFirst_findsTheCodecLater() {
        Http2Connection http2 = Http2Connection.withoutHttp2();
        http2.channel.pipeline().addLast("farewell", new Http2FarewellHandler(PING_TIMEOUT, LIMIT));
        http2.channel.pipeline().addBefore("farewell", null, Http2Answers.CONNECTION_HANDLER.newCodec());
        http2.play("preface ask:1:/10/100 forget drain ack 100ms");
        http2.writes(FIRST_GOAWAY, "PING", "GOAWAY 1 0", "HEADERS 1", "DATA 1 10 END");
    }

    @Test
    void pipelineWithoutHttp2_isClosedAtOnce() {
        Http2Connection http2 = Http2Connection.withoutHttp2();
        http2.channel.pipeline().addLast(new Http2FarewellHandler());
        http2.play("close closing");
    }

    @Test
    void wrongPlaces_areRefused_withWhatToDo() {
        EmbeddedChannel inFront = new EmbeddedChannel();
        inFront.pipeline().addLast(new Http2FarewellHandler(), Http2Answers.MULTIPLEX.newCodec());
        inFront.pipeline().fireChannelReadComplete();
        IllegalStateException told = assertThrows(IllegalStateException.class, inFront::checkException);
        assertTrue(told.getMessage().contains("in front of the Http2ConnectionHandler"), told.getMessage());
        inFront.pipeline().fireChannelReadComplete();
        inFront.checkException(); // once

        EmbeddedChannel behind = new EmbeddedChannel();
        behind.pipeline().addLast("codec", Http2Answers.MULTIPLEX.newCodec());
        behind.pipeline().addLast("application", new ChannelOutboundHandlerAdapter());
        behind.pipeline().addLast(new Http2FarewellHandler());
        Throwable cause =
                assertThrows(RuntimeException.class, behind::checkException).getCause();
        assertTrue(cause.getMessage().contains("behind 'application'"), cause.getMessage());
        inFront.finishAndReleaseAll();
        behind.finishAndReleaseAll();
    }

    @Test
    void pipelinesThatLackSomething_areRefused_withWhatToDo() {
        EmbeddedChannel bytes = new EmbeddedChannel(new GracefulCloseHandler(), new Http2FarewellHandler());
        bytes.pipeline().fireChannelRead(Unpooled.copiedBuffer(Http2Frames.preface()));
        IllegalStateException noCodec = assertThrows(IllegalStateException.class, bytes::checkException);
        assertTrue(noCodec.getMessage().contains("without a codec in front"), noCodec.getMessage());
        bytes.pipeline().fireChannelRead(Unpooled.EMPTY_BUFFER);
        bytes.checkException(); // once
        bytes.finishAndReleaseAll();

        EmbeddedChannel plain = new EmbeddedChannel();
        plain.pipeline().addLast(Http2Answers.MULTIPLEX.newCodec(), new Http2FarewellHandler());
        plain.pipeline().fireChannelRead(Unpooled.copiedBuffer(Http2Frames.preface()));
        plain.pipeline().fireChannelReadComplete();
        IllegalStateException alone = assertThrows(IllegalStateException.class, plain::checkException);
        assertTrue(alone.getMessage().contains("without a GracefulCloseHandler"), alone.getMessage());
        plain.pipeline().fireChannelReadComplete();
        plain.checkException(); // once
        plain.finishAndReleaseAll();
    }

    @Test
    void limitsOutOfRange_areRefused() {
        Duration second = Duration.ofSeconds(1);
        assertThrows(NullPointerException.class, () -> new Http2FarewellHandler(null, second));
        assertThrows(NullPointerException.class, () -> new Http2FarewellHandler(second, null));
        for (Duration ping : List.of(Duration.ZERO, second)) {
            String message = assertThrows(IllegalArgumentException.class, () -> new Http2FarewellHandler(ping, second))
                    .getMessage();
            assertTrue(message.startsWith("pingTimeout: "), message);
        }
        assertThrows(IllegalArgumentException.class, () -> new Http2FarewellHandler(second, Duration.ofHours(25)));
    }
}
