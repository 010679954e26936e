package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.internal.TcpInfo;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.Listening;
import dev.lastbyte.testing.Script;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A drain of a server whose time stands still, told as a script of words: {@link #play}. Confined to the test's thread.
 */
final class FrozenDrain {
    static final DrainPolicy POLICY = DrainPolicy.builder()
            .idleAfter(Duration.ofMillis(200))
            .gracePeriod(Duration.ofMillis(1000))
            .longLivedPeriod(Duration.ofMillis(1500))
            .drainTimeout(Duration.ofMillis(3000))
            .build();

    final FrozenServer server;
    private final List<Events> events = new ArrayList<>();
    private int current;
    private @Nullable DrainSequence drain;

    FrozenDrain() {
        this(new FrozenServer());
    }

    FrozenDrain(FrozenServer server) {
        this.server = server;
    }

    // ---- what happens ----------------------------------------------------------------------------------------------

    /**
     * Plays a script. What is said about a connection is said about the newest one, or about that which {@code at:N} chose, counted
     * from 1.
     *
     * <ul>
     *   <li>The kernel: {@code silent} the connections were last used 10 s ago, and this side spoke last, {@code asked} the peers did;
     *       or both in the same tick, and {@code answered} no acknowledgement ever had to go alone, {@code left} the last had to, {@code acked}
     *       earlier ones had to and the peers acknowledged later, {@code probed} seconds later, {@code either} in the same tick too;
     *       {@code early} the kernel may still wait for data to carry it;
     *       {@code used} they were used just now;
     *       {@code unread} and {@code read} there is unread input or not; {@code room:N} it takes N bytes, {@code room} all.
     *   <li>Connections: {@code connect}, or {@code connect:N} for several; {@code client} one to
     *       another server; {@code stubborn} one whose close never comes through;
     *       {@code busy} an exchange begins, {@code done} it ends; {@code longlived}, and {@code shortlived} to undo it; {@code write:N} without a flush, {@code out:N} with one;
     *       {@code in:N} input; {@code close}; {@code fin} and {@code rst} the peer's.
     *   <li>{@code drain} with {@link #POLICY}. {@code 200ms}, {@code 5s}: time passes. {@code stopped:N} the process
     *       is stopped for N ms.
     *   <li>What must be true: {@code phase:P} of the drain; {@code told:N} the connection has heard N events; {@code untouched}
     *       nothing was done to its socket; {@code closing} the first thing was its FIN; {@code open}, {@code over}.
     * </ul>
     */
    FrozenDrain play(String script) {
        Script.play(script, this::play);
        return this;
    }

    private void play(Script.Word word) {
        switch (word.name()) {
            case "silent" -> server.system.silentFor(10_000);
            case "asked" -> server.system.silentFor(10_000, TcpInfo.LastWord.RECEIVED);
            case "answered" -> server.system.sameTick(10_000, true, 1, 10_000);
            case "left" -> server.system.sameTick(10_000, false, 2, 10_000);
            case "acked" -> server.system.sameTick(10_000, true, 7, 9_960);
            case "probed" -> server.system.sameTick(10_000, true, 7, 2_000);
            case "either" -> server.system.sameTick(10_000, true, 7, 10_000);
            case "early" -> server.system.sameTick(240, true, 1, 240);
            case "used" -> server.system.silentFor(0);
            case "unread" -> server.system.unreadInput(true);
            case "read" -> server.system.unreadInput(false);
            case "room" -> channel().room(word.argument().isEmpty() ? Long.MAX_VALUE : word.number());
            case "connect" -> {
                for (int i = 0; i < word.numberOr(1); i++) {
                    connect();
                }
            }
            case "client" -> connect(server::connectTo);
            case "stubborn" -> connect(new SwallowsClose());
            case "at" -> current = word.number() - 1;
            case "busy" -> GracefulCloseHandler.exchangeStarted(channel());
            case "done" -> GracefulCloseHandler.exchangeEnded(channel());
            case "longlived" -> GracefulCloseHandler.longLived(channel());
            case "shortlived" -> GracefulCloseHandler.longLivedEnded(channel());
            case "write" -> channel().write(Unpooled.wrappedBuffer(new byte[word.number()]));
            case "in" -> channel().peerSends(word.number());
            case "out" -> channel().writeAndFlush(Unpooled.wrappedBuffer(new byte[word.number()]));
            case "close" -> channel().pipeline().close();
            case "fin" -> channel().peerFin();
            case "rst" -> channel().peerRst();
            case "drain" -> drain(policy -> policy);
            case "pass" -> server.pass(word.number());
            case "stopped" -> server.stop(word.number());
            case "phase" -> assertEquals(DrainPhase.valueOf(word.argument()), drain().phase());
            case "told" -> assertEquals(word.number(), events().size());
            case "untouched" -> assertEquals(List.of(), channel().log());
            case "closing" ->
                assertEquals("FIN", channel().log().stream().findFirst().orElse("nothing"));
            case "open" -> assertTrue(channel().isOpen(), "the connection is closed");
            case "over" -> assertFalse(channel().isOpen(), "the connection is open");
            default -> throw word.unknown();
        }
    }

    private void connect(ChannelHandler... more) {
        connect(handlers -> server.connect(
                Stream.concat(Stream.of(handlers), Stream.of(more)).toArray(ChannelHandler[]::new)));
    }

    private void connect(Consumer<ChannelHandler[]> how) {
        Events heard = new Events();
        events.add(heard);
        current = server.channels.size();
        how.accept(new ChannelHandler[] {heard});
    }

    /** Begins a drain with a policy made from {@link #POLICY}. */
    FrozenDrain drain(UnaryOperator<DrainPolicy.Builder> change) {
        drain = server.drain(change.apply(POLICY.toBuilder()).build());
        return this;
    }

    // ---- what came of it -------------------------------------------------------------------------------------------

    /** The newest connection, or that which {@code at:N} chose. */
    EmbeddedDuplexChannel channel() {
        return server.channels.get(current);
    }

    /** What that connection has heard of the drain. */
    List<DrainEvent> events() {
        return events.get(current).seen;
    }

    DrainSequence drain() {
        assertNotNull(drain, "no drain has begun");
        return drain;
    }

    /** The report of the drain, which must have ended. */
    DrainReport report() {
        assertTrue(drain().future().isDone(), () -> "still in " + drain().phase());
        return drain().future().join();
    }

    /** Keeps the drain's events. */
    private static final class Events extends Listening {
        private final List<DrainEvent> seen = new ArrayList<>();

        @Override
        public void drain(ChannelHandlerContext ctx, Drain drain) {
            seen.add((DrainEvent) drain);
        }
    }

    /** A protocol that never gets its farewell out. */
    private static final class SwallowsClose extends ChannelOutboundHandlerAdapter {
        @Override
        public void close(ChannelHandlerContext ctx, ChannelPromise promise) {}
    }
}
