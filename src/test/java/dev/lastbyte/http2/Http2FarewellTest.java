package dev.lastbyte.http2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.Connection;
import dev.lastbyte.FarewellReport;
import dev.lastbyte.FrozenHandlers;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.drain.DrainEvents;
import dev.lastbyte.drain.Drained;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.FrozenSystem;
import dev.lastbyte.testing.Http2Answers;
import dev.lastbyte.testing.Http2Frames;
import dev.lastbyte.testing.Http2Frames.Frame;
import dev.lastbyte.testing.NoWarnings;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.local.LocalServerChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The last frames of an HTTP/2 connection and their order, with frozen time, and what may come in between. */
@ExtendWith(NoWarnings.class)
class Http2FarewellTest {
    private static final Duration PING_TIMEOUT = Duration.ofMillis(500);
    private static final Duration LIMIT = Duration.ofSeconds(3);
    private static final String MAX = "GOAWAY 2147483647 0";

    private final FrozenSystem system = new FrozenSystem();
    private final Failures failures = new Failures();
    private Wire wire;
    private Http2ConnectionHandler codec;

    private EmbeddedDuplexChannel openWithoutHttp2() {
        wire = new Wire();
        return new EmbeddedDuplexChannel(FrozenHandlers.on(system), wire).acceptedBy(new LocalServerChannel());
    }

    private EmbeddedDuplexChannel open(Http2Answers answers) {
        codec = answers.newCodec();
        EmbeddedDuplexChannel channel = openWithoutHttp2();
        List<ChannelHandler> behind = new ArrayList<>(List.of(codec, new Http2FarewellHandler(PING_TIMEOUT, LIMIT)));
        behind.addAll(answers.newHandlers());
        behind.add(failures);
        channel.pipeline().addLast(behind.toArray(ChannelHandler[]::new));
        return channel;
    }

    private EmbeddedDuplexChannel openWithStream(Http2Answers answers, String path) {
        EmbeddedDuplexChannel channel = open(answers);
        receive(channel, Http2Frames.preface());
        receive(channel, Http2Frames.request(1, path, true));
        wire.clear();
        return channel;
    }

