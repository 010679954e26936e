package dev.lastbyte.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lastbyte.FrozenHandlers;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.FrozenSystem;
import dev.lastbyte.testing.Script;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.DefaultFileRegion;
import java.io.File;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A connection with the corking handler whose time stands still, told as a script of words: {@link #play}. What was done to the
 * socket is asked with {@link #did}. Confined to the test's thread.
 */
final class CorkedConnection {
    final FrozenSystem system;
    final EmbeddedDuplexChannel channel;
    private final Turns turns;
    private int asked;

    private CorkedConnection(FrozenSystem system, Turns turns, ChannelHandler... handlers) {
        this.system = system;
        this.turns = turns;
        channel = new EmbeddedDuplexChannel(handlers);
        channel.logSends();
    }

    private static CorkedConnection of(FrozenSystem system, ChannelHandler... inFront) {
        Turns turns = new Turns();
        CorkHandler cork = new CorkHandler(CorkHandler.HOLD_LIMIT, system);
        return new CorkedConnection(
                system,
                turns,
                Stream.concat(Arrays.stream(inFront), Stream.of(cork, turns)).toArray(ChannelHandler[]::new));
    }

    /** On a transport that has TCP_CORK. */
    static CorkedConnection withCork() {
        FrozenSystem system = new FrozenSystem();
        system.silentFor(0);
        return of(system);
    }

    /** The same behind the handler that closes gracefully. */
    static CorkedConnection withCorkAndGracefulClose() {
        FrozenSystem system = new FrozenSystem();
        system.silentFor(0);
        return of(system, FrozenHandlers.on(system));
    }

    /** On a transport that has none. */
    static CorkedConnection withoutCork() {
        return of(new FrozenSystem());
    }

    /** Without the policy. */
    static CorkedConnection withoutPolicy() {
        return new CorkedConnection(new FrozenSystem(), new Turns());
    }

    // ---- what happens ----------------------------------------------------------------------------------------------

    /**
     * Plays a script.
     *
     * <ul>
     *   <li>The application: {@code start} and {@code end} of a message, {@code push}; {@code flush:N} writes N bytes and flushes,
     *       {@code write:N} only writes, {@code file:N} writes a file and flushes; {@code close}; {@code remove} the handler.
     *   <li>The event loop: {@code turn} the turn ends; {@code receive} one byte, {@code complete} the read is complete.
     *       {@code 9ms}, {@code 5s}: time passes.
     *   <li>The kernel: {@code room:N} it takes N bytes. The peer: {@code fin}.
     * </ul>
     */
    CorkedConnection play(String script) {
        Script.play(script, this::play);
        return this;
    }

    private void play(Script.Word word) {
        switch (word.name()) {
            case "start" -> SegmentPolicy.messageStarted(channel);
            case "end" -> SegmentPolicy.messageEnded(channel);
            case "push" -> SegmentPolicy.push(channel);
            case "flush" -> channel.pipeline().writeAndFlush(bytes(word.number()));
            case "write" -> channel.pipeline().write(bytes(word.number()));
            case "file" -> channel.pipeline().writeAndFlush(new DefaultFileRegion(new File("any"), 0, word.number()));
            case "close" -> channel.pipeline().close();
            case "remove" -> channel.pipeline().remove(CorkHandler.class);
            case "turn" -> channel.runPendingTasks();
            case "receive" -> channel.pipeline().fireChannelRead(bytes(1));
            case "complete" -> channel.pipeline().fireChannelReadComplete();
            case "pass" -> system.pass(channel, word.number());
            case "room" -> channel.room(word.number());
            case "fin" -> channel.peerFin();
            default -> throw word.unknown();
        }
    }

    /** Plays a script within one turn; outside of it, every call that reaches the channel ends one. */
    CorkedConnection inOneTurn(String script) {
        return inOneTurn(() -> play(script));
    }

    /** Does something within one turn; outside of it, every call that reaches the channel ends one. */
    CorkedConnection inOneTurn(Runnable body) {
        turns.body = body;
        channel.flush();
        if (turns.failure != null) {
            throw turns.failure;
        }
        return this;
    }

    static ByteBuf bytes(int count) {
        return Unpooled.wrappedBuffer(new byte[count]);
    }

    // ---- what came of it -------------------------------------------------------------------------------------------

    /** What was done to the socket since this was last asked: CORK, UNCORK, the size of each send, FIN, CLOSE. */
    CorkedConnection did(String expected) {
        List<String> log = channel.log();
        String fresh = log.stream().skip(asked).map(CorkedConnection::inShort).collect(Collectors.joining(" "));
        asked = log.size();
        assertEquals(expected, fresh, log::toString);
        return this;
    }

    private static String inShort(String entry) {
        return switch (entry) {
            case "TCP_CORK 1" -> "CORK";
            case "TCP_CORK 0" -> "UNCORK";
            default -> entry.replaceFirst("^SEND ", "");
        };
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
}
