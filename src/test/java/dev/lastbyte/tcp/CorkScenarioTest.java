package dev.lastbyte.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.FrozenHandlers;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.FrozenSystem;
import dev.lastbyte.testing.NoWarnings;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.DefaultFileRegion;
import io.netty.util.ReferenceCountUtil;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What the corking handler does to the socket, call by call, with frozen time: TCP_CORK and sends, in their order. A turn of
 * the event loop ends with {@code turn()}.
 */
@ExtendWith(NoWarnings.class)
class CorkScenarioTest {
    private final FrozenSystem system = new FrozenSystem();
    private final Turns turns = new Turns();
    private EmbeddedDuplexChannel channel;

    // ---- one turn --------------------------------------------------------------------------------------------------

    @Test
    void oneFlush_isOneSendWithoutAnOption() {
        withCork();
        turn(() -> {
            flush(10);
            assertLog();
        });
        assertLog("SEND 10");
    }

    @Test
    void sixFlushesOfOneTurn_areOneSendWithoutAnOption() {
        withCork();
        turn(() -> {
            for (int i = 0; i < 6; i++) {
                flush(1);
            }
        });
        assertLog("SEND 6");
    }

    @Test
    void fileBehindItsHeader_isCorkedUntilBothAreSent() {
        withCork();
        turn(() -> {
            flush(200);
            channel.pipeline().writeAndFlush(new DefaultFileRegion(new File("any"), 0, 800));
        });
        assertLog("TCP_CORK 1", "SEND 200", "SEND 800", "TCP_CORK 0");
    }

    @Test
    void fullQueue_isEmptiedWithinTheTurn_andTheRestFollowsBeforeTheUncork() {
        withCork();
        turn(() -> {
            flush(100_000);
            assertLog("TCP_CORK 1", "SEND 100000");
            flush(5);
        });
        assertLog("TCP_CORK 1", "SEND 100000", "SEND 5", "TCP_CORK 0");
    }

    @Test
    void fullQueue_atTheEndOfItsMessage_needsNoOption() {
        withCork();
        SegmentPolicy.messageStarted(channel);
        channel.pipeline().write(Unpooled.wrappedBuffer(new byte[100_000]));
        SegmentPolicy.messageEnded(channel);
        channel.pipeline().flush();
        assertLog("SEND 100000");
    }

    @Test
    void answerWithinARead_leavesAtReadComplete() {
        withCork();
        channel.pipeline().addLast(new Answering(5));
        turn(() -> {
            channel.pipeline().fireChannelRead(Unpooled.wrappedBuffer(new byte[1]));
            channel.pipeline().fireChannelRead(Unpooled.wrappedBuffer(new byte[1]));
            assertLog();
            channel.pipeline().fireChannelReadComplete();
            assertLog("SEND 10");
        });
        assertLog("SEND 10");
    }