    // ---- a drain ---------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void drain_withAnOpenStream_twoGoAways_thenTheStreamEnds_thenTheClose(Http2Answers answers) {
        EmbeddedDuplexChannel channel = openWithStream(answers, "/10/200");
        drain(channel);
        assertEquals(List.of(MAX, "PING"), wire.frames());
        acknowledge(channel);
        assertEquals(List.of(MAX, "PING", "GOAWAY 1 0"), wire.frames());
        assertEquals(List.of(), channel.log());
        system.pass(channel, 200);
        assertEquals(List.of(MAX, "PING", "GOAWAY 1 0", "HEADERS 1", "DATA 1 10 END"), wire.frames());
        assertTrue(channel.log().contains("FIN"));
        channel.peerFin();
        assertFarewell(channel, FarewellReport.Outcome.ANSWERED, 0, 0);
        system.pass(channel, 5000); // no timer is left that could do anything
    }

    @ParameterizedTest
    @EnumSource
    void drain_streamBetweenTheGoAways_isServed_oneBehindThemRefused(Http2Answers answers) {
        EmbeddedDuplexChannel channel = openWithStream(answers, "/10/200");
        drain(channel);
        receive(channel, Http2Frames.request(3, "/10/100", true));
        acknowledge(channel);
        receive(channel, Http2Frames.request(5, "/10/100", true));
        receive(channel, Http2Frames.request(7, "/10/100", false));
        receive(channel, Http2Frames.data(7, 100, true));
        system.pass(channel, 200);
        assertEquals(
                List.of(
                        MAX,
                        "PING",
                        "GOAWAY 3 0",
                        "RST 5 7",
                        "RST 7 7",
                        "RST 7 5", // for its body; the peer has forgotten the stream by then
                        "HEADERS 3",
                        "DATA 3 10 END",
                        "HEADERS 1",
                        "DATA 1 10 END"),
                wire.frames());
        channel.peerFin();
        assertFarewell(channel, FarewellReport.Outcome.ANSWERED, 2, 0);
    }

    @ParameterizedTest
    @EnumSource
    void drain_withoutStreams_endsAfterOneRoundTrip(Http2Answers answers) {
        EmbeddedDuplexChannel channel = open(answers);
        receive(channel, Http2Frames.preface());
        wire.clear();
        drain(channel);
        assertEquals(List.of(MAX, "PING"), wire.frames());
        acknowledge(channel);
        assertEquals(List.of(MAX, "PING", "GOAWAY 0 0"), wire.frames());
        assertTrue(channel.log().contains("FIN"));
        channel.peerFin();
        assertFarewell(channel, FarewellReport.Outcome.ANSWERED, 0, 0);
    }

    @ParameterizedTest
    @EnumSource
    void drain_spreadOverTime_idleConnectionIsNotTold_untilItHasAStream(Http2Answers answers) {
        EmbeddedDuplexChannel channel = open(answers);
        receive(channel, Http2Frames.preface());
        wire.clear();
        DrainEvents.tell(
                channel,
                DrainEvents.begun(
                        Drained.POLICY.toBuilder()
                                .closeSpread(Duration.ofSeconds(1))
                                .build(),
                        system));
        channel.runPendingTasks();
        assertEquals(List.of(), wire.frames());
        receive(channel, Http2Frames.request(1, "/1/1", true));
        assertEquals(List.of(MAX, "PING"), wire.frames());
    }

    @ParameterizedTest
    @EnumSource
    void drain_beforeTheClientsPreface_saysTheSame(Http2Answers answers) {
        EmbeddedDuplexChannel channel = open(answers);
        drain(channel);
        assertEquals(List.of("SETTINGS", MAX, "PING"), wire.frames());
        receive(channel, Http2Frames.preface());
        receive(channel, Http2Frames.request(1, "/1/1", true));
        acknowledge(channel);
        system.pass(channel, 1);
        channel.peerFin();
        assertEquals(
                List.of("SETTINGS", MAX, "PING", "SETTINGS ACK", "GOAWAY 1 0", "HEADERS 1", "DATA 1 1 END"),
                wire.frames());
        assertFarewell(channel, FarewellReport.Outcome.ANSWERED, 0, 0);
    }

    @Test
    void drain_heardBeforeTheHandlerWasAdded_isMadeUpFor() {
        EmbeddedDuplexChannel channel = openWithoutHttp2();
        drain(channel);
        channel.pipeline().addLast(Http2Answers.MULTIPLEX.newCodec(), new Http2FarewellHandler());
        channel.runPendingTasks();
        assertEquals(List.of("SETTINGS", MAX, "PING"), wire.frames());
    }

    // ---- the PING --------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void pingNeverAcknowledged_lastGoAwayComesAllTheSame(Http2Answers answers) {
        EmbeddedDuplexChannel channel = openWithStream(answers, "/10/2000");
        channel.pipeline().close();
        system.pass(channel, 490);
        assertEquals(List.of(MAX, "PING"), wire.frames());
        system.pass(channel, 20);
        assertEquals(List.of(MAX, "PING", "GOAWAY 1 0"), wire.frames());
        acknowledge(channel); // late: changes nothing
        system.pass(channel, 1600);
        channel.peerFin();
        assertEquals("DATA 1 10 END", wire.last());
        assertFarewell(channel, FarewellReport.Outcome.UNANSWERED, 0, 0);
    }

    @ParameterizedTest
    @EnumSource
    void pingAcknowledgedTwice_andAfterTheEnd_changesNothing(Http2Answers answers) {
        EmbeddedDuplexChannel channel = openWithStream(answers, "/10/200");
        drain(channel);
        acknowledge(channel);
        acknowledge(channel);
        system.pass(channel, 200);
        acknowledge(channel);
        channel.peerFin();
        channel.pipeline().fireChannelRead(Unpooled.wrappedBuffer(Http2Frames.pingAck(payload())));
        assertEquals(List.of(MAX, "PING", "GOAWAY 1 0", "HEADERS 1", "DATA 1 10 END"), wire.frames());
        assertFarewell(channel, FarewellReport.Outcome.ANSWERED, 0, 0);
    }

    @Test
    void drainWithLittleTimeLeft_shortensTheWaitForThePing() {
        EmbeddedDuplexChannel channel = openWithStream(Http2Answers.MULTIPLEX, "/10/2000");
        DrainEvents.tell(channel, DrainEvents.begun(Drained.SHORT, system)); // 900 ms: a quarter of it is 225
        channel.runPendingTasks();
        system.pass(channel, 240);
        assertEquals("GOAWAY 1 0", wire.last());
    }

    // ---- close() ---------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void close_isHeldBack_untilStreamsHaveEnded(Http2Answers answers) {
        EmbeddedDuplexChannel channel = openWithStream(answers, "/10/200");
        ChannelFuture first = channel.pipeline().close();
        ChannelFuture second = channel.pipeline().close();
        assertEquals(List.of(MAX, "PING"), wire.frames());
        acknowledge(channel);
        system.pass(channel, 199);
        assertEquals(List.of(), channel.log());
        system.pass(channel, 1);
        assertTrue(channel.log().contains("FIN"));
        channel.peerFin();
        assertTrue(first.isSuccess() && second.isSuccess());
        assertEquals(List.of(MAX, "PING", "GOAWAY 1 0", "HEADERS 1", "DATA 1 10 END"), wire.frames());
        assertFarewell(channel, FarewellReport.Outcome.ANSWERED, 0, 0);
    }

    @ParameterizedTest
    @EnumSource
    void close_streamThatNeverEnds_isLostAtTheLimit(Http2Answers answers) {
        EmbeddedDuplexChannel channel = openWithStream(answers, "/never");
        channel.pipeline().close();
        acknowledge(channel);
        system.pass(channel, 2900);
        assertEquals(List.of(), channel.log());
        system.pass(channel, 110);
        assertTrue(channel.log().contains("FIN"));
        channel.peerFin();
        assertFarewell(channel, FarewellReport.Outcome.ANSWERED, 0, 1);
    }

    @ParameterizedTest
    @EnumSource
    void close_whileDraining_joins_andDrainWhileClosingToo(Http2Answers answers) {
        for (boolean drainFirst : new boolean[] {true, false}) {
            EmbeddedDuplexChannel channel = openWithStream(answers, "/10/50");
            if (drainFirst) {
                drain(channel);
                channel.pipeline().close();
            } else {
                channel.pipeline().close();
                drain(channel);
            }
            acknowledge(channel);
            system.pass(channel, 50);
            assertEquals(List.of(MAX, "PING", "GOAWAY 1 0", "HEADERS 1", "DATA 1 10 END"), wire.frames());
            channel.peerFin();
            assertFarewell(channel, FarewellReport.Outcome.ANSWERED, 0, 0);
        }
    }

    @ParameterizedTest
    @EnumSource
    void closeByTheCodec_stillNamesTheLastStream(Http2Answers answers) {
        EmbeddedDuplexChannel channel = openWithStream(answers, "/never");
        channel.pipeline().context(codec).close(); // past our handler
        assertEquals(List.of("GOAWAY 1 0"), wire.frames());
        channel.peerFin();
        assertFarewell(channel, FarewellReport.Outcome.UNANSWERED, 0, 1);
    }

    @ParameterizedTest
    @EnumSource
    void closeNow_countsOpenStreamsAsLost(Http2Answers answers) {
        EmbeddedDuplexChannel channel = openWithStream(answers, "/never");
        GracefulCloseHandler.closeNow(channel);
        channel.runPendingTasks();
        assertFarewell(channel, FarewellReport.Outcome.NOT_SAID, 0, 1);
    }

    @ParameterizedTest
    @EnumSource
    void answeredStreamWhoseUploadGoesOn_isNotLost(Http2Answers answers) {
        EmbeddedDuplexChannel channel = open(answers);
        receive(channel, Http2Frames.preface());
        receive(channel, Http2Frames.request(1, "/never", false));
        codec.encoder()
                .writeHeaders(
                        channel.pipeline().context(codec),
                        1,
                        new DefaultHttp2Headers().status("413"),
                        0,
                        true,
                        channel.newPromise());
        channel.flush();
        GracefulCloseHandler.closeNow(channel);
        channel.runPendingTasks();
        assertFarewell(channel, FarewellReport.Outcome.NOT_SAID, 0, 0);
    }

    // ---- peers -----------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void peerGoesAwayFirst_itsStreamIsServed_thenTheSameWords(Http2Answers answers) {
        EmbeddedDuplexChannel channel = openWithStream(answers, "/10/100");
        receive(channel, Http2Frames.goAway(0, 0));
        drain(channel);
        acknowledge(channel);
        system.pass(channel, 100);
        assertEquals(List.of(MAX, "PING", "GOAWAY 1 0", "HEADERS 1", "DATA 1 10 END"), wire.frames());
        channel.peerFin();
        assertFarewell(channel, FarewellReport.Outcome.ANSWERED, 0, 0);
    }

    @ParameterizedTest
    @EnumSource
    void peerHalfCloses_withStreamsOpen_theyAreServed_thenTheClose(Http2Answers answers) {
        EmbeddedDuplexChannel channel = openWithStream(answers, "/10/100");
        receive(channel, Http2Frames.request(3, "/10/50", true));
        channel.peerFin();
        assertTrue(channel.isOpen());
        system.pass(channel, 100);
        assertEquals(List.of("HEADERS 3", "DATA 3 10 END", "HEADERS 1", "DATA 1 10 END", "GOAWAY 3 0"), wire.frames());
        assertFalse(channel.isOpen());
        assertFarewell(channel, FarewellReport.Outcome.UNANSWERED, 0, 0);
    }

    @ParameterizedTest
    @EnumSource
    void peerHalfCloses_whileThePingIsAwaited_isNotWaitedFor(Http2Answers answers) {
        EmbeddedDuplexChannel channel = openWithStream(answers, "/10/100");
        channel.pipeline().close();
        channel.peerFin();
        assertEquals(List.of(MAX, "PING", "GOAWAY 1 0"), wire.frames());
        system.pass(channel, 100);
        assertEquals("DATA 1 10 END", wire.last());
        assertFalse(channel.isOpen());
        assertFarewell(channel, FarewellReport.Outcome.UNANSWERED, 0, 0);
    }

    @ParameterizedTest
    @EnumSource
    void peerResets_losesNothingThatIsOurs(Http2Answers answers) {
        EmbeddedDuplexChannel channel = openWithStream(answers, "/never");
        channel.peerRst();
        system.pass(channel, 1000);
        assertFalse(channel.isOpen());
        failures.clear();
        assertFarewell(channel, FarewellReport.Outcome.NOT_SAID, 0, 0);
    }

    @ParameterizedTest
    @EnumSource
    void resetsOfAllStreams_endTheDrain(Http2Answers answers) {
        EmbeddedDuplexChannel channel = openWithStream(answers, "/never");
        for (int stream = 3; stream < 100; stream += 2) {
            receive(channel, Http2Frames.request(stream, "/never", true));
        }
        drain(channel);
        acknowledge(channel);
        for (int stream = 1; stream < 100; stream += 2) {
            assertEquals(List.of(), channel.log());
            receive(channel, Http2Frames.reset(stream, 8));
        }
        assertTrue(channel.log().contains("FIN"));
        channel.peerFin();
        assertFarewell(channel, FarewellReport.Outcome.ANSWERED, 0, 0);
    }

    /** Netty ends a connection with more than 200 resets in half a minute by a GOAWAY of its own. */
    @ParameterizedTest
    @EnumSource
    void stormOfResets_whileDraining_endsWithNettysError(Http2Answers answers) {
        EmbeddedDuplexChannel channel = openWithStream(answers, "/never");
        drain(channel);
        for (int stream = 3; channel.log().isEmpty() && stream < 2000; stream += 2) {
            receive(channel, Http2Frames.request(stream, "/never", true));
            receive(channel, Http2Frames.reset(stream, 8));
        }
        assertEquals(List.of(MAX, "PING"), wire.frames().subList(0, 2));
        assertTrue(channel.log().contains("FIN"), wire.frames()::toString);
        channel.peerFin();
        assertFalse(channel.isOpen());
        failures.clear();
    }

    // ---- others who say farewell -----------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void ownGoAwayOfTheApplication_isNotRepeated_andNeverRaised(Http2Answers answers) {
        EmbeddedDuplexChannel channel = openWithStream(answers, "/10/100");
        codec.goAway(
                channel.pipeline().context(codec),
                1,
                Http2Error.NO_ERROR.code(),
                Unpooled.EMPTY_BUFFER,
                channel.newPromise());
        channel.flush();
        drain(channel);
        channel.pipeline().close();
        system.pass(channel, 100);
        assertEquals(List.of("GOAWAY 1 0", "HEADERS 1", "DATA 1 10 END"), wire.frames());
        channel.peerFin();
        assertFarewell(channel, FarewellReport.Outcome.SAID, 0, 0);
    }

    @ParameterizedTest
    @EnumSource
    void connectionError_isToldByNetty_andNotContradicted(Http2Answers answers) {
        EmbeddedDuplexChannel channel = openWithStream(answers, "/never");
        receive(channel, Http2Frames.data(0, 1, false)); // no stream
        assertEquals(1, wire.frames().size(), wire.frames()::toString);
        assertTrue(wire.last().startsWith("GOAWAY ") && wire.last().endsWith(" 1"), wire.last());
        channel.peerFin();
        assertEquals(1, farewell(channel).lostRequests());
        failures.clear();
    }

    /** An id that rose would be an error of ours. */
    @ParameterizedTest
    @EnumSource
    void connectionError_behindTheLastGoAway_closesWithoutOneMore(Http2Answers answers) {
        EmbeddedDuplexChannel channel = openWithStream(answers, "/never");
        drain(channel);
        acknowledge(channel);
        receive(channel, Http2Frames.request(3, "/1/1", true));
        receive(channel, Http2Frames.data(0, 1, false)); // no stream
        assertEquals(List.of(MAX, "PING", "GOAWAY 1 0", "RST 3 7"), wire.frames());
        assertTrue(channel.log().contains("FIN"));
        channel.peerFin();
        failures.clear();
        assertFarewell(channel, FarewellReport.Outcome.ANSWERED, 1, 1);
    }

    // ---- clients ---------------------------------------------------------------------------------------------------

    private EmbeddedDuplexChannel openClientWithRequest() {
        codec = new Http2ConnectionHandlerBuilder()
                .server(false)
                .frameListener(new Http2FrameAdapter())
                .build();
        EmbeddedDuplexChannel channel = openWithoutHttp2();
        channel.pipeline().addLast(codec, new Http2FarewellHandler(PING_TIMEOUT, LIMIT), failures);
        receive(channel, Http2Frames.settings());
        Http2Headers head = new DefaultHttp2Headers()
                .method("GET")
                .scheme("http")
                .authority("x")
                .path("/");
        codec.encoder().writeHeaders(channel.pipeline().context(codec), 3, head, 0, true, channel.newPromise());
        channel.flush();
        wire.clear();
        return channel;
    }

    @Test
    void client_close_saysGoAwayOnce_andAwaitsItsAnswers() {
        EmbeddedDuplexChannel channel = openClientWithRequest();
        channel.pipeline().close();
        assertEquals(List.of("GOAWAY 0 0"), wire.frames());
        assertEquals(List.of(), channel.log());
        receive(channel, Http2Frames.response(3));
        assertTrue(channel.log().contains("FIN"));
        channel.peerFin();
        assertEquals(List.of("GOAWAY 0 0"), wire.frames());
        assertFarewell(channel, FarewellReport.Outcome.SAID, 0, 0);
    }

    @Test
    void client_answerThatNeverComes_isGivenUpAtTheLimit() {
        EmbeddedDuplexChannel channel = openClientWithRequest();
        channel.pipeline().close();
        system.pass(channel, 2990);
        assertEquals(List.of(), channel.log());
        system.pass(channel, 20);
        assertTrue(channel.log().contains("FIN"));
        channel.peerFin();
        assertFarewell(channel, FarewellReport.Outcome.SAID, 0, 0);
    }

    @Test
    void client_drain_isLeftToTheManager() {
        EmbeddedDuplexChannel channel = openClientWithRequest();
        drain(channel);
        assertEquals(List.of(), wire.frames());
        receive(channel, Http2Frames.response(3));
        assertEquals(List.of(), channel.log());
    }

    // ---- the handler -----------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void openStreams_areExchanges_onceEach(Http2Answers answers) {
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
        EmbeddedDuplexChannel channel =
                new EmbeddedDuplexChannel(FrozenHandlers.on(system, counted)).acceptedBy(new LocalServerChannel());
        channel.pipeline().addLast(answers.newCodec(), new Http2FarewellHandler());
        answers.newHandlers().forEach(channel.pipeline()::addLast);
        receive(channel, Http2Frames.preface());
        receive(channel, Http2Frames.request(1, "/10/5000", true));
        receive(channel, Http2Frames.request(3, "/never", true));
        assertEquals(2, open.get());
        receive(channel, Http2Frames.reset(3, 8));
        assertEquals(1, open.get());
        channel.pipeline().remove(Http2FarewellHandler.class);
        assertEquals(0, open.get());
    }

    @ParameterizedTest
    @EnumSource
    void handlerRemoved_whileThePingIsAwaited_closeGoesOn(Http2Answers answers) {
        EmbeddedDuplexChannel channel = openWithStream(answers, "/never");
        channel.pipeline().close();
        channel.pipeline().remove(Http2FarewellHandler.class);
        channel.runPendingTasks();
        assertTrue(channel.log().contains("FIN"));
        channel.peerFin();
        assertFarewell(channel, FarewellReport.Outcome.UNANSWERED, 0, 0);
    }

    @Test
    void handlerAddedFirst_findsTheCodecLater() {
        EmbeddedDuplexChannel channel = openWithoutHttp2();
        channel.pipeline().addLast("farewell", new Http2FarewellHandler(PING_TIMEOUT, LIMIT));
        codec = Http2Answers.CONNECTION_HANDLER.newCodec();
        channel.pipeline().addBefore("farewell", null, codec);
        receive(channel, Http2Frames.preface());
        receive(channel, Http2Frames.request(1, "/10/100", true));
        wire.clear();
        drain(channel);
        acknowledge(channel);
        system.pass(channel, 100);
        assertEquals(List.of(MAX, "PING", "GOAWAY 1 0", "HEADERS 1", "DATA 1 10 END"), wire.frames());
    }

    @Test
    void pipelineWithoutHttp2_isClosedAtOnce() {
        EmbeddedDuplexChannel channel =
                new EmbeddedDuplexChannel(FrozenHandlers.on(system), new Http2FarewellHandler());
        channel.pipeline().close();
        channel.runPendingTasks();
        assertTrue(channel.log().contains("FIN"));
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

    // ---- helpers ---------------------------------------------------------------------------------------------------

    private void drain(EmbeddedDuplexChannel channel) {
        DrainEvents.tell(channel, DrainEvents.begun(Drained.POLICY, system));
        channel.runPendingTasks();
    }

    private static void acknowledge(EmbeddedDuplexChannel channel) {
        receive(channel, Http2Frames.pingAck(payload()));
    }

    private static byte[] payload() {
        return "lastbyte".getBytes(StandardCharsets.US_ASCII);
    }

    private static void receive(EmbeddedDuplexChannel channel, byte[] bytes) {
        channel.pipeline().fireChannelRead(Unpooled.copiedBuffer(bytes));
        channel.pipeline().fireChannelReadComplete();
        channel.runPendingTasks();
    }

    private static FarewellReport farewell(EmbeddedDuplexChannel channel) {
        return GracefulCloseHandler.report(channel).getNow().farewell().orElseThrow();
    }

    private void assertFarewell(
            EmbeddedDuplexChannel channel, FarewellReport.Outcome outcome, long refused, long lost) {
        assertEquals(List.of(), failures.seen);
        FarewellReport report = farewell(channel);
        assertEquals(
                outcome + " refused " + refused + " lost " + lost,
                report.outcome() + " refused " + report.refusedRequests() + " lost " + report.lostRequests());
        channel.checkException();
    }

    /** What reaches the end of the pipeline as an exception. */
    private static final class Failures extends ChannelInboundHandlerAdapter {
        private final List<Throwable> seen = new ArrayList<>();

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            seen.add(cause);
        }

        void clear() {
            seen.clear();
        }

        @Override
        public boolean isSharable() {
            return true;
        }
    }

    /** The frames that the codec writes. */
    private static final class Wire extends ChannelOutboundHandlerAdapter {
        private final ByteBuffer unread = ByteBuffer.allocate(1 << 16);
        private final List<String> frames = new ArrayList<>();

        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            if (message instanceof ByteBuf bytes) {
                byte[] copy = new byte[bytes.readableBytes()];
                bytes.getBytes(bytes.readerIndex(), copy);
                unread.put(copy);
                Http2Frames.split(unread, this::add);
            }
            ctx.write(message, promise);
        }

        private void add(Frame frame) {
            if (frame.type() != Http2Frames.WINDOW_UPDATE) {
                frames.add(frame.toString());
            }
        }

        List<String> frames() {
            return List.copyOf(frames);
        }

        String last() {
            return frames.get(frames.size() - 1);
        }

        /** Forgets everything so far; a client's preface is no frame. */
        void clear() {
            unread.clear();
            frames.clear();
        }
    }
}
