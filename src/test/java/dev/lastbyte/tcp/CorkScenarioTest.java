package dev.lastbyte.tcp;

import static dev.lastbyte.tcp.CorkedConnection.bytes;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lastbyte.testing.NoWarnings;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What the corking handler does to the socket, call by call, in turns of the event loop and over messages. */
@ExtendWith(NoWarnings.class)
class CorkScenarioTest {
    private final CorkedConnection corked = CorkedConnection.withCork();

    // ---- one turn --------------------------------------------------------------------------------------------------

    @Test
    void oneFlush_isOneSendWithoutAnOption() {
        corked.inOneTurn(() -> corked.play("flush:10").did(""));
        corked.did("10");
    }

    @Test
    void sixFlushesOfOneTurn_areOneSendWithoutAnOption() {
        corked.inOneTurn("flush:1 flush:1 flush:1 flush:1 flush:1 flush:1").did("6");
    }

    @Test
    void fileBehindItsHeader_isCorkedUntilBothAreSent() {
        corked.inOneTurn("flush:200 file:800").did("CORK 200 800 UNCORK");
    }

    @Test
    void fullQueue_isEmptiedWithinTheTurn_andTheRestFollowsBeforeTheUncork() {
        corked.inOneTurn(() -> corked.play("flush:100000").did("CORK 100000").play("flush:5"));
        corked.did("5 UNCORK");
    }

    @Test
    void fullQueue_atTheEndOfItsMessage_needsNoOption() {
        corked.play("start write:100000 end");
        corked.channel.pipeline().flush();
        corked.did("100000");
    }

    @Test
    void answerWithinARead_leavesAtReadComplete() {
        corked.channel.pipeline().addLast(new Answering(5));
        corked.inOneTurn(
                () -> corked.play("receive receive").did("").play("complete").did("10"));
        corked.did("");
    }

    @Test
    void flushWithinReadComplete_leavesWithIt() {
        corked.channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelReadComplete(ChannelHandlerContext ctx) {
                ctx.writeAndFlush(bytes(7));
            }
        });
        corked.inOneTurn(() -> corked.play("complete").did("7"));
    }

    // ---- messages --------------------------------------------------------------------------------------------------

    @Test
    void messageOverTurns_isCorkedFromItsFirstFlushToItsEnd() {
        corked.play("start flush:5 turn flush:6 turn flush:7 end turn").did("CORK 5 6 7 UNCORK");
    }

    @Test
    void messageOverTurns_withoutACork_waitsInTheQueue() {
        CorkedConnection.withoutCork()
                .play("start flush:5 turn flush:6 turn flush:7 end turn")
                .did("18");
    }

    @Test
    void messageOverTurns_withoutACork_doesNotFillTheQueue() {
        CorkedConnection.withoutCork()
                .play("start flush:5 turn flush:100000")
                .did("100005")
                .play("end turn");
    }

    @Test
    void unflushedWriteThatFillsTheQueue_letsGoWhatIsHeld() {
        CorkedConnection bare = CorkedConnection.withoutCork().play("start flush:5 turn write:100000");
        assertEquals(100_005, bare.channel.taken());
        bare.play("turn");
    }

    @Test
    void endBehindTheLastFlush_uncorks() {
        corked.play("start flush:5 turn end turn").did("CORK 5 UNCORK");
    }

    @Test
    void endedMessage_doesNotWaitForTheOneBehindIt() {
        corked.play("start").inOneTurn("flush:5 end start flush:6").did("11");
        corked.play("flush:7 turn").did("CORK 7");
        corked.play("end turn").did("UNCORK");
    }

    @Test
    void push_sendsInTheMiddleOfAMessage_evenWhatWasHeld() {
        corked.play("start flush:5 turn write:6 push turn").did("CORK 5 6 UNCORK");
        corked.play("flush:7 turn").did("CORK 7");
        corked.play("end turn");
    }

    @Test
    void pushFromAListenerOfTheSend_isNotForgotten() {
        corked.play("start");
        corked.channel.pipeline().writeAndFlush(bytes(5)).addListener(sent -> corked.play("write:6 push"));
        corked.play("turn");
        assertEquals(
                "TCP_CORK 0",
                corked.channel.log().get(corked.channel.log().size() - 1),
                corked.channel.log()::toString);
        assertEquals(11, corked.channel.taken());
        corked.play("end turn");
    }

    @Test
    void messageEndHandler_knowsTheLastObject() {
        corked.channel.pipeline().addLast(new MessageEndHandler(message -> ((ByteBuf) message).readableBytes() == 1));
        corked.play("flush:5 turn flush:6 turn flush:1 turn flush:1 turn").did("CORK 5 6 1 UNCORK 1");
    }

    @Test
    void messageEndHandler_testThatThrows_endsEveryMessageAndWarnsOnce() {
        NoWarnings.expect("the test for the end of a message failed");
        corked.channel.pipeline().addLast(new MessageEndHandler(message -> {
            throw new IllegalStateException("of the test");
        }));
        corked.play("flush:5 turn flush:6 turn").did("5 6");
    }

    @Test
    void signsWithoutThePolicy_doNothing() {
        CorkedConnection.withoutPolicy().play("start flush:5 end write:6 push").did("5 6");
    }

    /** Answers each read. */
    private static final class Answering extends ChannelInboundHandlerAdapter {
        private final int count;

        Answering(int count) {
            this.count = count;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
            ctx.writeAndFlush(bytes(count));
        }
    }
}