    @Test
    void flushWithinReadComplete_leavesWithIt() {
        withCork();
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelReadComplete(ChannelHandlerContext ctx) {
                ctx.writeAndFlush(Unpooled.wrappedBuffer(new byte[7]));
            }
        });
        turn(() -> {
            channel.pipeline().fireChannelReadComplete();
            assertLog("SEND 7");
        });
    }

    // ---- messages --------------------------------------------------------------------------------------------------

    @Test
    void messageOverTurns_isCorkedFromItsFirstFlushToItsEnd() {
        withCork();
        messageOfThreeTurns();
        assertLog("TCP_CORK 1", "SEND 5", "SEND 6", "SEND 7", "TCP_CORK 0");
    }

    @Test
    void messageOverTurns_withoutACork_waitsInTheQueue() {
        withoutCork();
        messageOfThreeTurns();
        assertLog("SEND 18");
    }

    @Test
    void messageOverTurns_withoutACork_doesNotFillTheQueue() {
        withoutCork();
        SegmentPolicy.messageStarted(channel);
        flush(5);
        turn();
        flush(100_000);
        assertLog("SEND 100005");
        SegmentPolicy.messageEnded(channel);
        turn();
    }

    @Test
    void unflushedWriteThatFillsTheQueue_letsGoWhatIsHeld() {
        withoutCork();
        SegmentPolicy.messageStarted(channel);
        flush(5);
        turn();
        channel.pipeline().write(Unpooled.wrappedBuffer(new byte[100_000]));
        assertEquals(100_005, channel.taken());
        turn();
    }

    @Test
    void endBehindTheLastFlush_uncorks() {
        withCork();
        SegmentPolicy.messageStarted(channel);
        flush(5);
        turn();
        SegmentPolicy.messageEnded(channel);
        turn();
        assertLog("TCP_CORK 1", "SEND 5", "TCP_CORK 0");
    }

    @Test
    void endedMessage_doesNotWaitForTheOneBehindIt() {
        withCork();
        SegmentPolicy.messageStarted(channel);
        turn(() -> {
            flush(5);
            SegmentPolicy.messageEnded(channel);
            SegmentPolicy.messageStarted(channel);
            flush(6);
        });
        assertLog("SEND 11");
        flush(7);
        turn();
        assertLog("SEND 11", "TCP_CORK 1", "SEND 7");
        SegmentPolicy.messageEnded(channel);
        turn();
        assertLog("SEND 11", "TCP_CORK 1", "SEND 7", "TCP_CORK 0");
    }

    @Test
    void push_sendsInTheMiddleOfAMessage_evenWhatWasHeld() {
        withCork();
        SegmentPolicy.messageStarted(channel);
        flush(5);
        turn();
        channel.pipeline().write(Unpooled.wrappedBuffer(new byte[6]));
        SegmentPolicy.push(channel);
        turn();
        assertLog("TCP_CORK 1", "SEND 5", "SEND 6", "TCP_CORK 0");
        flush(7);
        turn();
        assertLog("TCP_CORK 1", "SEND 5", "SEND 6", "TCP_CORK 0", "TCP_CORK 1", "SEND 7");
        SegmentPolicy.messageEnded(channel);
        turn();
    }

    @Test
    void messageEndHandler_knowsTheLastObject() {
        withCork();
        channel.pipeline().addLast(new MessageEndHandler(message -> ((ByteBuf) message).readableBytes() == 1));
        flush(5);
        turn();
        flush(6);
        turn();
        flush(1);
        turn();
        flush(1);
        turn();
        assertLog("TCP_CORK 1", "SEND 5", "SEND 6", "SEND 1", "TCP_CORK 0", "SEND 1");
    }

    @Test
    void messageEndHandler_testThatThrows_endsEveryMessageAndWarnsOnce() {
        NoWarnings.expect("the test for the end of a message failed");
        withCork();
        channel.pipeline().addLast(new MessageEndHandler(message -> {
            throw new IllegalStateException("of the test");
        }));
        flush(5);
        turn();
        flush(6);
        turn();
        assertLog("SEND 5", "SEND 6");
    }

    // ---- nothing waits for ever ------------------------------------------------------------------------------------

    @Test
    void pause_endsAtTheHoldLimit_andTheStreamIsNotHeldAgain() {
        withCork();
        SegmentPolicy.messageStarted(channel);
        flush(5);
        turn();
        system.pass(channel, 9);
        assertLog("TCP_CORK 1", "SEND 5");
        system.pass(channel, 1);
        assertLog("TCP_CORK 1", "SEND 5", "TCP_CORK 0");
        flush(6);
        turn();
        flush(7);
        turn();
        assertLog("TCP_CORK 1", "SEND 5", "TCP_CORK 0", "SEND 6", "SEND 7");
        SegmentPolicy.messageEnded(channel);
        SegmentPolicy.messageStarted(channel);
        turn();
        flush(8);
        turn();
        assertEquals(List.of("TCP_CORK 1", "SEND 8"), channel.log().subList(5, 7));
    }

    @Test
    void pause_withoutACork_endsAtTheHoldLimit() {
        withoutCork();
        SegmentPolicy.messageStarted(channel);
        flush(5);
        turn();
        system.pass(channel, 9);
        assertLog();
        system.pass(channel, 1);
        assertLog("SEND 5");
        flush(6);
        turn();
        assertLog("SEND 5", "SEND 6");
    }

    @Test
    void trickle_isLetGoOncePerHoldLimit_andStaysCorkedBetween() {
        withCork();
        SegmentPolicy.messageStarted(channel);
        for (int i = 0; i < 6; i++) {
            flush(1);
            turn();
            system.pass(channel, 4);
        }
        assertLog(
                "TCP_CORK 1",
                "SEND 1",
                "SEND 1",
                "SEND 1",
                "TCP_CORK 0",
                "TCP_CORK 1",
                "SEND 1",
                "SEND 1",
                "SEND 1",
                "TCP_CORK 0");
    }

    @Test
    void secondWait_isCountedFromItsOwnBeginning() {
        withCork();
        SegmentPolicy.messageStarted(channel);
        flush(5);
        turn();
        system.pass(channel, 8);
        SegmentPolicy.messageEnded(channel);
        turn();
        SegmentPolicy.messageStarted(channel);
        flush(6);
        turn();
        system.pass(channel, 9);
        assertLog("TCP_CORK 1", "SEND 5", "TCP_CORK 0", "TCP_CORK 1", "SEND 6");
        system.pass(channel, 1);
        assertLog("TCP_CORK 1", "SEND 5", "TCP_CORK 0", "TCP_CORK 1", "SEND 6", "TCP_CORK 0");
    }

    @Test
    void slowPeer_uncorkWaitsForTheLastByte() {
        withCork();
        channel.room(3);
        SegmentPolicy.messageStarted(channel);
        flush(5);
        turn();
        flush(6);
        SegmentPolicy.messageEnded(channel);
        turn();
        assertLog("TCP_CORK 1", "SEND 3");
        channel.room(1000);
        assertLog("TCP_CORK 1", "SEND 3", "SEND 8", "TCP_CORK 0");
    }

    /** The close stands between: a barrier that is written now fails at once. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // it spun
    void slowPeer_gracefulCloseWithMoreQueued_corksNoMore_andTheFinGoesWithoutCork() {
        system.silentFor(0);
        channel = new EmbeddedDuplexChannel(
                FrozenHandlers.on(system), new CorkHandler(CorkHandler.HOLD_LIMIT, system), turns);
        channel.logSends();
        channel.room(3);
        SegmentPolicy.messageStarted(channel);
        flush(5);
        turn();
        SegmentPolicy.messageEnded(channel);
        turn();
        flush(6);
        turn();
        channel.pipeline().close();
        channel.room(2);
        channel.room(1);
        channel.room(1000);
        List<String> log = channel.log();
        assertEquals(1, Collections.frequency(log, "TCP_CORK 1"), log::toString);
        assertEquals(1, Collections.frequency(log, "TCP_CORK 0"), log::toString);
        assertTrue(log.indexOf("TCP_CORK 0") < log.indexOf("FIN"), log::toString);
        channel.peerFin();
        assertFalse(channel.isOpen());
    }

    @Test
    void slowPeer_holdLimit_leavesTheCorkWhileTheQueueIsNotEmpty() {
        withCork();
        channel.room(3);
        SegmentPolicy.messageStarted(channel);
        flush(5);
        turn();
        system.pass(channel, 35);
        assertLog("TCP_CORK 1", "SEND 3");
        channel.room(1000);
        system.pass(channel, 10);
        assertLog("TCP_CORK 1", "SEND 3", "SEND 2", "TCP_CORK 0");
    }

    @Test
    void slowPeer_senderThatGoesOn_isNotTakenForAStream() {
        withCork();
        channel.room(3);
        SegmentPolicy.messageStarted(channel);
        flush(5);
        turn();
        system.pass(channel, 35);
        channel.room(1000);
        flush(6);
        turn();
        SegmentPolicy.messageEnded(channel);
        turn();
        assertLog("TCP_CORK 1", "SEND 3", "SEND 2", "SEND 6", "TCP_CORK 0");
    }

    @Test
    void slowPeer_nextMessageInTheQueue_isCorkedAnew() {
        withCork();
        channel.room(3);
        SegmentPolicy.messageStarted(channel);
        flush(5);
        turn();
        SegmentPolicy.messageEnded(channel);
        turn();
        SegmentPolicy.messageStarted(channel);
        flush(6);
        turn();
        channel.room(2);
        assertLog("TCP_CORK 1", "SEND 3", "SEND 2", "TCP_CORK 0", "TCP_CORK 1");
        channel.room(1000);
        SegmentPolicy.messageEnded(channel);
        turn();
        assertLog("TCP_CORK 1", "SEND 3", "SEND 2", "TCP_CORK 0", "TCP_CORK 1", "SEND 6", "TCP_CORK 0");
    }

    // ---- ends ------------------------------------------------------------------------------------------------------

    @Test
    void close_inTheMiddleOfAMessage_uncorksBeforeTheFin() {
        withCork();
        channel.pipeline().addFirst(FrozenHandlers.on(system));
        SegmentPolicy.messageStarted(channel);
        flush(5);
        turn();
        flush(6);
        channel.pipeline().close();
        channel.runPendingTasks();
        assertEquals(
                List.of("TCP_CORK 1", "SEND 5", "SEND 6", "TCP_CORK 0", "FIN"),
                channel.log().subList(0, 5));
        channel.peerFin();
        assertFalse(channel.isOpen());
    }

    @Test
    void close_withoutGracefulClose_sendsWhatWasFlushed() {
        withoutCork();
        SegmentPolicy.messageStarted(channel);
        flush(5);
        channel.pipeline().close();
        assertLog("SEND 5", "CLOSE");
        channel.runPendingTasks();
    }

    @Test
    void transportCloses_whileCorked_leavesNothingBehind() {
        withCork();
        SegmentPolicy.messageStarted(channel);
        flush(5);
        turn();
        channel.peerFin();
        assertLog("TCP_CORK 1", "SEND 5", "CLOSE");
        assertEquals(-1, channel.runScheduledPendingTasks(), "a timer is left");
    }

    @Test
    void removal_whileHeld_sendsAndUncorks() {
        withCork();
        SegmentPolicy.messageStarted(channel);
        flush(5);
        turn();
        flush(6);
        channel.pipeline().remove(CorkHandler.class);
        assertLog("TCP_CORK 1", "SEND 5", "SEND 6", "TCP_CORK 0");
        turn();
        assertEquals(-1, channel.runScheduledPendingTasks(), "a timer is left");
    }

    @Test
    void removal_whileTheQueueEmpties_leavesNoCork() {
        withCork();
        channel.room(3);
        SegmentPolicy.messageStarted(channel);
        flush(5);
        turn();
        channel.pipeline().remove(CorkHandler.class);
        flush(6);
        channel.room(2);
        channel.room(1000);
        assertLog("TCP_CORK 1", "SEND 3", "SEND 2", "TCP_CORK 0", "TCP_CORK 1", "SEND 6", "TCP_CORK 0");
    }

    @Test
    void deregistration_whileHeld_sendsFirst() {
        withoutCork();
        SegmentPolicy.messageStarted(channel);
        flush(5);
        channel.pipeline().deregister();
        assertLog("SEND 5");
    }

    @Test
    void pushFromAListenerOfTheSend_isNotForgotten() {
        withCork();
        SegmentPolicy.messageStarted(channel);
        channel.pipeline().writeAndFlush(Unpooled.wrappedBuffer(new byte[5])).addListener(sent -> {
            channel.pipeline().write(Unpooled.wrappedBuffer(new byte[6]));
            SegmentPolicy.push(channel);
        });
        turn();
        assertEquals("TCP_CORK 0", channel.log().get(channel.log().size() - 1), channel.log()::toString);
        assertEquals(11, channel.taken());
        SegmentPolicy.messageEnded(channel);
        turn();
    }

    @Test
    void signsWithoutThePolicy_doNothing() {
        channel = new EmbeddedDuplexChannel();
        channel.logSends();
        SegmentPolicy.messageStarted(channel);
        flush(5);
        SegmentPolicy.messageEnded(channel);
        channel.pipeline().write(Unpooled.wrappedBuffer(new byte[6]));
        SegmentPolicy.push(channel);
        assertLog("SEND 5", "SEND 6");
    }

    @Test
    void corkOnAChannelWithoutSegments_isNotAdded() {
        channel = new EmbeddedDuplexChannel();
        SegmentPolicy.CORK.applyTo(channel);
        assertNull(channel.pipeline().get(CorkHandler.class));
    }

    @Test
    void add_standsBehindTheGracefulCloseHandler_orFirst() {
        channel = new EmbeddedDuplexChannel(new ChannelInboundHandlerAdapter());
        SegmentPolicy.add(channel.pipeline(), new CorkHandler());
        assertEquals(0, placeOfCork());
        channel.pipeline().remove(CorkHandler.class);
        channel.pipeline().addFirst(new GracefulCloseHandler());
        SegmentPolicy.add(channel.pipeline(), new CorkHandler());
        assertEquals(1, placeOfCork());
        channel.pipeline().close();
    }

    @Test
    void holdLimit_isTheSameInCodeJavadocAndDocs() throws IOException {
        String limit = CorkHandler.HOLD_LIMIT.toMillis() + " ms";
        assertTrue(Files.readString(Path.of("docs/configuration.md"))
                .contains("| hold limit of `CORK` | " + limit + " |"));
        assertTrue(Files.readString(Path.of("docs/segments.md")).contains("and " + limit + "."));
        assertTrue(Files.readString(Path.of("src/main/java/dev/lastbyte/tcp/SegmentPolicy.java"))
                .contains("wait for the rest of their message for " + limit + " at most"));
    }

    // ---- inside ----------------------------------------------------------------------------------------------------

    private void messageOfThreeTurns() {
        SegmentPolicy.messageStarted(channel);
        flush(5);
        turn();
        flush(6);
        turn();
        flush(7);
        SegmentPolicy.messageEnded(channel);
        turn();
    }

    private int placeOfCork() {
        return channel.pipeline()
                .names()
                .indexOf(channel.pipeline().context(CorkHandler.class).name());
    }

    private void withCork() {
        system.silentFor(0);
        withoutCork();
    }

    private void withoutCork() {
        channel = new EmbeddedDuplexChannel(new CorkHandler(CorkHandler.HOLD_LIMIT, system), turns);
        channel.logSends();
    }

    /** What is done in here is one turn; without it, every call that reaches the channel ends one. */
    private void turn(Runnable body) {
        turns.body = body;
        channel.flush();
        if (turns.failure != null) {
            throw turns.failure;
        }
    }

    private void flush(int bytes) {
        channel.pipeline().writeAndFlush(Unpooled.wrappedBuffer(new byte[bytes]));
    }

    private void turn() {
        channel.runPendingTasks();
    }

    private void assertLog(String... expected) {
        assertEquals(List.of(expected), channel.log());
    }

    /** Runs something within a call of the channel's, during which the channel runs no tasks. */
    private static final class Turns extends ChannelOutboundHandlerAdapter {
        private Runnable body;
        private AssertionError failure;

        @Override
        public void flush(ChannelHandlerContext ctx) {
            Runnable now = body;
            body = null;
            if (now == null) {
                ctx.flush();
            } else {
                try {
                    now.run();
                } catch (AssertionError e) {
                    failure = e; // the pipeline would swallow it
                }
            }
        }
    }

    /** Answers each read. */
    private static final class Answering extends ChannelInboundHandlerAdapter {
        private final int bytes;

        Answering(int bytes) {
            this.bytes = bytes;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
            ctx.writeAndFlush(Unpooled.wrappedBuffer(new byte[bytes]));
        }
    }
}
