package dev.lastbyte;

import io.netty.channel.ChannelHandlerContext;

/**
 * How a protocol says goodbye: its last words before {@code close()}, and what the peer answers. An answer is the
 * acknowledgement that TCP cannot give: that the peer's <i>application</i> has read everything. Give one to a {@link
 * FarewellHandler}; a protocol that needs more makes a handler of its own with {@link Goodbye}.
 *
 * <p>A protocol of lines, whose peers answer {@code BYE} with {@code OK}:
 *
 * <pre>{@code
 * final class LineFarewell implements Farewell {
 *     public String protocol() {
 *         return "line";
 *     }
 *
 *     public boolean goodbye(ChannelHandlerContext ctx) {
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
 * <p>Its methods are called on the channel's event loop, for one connection if it is one connection's.
 */
public interface Farewell {
    /** The protocol's name, for reports. */
    String protocol();

    /**
     * The server is being drained: no new work should be taken now. By default nothing happens; the manager closes the
     * connection when it is idle or its time is over, and then {@link #goodbye} is called.
     *
     * @param ctx the handler's context
     * @param event how long there is
     */
    default void drain(ChannelHandlerContext ctx, DrainEvent event) {}

    /**
     * {@code close()} was called: writes the last words, with {@code ctx}, and flushes them. Called once at most.
     *
     * @param ctx the handler's context
     * @return whether to wait for the peer's answer
     */
    boolean goodbye(ChannelHandlerContext ctx);

    /**
     * Whether a message is the peer's answer; it then goes no further. Asked about each message that arrives after {@link
     * #goodbye}, until the first answer.
     *
     * @param message as the codec in front has decoded it
     */
    boolean isAnswer(Object message);
}
