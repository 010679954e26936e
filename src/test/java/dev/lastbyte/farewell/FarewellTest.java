package dev.lastbyte.farewell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseCause;
import dev.lastbyte.CloseOverride;
import dev.lastbyte.CloseReport;
import dev.lastbyte.ConnectionEvents;
import dev.lastbyte.FarewellReport;
import dev.lastbyte.FrozenHandlers;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.drain.DrainEvent;
import dev.lastbyte.drain.DrainEvents;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.FrozenSystem;
import dev.lastbyte.testing.NoWarnings;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** How a farewell goes, with frozen time: words, answer, limit, and what may come in between. */
@ExtendWith(NoWarnings.class)
class FarewellTest {
    private static final Duration LIMIT = Duration.ofSeconds(1);

    private final FrozenSystem system = new FrozenSystem();
    private final Words words = new Words();
    private Received received = new Received();

    private EmbeddedDuplexChannel open() {
        received = new Received();
        EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel(FrozenHandlers.on(system));
        channel.pipeline().addLast(new FarewellHandler(words, LIMIT), received);
        return channel;
    }

    @Test
    void close_waitsForTheAnswer_thenGoesOn() {
        EmbeddedDuplexChannel channel = open();
        ChannelFuture close = channel.pipeline().close();
        assertEquals(1, words.said);
        assertEquals(4, channel.taken());
        assertEquals(List.of(), channel.log());
        receive(channel, "OK");
        assertEquals("FIN", channel.log().get(channel.log().size() - 1));
        assertFalse(close.isDone());
        channel.peerFin();
        assertTrue(close.isSuccess());
        assertEquals(FarewellReport.Outcome.ANSWERED, farewell(channel).outcome());
        assertEquals("test", farewell(channel).protocol());
        assertEquals(List.of(), received.messages); // the answer goes no further
    }

    @Test
    void pipelineWithoutAGracefulClose_isRefused_once() {
        EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel(new FarewellHandler(words, LIMIT));
        channel.pipeline().fireChannelRead("first");
        IllegalStateException told = assertThrows(IllegalStateException.class, channel::checkException);
        assertTrue(told.getMessage().contains("without a GracefulCloseHandler: add "), told::toString);
        channel.pipeline().fireChannelRead("second");
        channel.checkException();
        channel.finishAndReleaseAll();
    }

    @Test
    void otherMessages_whileAnAnswerIsAwaited_goOnToTheApplication() {
        EmbeddedDuplexChannel channel = open();
        receive(channel, "OK");
        channel.pipeline().close();
        receive(channel, "one more");
        assertEquals(List.of("OK", "one more"), received.messages);
        receive(channel, "OK");
        channel.peerFin();
        assertEquals(FarewellReport.Outcome.ANSWERED, farewell(channel).outcome());
    }

    @Test
    void secondClose_joinsTheFirst_andTheWordsAreSaidOnce() {
        EmbeddedDuplexChannel channel = open();
        ChannelFuture first = channel.pipeline().close();
        ChannelFuture second = channel.pipeline().close();
        assertEquals(1, words.said);
        receive(channel, "OK");
        ChannelFuture third = channel.pipeline().close();
        channel.peerFin();
        assertTrue(first.isSuccess() && second.isSuccess() && third.isSuccess());
    }

    @Test
    void noAnswer_withinTheLimit_closesAllTheSame() {
        EmbeddedDuplexChannel channel = open();
        channel.pipeline().close();
        channel.pass(900);
        assertEquals(List.of(), channel.log());
        channel.pass(110);
        assertEquals("FIN", channel.log().get(0));
        channel.peerFin();
        assertEquals(FarewellReport.Outcome.UNANSWERED, farewell(channel).outcome());
    }

    @Test
    void peerCloses_insteadOfAnswering_endsTheWait() {
        EmbeddedDuplexChannel channel = open();
        ChannelFuture close = channel.pipeline().close();
        channel.peerFin();
        channel.pass(0);
        assertTrue(close.isSuccess());
        assertFalse(channel.isOpen());
        assertEquals(FarewellReport.Outcome.UNANSWERED, farewell(channel).outcome());
        channel.pass(2000); // no timer is left
    }

    @Test
    void peerHasHalfClosed_whileAnAnswerIsOwed_isNotWaitedFor() {
        EmbeddedDuplexChannel channel = open();
        GracefulCloseHandler.exchangeStarted(channel);
        channel.peerFin();
        GracefulCloseHandler.exchangeEnded(channel);
        assertEquals(1, words.said);
        channel.pass(0);
        assertFalse(channel.isOpen());
        assertEquals(FarewellReport.Outcome.UNANSWERED, farewell(channel).outcome());
    }

