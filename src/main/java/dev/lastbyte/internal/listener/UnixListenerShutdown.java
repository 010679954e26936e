package dev.lastbyte.internal.listener;

import dev.lastbyte.internal.Loggers;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;

/**
 * Makes a Unix-domain listener refuse new connections, and waits until those that came before are accepted. No other file knows {@code
 * shutdown(2)} and {@code accept(2)} of a listener.
 *
 * <p>After SHUT_RD, Linux refuses each connect to the socket and leaves its accept queue as it is. The check and the entry in the queue
 * happen under one lock (unix_stream_connect in the kernel's net/unix/af_unix.c), so a client is either refused or in the queue, and the
 * queue only gets shorter. A TCP listener, by contrast, would stop listening and reset its queue.
 *
 * <p>The transport goes on accepting. Netty's sockets do not block, so accepting from an empty queue fails with EAGAIN as before. Netty
 * must not know of the shutdown: it accepts nothing from a channel whose input it has shut down itself.
 *
 * <p>SHUT_RD acts on the socket, not on the descriptor, and cannot be undone. A listener that was made from a descriptor may belong to
 * other processes too, such as a socket unit of systemd; so only a socket that Netty has bound itself is shut down.
 *
 * <p>Loaded only where the transport is epoll or io_uring. Confined to the listener's event loop.
 */
final class UnixListenerShutdown extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = Loggers.of(UnixListenerShutdown.class);

    /** Accepting may be turned on again in the first; io_uring reports what it accepted in the next. */
    private static final int QUIET_TURNS = 3;

    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    private static final int ADDRESS_BYTES = 128;

    private final Channel listener;
    private final Runnable readOn;
    private final Runnable whenAccepted;
    private int quietTurns;

    private UnixListenerShutdown(Channel listener, Runnable readOn, Runnable whenAccepted) {
        this.listener = listener;
        this.readOn = readOn;
        this.whenAccepted = whenAccepted;
    }

    /**
     * Refuses new connections from now on; returns false, with nothing changed, if the listener cannot do that.
     *
     * @param readOn called repeatedly to keep the listener accepting
     * @param whenAccepted called once when the queue is empty, unless the listener is closed before
     */
    static boolean begin(Channel listener, Runnable readOn, Runnable whenAccepted) {
        assert listener.eventLoop().inEventLoop();
        if (!(listener.localAddress() instanceof DomainSocketAddress)) {
            return false;
        }
        try {
            socket(listener).shutdown(true, false);
        } catch (IOException e) {
            LOG.debug("{} cannot refuse new connections", listener, e);
            return false;
        }
        UnixListenerShutdown turns = new UnixListenerShutdown(listener, readOn, whenAccepted);
        listener.pipeline().addFirst(turns);
        turns.next();
        return true;
    }

    /**
     * Accepts and closes the connections that still wait, so that they can be counted.
     *
     * @return how many there were, or empty if they could not be accepted
     */
    static OptionalLong closeUnaccepted(Channel listener) {
        assert listener.eventLoop().inEventLoop();
        Socket socket = socket(listener);
        byte[] address = new byte[ADDRESS_BYTES];
        long count = 0;
        try {
            for (int next = socket.accept(address); next >= 0; next = socket.accept(address)) {
                count++;
                new FileDescriptor(next).close();
            }
            return OptionalLong.of(count);
        } catch (IOException e) {
            LOG.debug("{} cannot tell who waits to be accepted", listener, e);
            return OptionalLong.empty();
        }
    }

    /** The listener's socket without the state that Netty keeps for it. */
    private static Socket socket(Channel listener) {
        return new Socket(((UnixChannel) listener).fd().intValue());
    }

    /** A scheduled task, unlike an executed one, runs after one more turn of I/O. */
    private void next() {
        long delay = listener.config().isAutoRead() ? 0 : PAUSE_NANOS;
        listener.eventLoop().schedule(this::turn, delay, TimeUnit.NANOSECONDS);
    }

    private void turn() {
        if (!listener.isOpen()) {
            return;
        }
        quietTurns = listener.config().isAutoRead() ? quietTurns + 1 : 0;
        if (quietTurns >= QUIET_TURNS) {
            whenAccepted.run();
        } else {
            readOn.run();
            next();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object connection) {
        quietTurns = 0;
        ctx.fireChannelRead(connection);
    }

    /** An accept that fails, perhaps because descriptors are short, leaves its client in the queue. */
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        quietTurns = 0;
        ctx.fireExceptionCaught(cause);
    }
}
