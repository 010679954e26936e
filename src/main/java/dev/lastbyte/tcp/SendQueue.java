package dev.lastbyte.tcp;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.internal.Checks;
import dev.lastbyte.internal.EventLoops;
import dev.lastbyte.internal.SocketSamples;
import dev.lastbyte.internal.SystemView;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelPromise;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;

/**
 * What is still on its way to the peer: bytes that were written and that the peer's TCP has not acknowledged. A write's promise
 * completes when the kernel has taken the bytes. From there to the peer they may take any time, and {@code close()} may lose them.
 * This class keeps sender and receiver in step while the connection is open.
 *
 * <p>Acknowledged bytes are in the peer's kernel. Only an answer of the peer's application can tell that it has read them.
 *
 * <p>The kernel is asked through TCP_INFO, on epoll and io_uring, on Linux 4.19 and newer. On a Unix domain socket, what is written
 * lies in the peer's queue already. On NIO the kernel's table of sockets tells a little (see {@link #snapshot}). Elsewhere nothing
 * is known.
 *
 * <p>All methods may be called from any thread. Stateless and thread-safe.
 */
public final class SendQueue {
    /**
     * The index of {@link io.netty.channel.ChannelOutboundBuffer#setUserDefinedWritability(int, boolean)} that {@link
     * #limitInFlight} uses: {@value}. Netty's own traffic shapers use 1 to 3.
     */
    public static final int WRITABILITY_INDEX = 31;

    private SendQueue() {}

    /**
     * Where the connection's bytes are now. On epoll and io_uring this takes one system call, on the event loop; if it is called
     * there, the returned future is complete. On NIO a separate thread looks up the state and the unacknowledged bytes in the
     * kernel's table of sockets ({@code /proc/net/tcp}), once for all who have asked meanwhile. That takes tens of milliseconds
     * where there are thousands of sockets, and shows one moment between the call and the completion. If the channel is closed, not
     * registered, or neither TCP nor a Unix domain socket, only {@link SendQueueSnapshot#nettyBytes()} is known.
     *
     * <p>The future never fails; its listeners run on the channel's event loop.
     *
     * @throws NullPointerException if {@code channel} is null
     */
    public static Future<SendQueueSnapshot> snapshot(Channel channel) {
        return snapshot(channel, SystemView.REAL, SocketSamples.SYSTEM);
    }

    static Future<SendQueueSnapshot> snapshot(Channel channel, SystemView system, SocketSamples samples) {
        EventExecutor loop = EventLoops.of(Objects.requireNonNull(channel, "channel"));
        Promise<SendQueueSnapshot> promise = new DefaultPromise<>(loop);
        if (!channel.isRegistered()) {
            return promise.setSuccess(SendQueueSnapshot.unknown(0));
        }
        SendQueueSnapshot.Reading reading = new SendQueueSnapshot.Reading(channel, system, samples);
        if (!EventLoops.run(loop, () -> reading.into(promise))) {
            promise.trySuccess(SendQueueSnapshot.unknown(0)); // the event loop has ended, and the connection with it
        }
        return promise;
    }

    /**
     * Completes when the peer's TCP has acknowledged everything that was written to the channel before this call, in whatever
     * handler it was. This call flushes, because what is not flushed is never acknowledged. Later writes do not count, except for
     * bytes that the kernel takes in the same call.
     *
     * <p>A message without content is written from the end of the pipeline, behind what TLS, a chunked writer or a traffic shaper still
     * holds. Encoders pass it on, and nothing of it reaches the wire but, under TLS, an empty record. A handler that fails at a message
     * that is not of its type fails this call. When it has passed, the kernel is asked how much it has, and how
     * much of that is acknowledged: four times a round trip, ever more rarely while nothing changes (1 to 50 ms), and after each
     * read. One timer per event loop serves all its channels. Afterwards nothing is polled.
     *
     * <p>It fails
     *
     * <ul>
     *   <li>with the write's own exception, if nothing can be written any more: the channel is closed, {@link
     *       GracefulCloseHandler} is closing it, its output is shut down, or an earlier write failed in that way;
     *   <li>with {@link NotAcknowledgedException}, if the connection was reset or closed and the acknowledgement was not seen. The
     *       peer may have sent it, and bytes may have arrived;
     *   <li>with {@link UnsupportedOperationException}, if the kernel cannot be asked: NIO, other transports, Linux before 4.19.
     * </ul>
     *
     * <p>There is no time limit. If the peer disappears, the future stays open until the kernel gives up (see TCP_USER_TIMEOUT in
     * tcp(7)) or the channel is closed. With a {@link GracefulCloseHandler} the channel may be closed right after this call; the
     * close then decides the outcome.
     *
     * <p>Listeners run on the channel's event loop. On a Unix domain socket the future completes when the bytes are in the peer's
     * queue.
     *
     * @throws NullPointerException if {@code channel} is null
     * @throws IllegalStateException if the channel has not been registered with an event loop
     */
    public static ChannelFuture acknowledged(Channel channel) {
        return acknowledged(channel, SystemView.REAL);
    }

    static ChannelFuture acknowledged(Channel channel, SystemView system) {
        EventExecutor loop = Objects.requireNonNull(channel, "channel").eventLoop();
        ChannelPromise promise = channel.newPromise();
        boolean runs = EventLoops.run(loop, () -> {
            try {
                Acknowledgements.await(channel, system, promise);
            } catch (Throwable t) {
                promise.tryFailure(t);
            }
        });
        if (!runs) {
            promise.tryFailure(new RejectedExecutionException("the event loop of " + channel + " has ended"));
        }
        return promise;
    }

    /**
     * A new handler that makes its channel unwritable ({@link Channel#isWritable()}) while more bytes than the limit are written
     * and not acknowledged by the peer's TCP, in Netty's buffer or in the kernel. The channel becomes writable again at the limit
     * or below. A sender that heeds {@code isWritable()} then runs ahead of the peer by the limit and one write at most, instead
     * of by the kernel's send buffer of megabytes. The write watermarks work beside it: the channel is writable if both say so.
     *
     * <p>The handler stands nearest the transport, behind a {@link GracefulCloseHandler}. One instance serves one channel. Where the
     * kernel cannot be asked (NIO, Unix domain sockets, Linux before 4.19, other channels) it does nothing and logs one DEBUG line.
     *
     * <p>A sender at its limit waits for acknowledgements. They take a round trip, and the kernel is asked four times in it, but
     * at most once a millisecond. Choose the limit twice as large as what a round trip, or a millisecond, must carry.
     *
     * @param bytes the limit, at least 1
     * @throws IllegalArgumentException if it is less than 1
     */
    public static ChannelHandler limitInFlight(long bytes) {
        return new InFlightLimit(Checks.atLeast(bytes, 1, "bytes"), SystemView.REAL);
    }
}