    @Test
    void wordsWithoutAnswer_closeAtOnce() {
        words.answers = false;
        EmbeddedDuplexChannel channel = open();
        channel.pipeline().close();
        channel.runPendingTasks();
        assertEquals("FIN", channel.log().get(channel.log().size() - 1));
        channel.peerFin();
        assertEquals(FarewellReport.Outcome.SAID, farewell(channel).outcome());
    }

    @Test
    void wordsThatThrow_closeAllTheSame() {
        NoWarnings.expect("could not send its farewell");
        words.failure = new IllegalStateException("on purpose");
        EmbeddedDuplexChannel channel = open();
        channel.pipeline().close();
        channel.peerFin();
        assertFalse(channel.isOpen());
        assertEquals(FarewellReport.Outcome.UNANSWERED, farewell(channel).outcome());
    }

    @Test
    void closeNow_doesNotWait() {
        EmbeddedDuplexChannel channel = open();
        ChannelFuture close = channel.pipeline().close();
        GracefulCloseHandler.closeNow(channel);
        channel.runPendingTasks();
        assertTrue(close.isSuccess());
        assertEquals(FarewellReport.Outcome.UNANSWERED, farewell(channel).outcome());
    }

    @Test
    void handlerRemoved_whileAnAnswerIsAwaited_closeGoesOn() {
        EmbeddedDuplexChannel channel = open();
        channel.pipeline().close();
        channel.pipeline().remove(FarewellHandler.class);
        channel.runPendingTasks();
        assertEquals("FIN", channel.log().get(channel.log().size() - 1));
        channel.peerFin();
        assertEquals(FarewellReport.Outcome.UNANSWERED, farewell(channel).outcome());
    }

    @Test
    void peerThatCloses_isNotToldAnything() {
        EmbeddedDuplexChannel channel = open();
        channel.peerFin();
        assertEquals(0, words.said);
        assertEquals(FarewellReport.Outcome.NOT_SAID, farewell(channel).outcome());
    }

    @Test
    void pipelineWithoutFarewell_reportsNone() {
        EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel(FrozenHandlers.on(system));
        channel.pipeline().close();
        channel.peerFin();
        assertEquals(Optional.empty(), report(channel).farewell());
    }

    @Test
    void followingProtocol_takesOverTheCounts() {
        EmbeddedDuplexChannel channel = open();
        FarewellExchange earlier =
                FarewellExchange.on(channel.pipeline().context(FarewellHandler.class), "earlier", LIMIT);
        earlier.refused(2);
        earlier.lost(3);
        FarewellExchange.on(channel.pipeline().context(FarewellHandler.class), "later", LIMIT);
        channel.peerFin();
        assertEquals("later", farewell(channel).protocol());
        assertEquals(2, farewell(channel).refusedRequests());
        assertEquals(3, farewell(channel).lostRequests());
    }

    @Test
    void wordsBeforeClose_andTheirAnswer_stayKnown() {
        EmbeddedDuplexChannel channel = open();
        FarewellExchange exchange =
                FarewellExchange.on(channel.pipeline().context(FarewellHandler.class), "early", LIMIT);
        exchange.soFar(FarewellReport.Outcome.UNANSWERED);
        exchange.done(); // nobody has called close()
        assertTrue(channel.isOpen());
        exchange.soFar(FarewellReport.Outcome.ANSWERED);
        exchange.soFar(FarewellReport.Outcome.SAID);
        channel.peerFin();
        assertEquals(FarewellReport.Outcome.ANSWERED, farewell(channel).outcome());
    }

    @Test
    void requestsInProgress_thatCannotBeCounted_leaveAReportAllTheSame() {
        NoWarnings.expect("cannot say what is in progress");
        EmbeddedDuplexChannel channel = open();
        FarewellExchange exchange =
                FarewellExchange.on(channel.pipeline().context(FarewellHandler.class), "fails", LIMIT);
        exchange.inProgress(() -> {
            throw new IllegalStateException("on purpose");
        });
        GracefulCloseHandler.closeNow(channel);
        channel.runPendingTasks();
        assertEquals(0, farewell(channel).lostRequests());
    }

    @Test
    void lateInput_isCountedAsItsProtocolSays() {
        for (FarewellExchange.LateInput meaning : FarewellExchange.LateInput.values()) {
            words.answers = false;
            EmbeddedDuplexChannel channel = open();
            FarewellExchange exchange =
                    FarewellExchange.on(channel.pipeline().context(FarewellHandler.class), "late", LIMIT);
            exchange.lateInput(meaning);
            channel.pipeline().context(FarewellHandler.class).close();
            channel.peerSends(100);
            channel.peerSends(100);
            channel.peerFin();
            assertEquals(
                    meaning == FarewellExchange.LateInput.REFUSED ? 1 : 0,
                    farewell(channel).refusedRequests());
            assertEquals(
                    meaning == FarewellExchange.LateInput.LOST ? 1 : 0,
                    farewell(channel).lostRequests());
        }
    }

