package dev.lastbyte;

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
 * What is still on its way to the peer: written, and not acknowledged by the peer's TCP. A write's promise completes when the
 * kernel has taken the bytes; from there to the peer they may take any time, and {@code close()} may lose them. With this, sender
 * and receiver can be kept in step while the connection is open.
 *
 * <p>Acknowledged means: in the peer's kernel. What its application has read, only its own answer can tell.
 *
 * <p>The kernel is asked through TCP_INFO, on epoll and io_uring, from Linux 4.19 on. On a Unix domain socket what is written
 * lies in the peer's queue already. Elsewhere it is unknown; on NIO the kernel's table of sockets tells a little (see {@link
 * #snapshot}).
 *
 * <p>All methods may be called from any thread. Stateless.
 */
public final class SendQueue {
    /**
     * The index of {@link io.netty.channel.ChannelOutboundBuffer#setUserDefinedWritability(int, boolean)} that {@link
     * #limitInFlight} uses: {@value}. Netty's own traffic shapers use 1 to 3.
     */
    public static final int WRITABILITY_INDEX = 31;

    private SendQueue() {}

    /**
     * Where the connection's bytes are now. On epoll and io_uring it takes one system call, on the event loop; asked from there,
     * the returned future is complete. On NIO the state and the unacknowledged bytes are looked up in the kernel's table of
     * sockets ({@code /proc/net/tcp}), on a thread of its own and for all who ask meanwhile together; that takes tens of
     * milliseconds where there are thousands of sockets, and shows one moment between the call and the completion. On a channel
     * that is closed, not registered, or neither TCP nor a Unix domain socket only {@link SendQueueSnapshot#nettyBytes()} is known.
     *
     * <p>The future never fails; its listeners run on the channel's event loop.
     *
     * @throws NullPointerException if {@code channel} is null
     */
    public static Future<SendQueueSnapshot> snapshot(Channel channel) {
        return snapshot(channel, SystemView.REAL, SocketSamples.SYSTEM);
    }

    static Future<SendQueueSnapshot> snapshot(Channel channel, SystemView system, SocketSamples samples) {
        EventExecutor loop = dev.lastbyte.internal.EventLoops.of(Objects.requireNonNull(channel, "channel"));
        Promise<SendQueueSnapshot> promise = new DefaultPromise<>(loop);
        if (!channel.isRegistered()) {
            return promise.setSuccess(SendQueueSnapshot.unknown(0));
        }
        SendQueueReading reading = new SendQueueReading(channel, system, samples);
        try {
            onLoop(loop, () -> reading.into(promise));
        } catch (RejectedExecutionException e) {
            promise.trySuccess(SendQueueSnapshot.unknown(0)); // the event loop has ended, and the connection with it
        }
        return promise;
    }

    /**
     * Completes when the peer's TCP has acknowledged everything that was written to the channel before this call, whatever handler
     * it was in. It flushes, for what is not flushed is never acknowledged. Later writes do not count, but for bytes that the kernel takes
     * in the same call.
     *
     * <p>Technically an empty buffer is written from the end of the pipeline, and when it is through, the kernel is asked how much
     * it has and how much of that is acknowledged: four times a round trip, ever more rarely while nothing changes (1 to 50 ms),
     * and behind each read. One timer per event loop serves all its channels; afterwards nothing is polled.
     *
     * <p>It fails
     *
     * <ul>
     *   <li>with the write's own exception, if a write behind the previous bytes is not possible any more: the channel is closed,
     *       {@link GracefulCloseHandler} is closing it, its output is shut down, or a write before failed in that way;
     *   <li>with {@link NotAcknowledgedException}, if the connection was reset or closed and the acknowledgement was not seen. It
     *       may have been given, and bytes may have arrived;
     *   <li>with {@link UnsupportedOperationException}, if the kernel cannot be asked: NIO, other transports, Linux before 4.19.
     * </ul>
     *
     * <p>There is no limit in time: a peer that is gone without a word leaves it open until the kernel gives up (see TCP_USER_TIMEOUT
     * in tcp(7)) or the channel is closed. With a {@link GracefulCloseHandler} the channel may be closed right after this call: the
     * close sequence decides it.
     *
     * <p>Listeners run on the channel's event loop. On a Unix domain socket it completes when the bytes are in the peer's queue.
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
        try {
            onLoop(loop, () -> {
                try {
                    Acknowledgements.await(channel, system, promise);
                } catch (Throwable t) {
                    promise.tryFailure(t);
                }
            });
        } catch (RejectedExecutionException e) {
            promise.tryFailure(e); // the event loop has ended
        }
        return promise;
    }

    /**
     * A new handler that makes its channel unwritable ({@link Channel#isWritable()}) while more than so many bytes are written
     * and not acknowledged by the peer's TCP, in Netty's buffer or in the kernel, and writable again when it is that many or
     * fewer. A sender that heeds {@code isWritable()} then runs ahead of the peer by the limit and one write at most, instead
     * of by the kernel's send buffer of megabytes. It works beside the write watermarks: the channel is writable if both say so.
     *
     * <p>Its place is nearest the transport, behind a {@link GracefulCloseHandler}; one instance serves one channel. Where the kernel
     * cannot be asked (NIO, Unix domain sockets, Linux before 4.19, other channels) it does nothing and says so in one DEBUG line.
     *
     * <p>A sender at its limit waits for acknowledgements, which take a round trip and are looked for four times in it, but no more
     * often than each millisecond: choose the limit twice as large as what a round trip, or a millisecond, shall carry.
     *
     * @param bytes the limit, at least 1
     * @throws IllegalArgumentException if it is less
     */
    public static ChannelHandler limitInFlight(long bytes) {
        return new InFlightLimit(Checks.atLeast(bytes, 1, "bytes"), SystemView.REAL);
    }

    private static void onLoop(EventExecutor loop, Runnable step) {
        if (loop.inEventLoop()) {
            step.run();
        } else {
            loop.execute(step);
        }
    }
}
