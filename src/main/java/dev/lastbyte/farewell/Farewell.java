package dev.lastbyte.farewell;

import dev.lastbyte.ConnectionEvents;
import io.netty.channel.ChannelHandlerContext;

/**
 * A protocol's farewell: the last words that it sends before {@code close()}, and the answer that the peer sends to them. The answer
 * acknowledges what TCP cannot: that the peer's <i>application</i> has read everything. Give a farewell to a {@link FarewellHandler};
 * for a protocol that needs more, write a handler that uses a {@link FarewellExchange}.
 *
 * <p>A line protocol whose peers answer {@code BYE} with {@code OK}:
 *
 * <pre>{@code
 * final class LineFarewell implements Farewell {
 *     public String protocol() {
 *         return "line";
 *     }
 *
 *     public boolean say(ChannelHandlerContext ctx) {
 *         ctx.writeAndFlush("BYE\n");
 *         return true; // and wait for the answer
 *     }
 *
 *     public boolean isAnswer(Object message) {
 *         return message.equals("OK");
 *     }
 * }
 * }</pre>
 *
 * <p>Its methods are called on the channel's event loop. An instance that keeps the state of a connection serves that one only.
 */
public interface Farewell {
    /** The protocol's name, for reports. */
    String protocol();

    /**
     * The server is being drained: take no new work now. By default nothing happens; the manager closes the connection when it is
     * idle or its time is over, and then {@link #say} is called.
     *
     * @param ctx the handler's context
     * @param drain how much time there is
     */
    default void drain(ChannelHandlerContext ctx, ConnectionEvents.Drain drain) {}

    /**
     * {@code close()} was called: writes the last words with {@code ctx}, and flushes them. Called at most once.
     *
     * @param ctx the handler's context
     * @return whether to wait for the peer's answer
     */
    boolean say(ChannelHandlerContext ctx);

    /**
     * Whether a message is the peer's answer, which then goes no further. Asked of each message that arrives after {@link #say}, until
     * the first answer.
     *
     * @param message as the codec in front has decoded it
     */
    boolean isAnswer(Object message);
}