    @Test
    void inProgress_countsAsLostUnlessThePeerEndsTheConnection() {
        EmbeddedDuplexChannel channel = open();
        exchange(channel).inProgress(() -> 2);
        GracefulCloseHandler.closeNow(channel);
        channel.runPendingTasks();
        assertEquals(2, farewell(channel).lostRequests());

        EmbeddedDuplexChannel left = open();
        exchange(left).inProgress(() -> 2);
        left.peerFin();
        assertEquals(0, farewell(left).lostRequests());

        EmbeddedDuplexChannel reset = open();
        exchange(reset).inProgress(() -> 2);
        reset.peerRst();
        assertEquals(0, farewell(reset).lostRequests());

        EmbeddedDuplexChannel handedOver = open();
        exchange(handedOver).inProgress(() -> 2);
        exchange(handedOver);
        GracefulCloseHandler.closeNow(handedOver);
        handedOver.runPendingTasks();
        assertEquals(0, farewell(handedOver).lostRequests());
    }

    @Test
    void limits_applyUnlessTheCloseHasItsOwn() {
        CloseOverride ten = CloseOverride.of(limits -> limits.maxDiscardedBytes(10));
        CloseOverride hundred = CloseOverride.of(limits -> limits.maxDiscardedBytes(100));
        words.answers = false;
        EmbeddedDuplexChannel channel = open();
        exchange(channel).limits(ten);
        channel.pipeline().close();
        channel.runPendingTasks();
        channel.peerSends(11);
        assertEquals(CloseCause.BYTE_LIMIT, report(channel).cause());

        EmbeddedDuplexChannel asked = open();
        exchange(asked).limits(hundred);
        exchange(asked).limits(ten);
        asked.pipeline().close();
        asked.peerSends(11);
        assertTrue(asked.isOpen());
        asked.peerSends(100);
        assertEquals(CloseCause.BYTE_LIMIT, report(asked).cause());
    }

    private static FarewellExchange exchange(EmbeddedDuplexChannel channel) {
        return FarewellExchange.on(channel.pipeline().context(FarewellHandler.class), "test", LIMIT);
    }

    @Test
    void handlerAddedDuringADrain_hearsOfIt() {
        EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel(FrozenHandlers.on(system));
        DrainEvent drain = DrainEvents.begun(DrainPolicy.defaults());
        DrainEvents.tell(channel, drain);
        channel.pipeline().addLast(new FarewellHandler(words, LIMIT));
        assertEquals(List.of(drain), words.drains);
        channel.peerFin();
    }

    @Test
    void limitOutOfRange_isRefused() {
        assertThrows(IllegalArgumentException.class, () -> new FarewellHandler(words, Duration.ZERO));
        assertThrows(NullPointerException.class, () -> new FarewellHandler(null));
    }

    private static void receive(EmbeddedDuplexChannel channel, String text) {
        channel.pipeline().fireChannelRead(Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII));
        channel.runPendingTasks();
    }

    private static CloseReport report(EmbeddedDuplexChannel channel) {
        return GracefulCloseHandler.report(channel).getNow();
    }

    private static FarewellReport farewell(EmbeddedDuplexChannel channel) {
        return report(channel).farewell().orElseThrow();
    }

    private static final class Words implements Farewell {
        int said;
        boolean answers = true;
        RuntimeException failure;
        final List<ConnectionEvents.Drain> drains = new ArrayList<>();

        @Override
        public void drain(ChannelHandlerContext ctx, ConnectionEvents.Drain drain) {
            drains.add(drain);
        }

        @Override
        public String protocol() {
            return "test";
        }

        @Override
        public boolean say(ChannelHandlerContext ctx) {
            said++;
            if (failure != null) {
                throw failure;
            }
            ctx.writeAndFlush(Unpooled.copiedBuffer("BYE\n", StandardCharsets.US_ASCII));
            return answers;
        }

        @Override
        public boolean isAnswer(Object message) {
            return ((ByteBuf) message).toString(StandardCharsets.US_ASCII).equals("OK");
        }
    }

    private static final class Received extends ChannelInboundHandlerAdapter {
        final List<String> messages = new ArrayList<>();

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf text = (ByteBuf) message;
            messages.add(text.toString(StandardCharsets.US_ASCII));
            text.release();
        }
    }
}
