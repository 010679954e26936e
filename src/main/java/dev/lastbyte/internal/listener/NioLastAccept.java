package dev.lastbyte.internal.listener;

import dev.lastbyte.internal.SystemView;
import dev.lastbyte.internal.TransportKind;
import io.netty.channel.Channel;
import io.netty.channel.nio.AbstractNioChannel;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Closes a NIO listener at the moment at which its accept queue is empty.
 *
 * <p>A listener that Netty closes goes on listening until the selector runs next, because the JDK does not close the descriptor of a
 * registered channel. So this class deregisters the channel first. Then one task accepts everything that waits, and the system call after
 * the last accept closes the descriptor. The connections go through the listener's pipeline as always. Only Netty's own classes are
 * closed this way: a subclass may accept in its own way. Confined to the listener's event loop.
 */
final class NioLastAccept {
    /** The listener is closed after this time even if connections arrive faster than they can be accepted. */
    private static final long LIMIT_NANOS = AcceptTurns.LIMIT_NANOS;

    private final Channel listener;
    private final SystemView system;
    private final ServerSocketChannel socket;

    private NioLastAccept(Channel listener, SystemView system, ServerSocketChannel socket) {
        this.listener = listener;
        this.system = system;
        this.socket = socket;
    }

    /** Begins; returns false if the listener cannot be closed this way. */
    static boolean begin(Channel listener, SystemView system) {
        assert listener.eventLoop().inEventLoop();
        if (!isKnown(listener)
                || !(listener.unsafe() instanceof AbstractNioChannel.NioUnsafe nio)
                || !(nio.ch() instanceof ServerSocketChannel socket)) {
            return false;
        }
        NioLastAccept last = new NioLastAccept(listener, system, socket);
        listener.deregister().addListener(done -> last.awaitSelector());
        return true;
    }

    private static boolean isKnown(Channel listener) {
        return switch (TransportKind.of(listener)) {
            case NIO -> listener.getClass() == NioServerSocketChannel.class;
            case NIO_UNIX -> listener.getClass() == NioServerDomainSocketChannel.class;
            default -> false;
        };
    }

    private void awaitSelector() {
        if (!listener.isOpen()) {
            return;
        }
        if (socket.isRegistered()) {
            // a scheduled task, unlike one that is executed, runs after the selector
            listener.eventLoop().schedule(this::awaitSelector, 0, TimeUnit.NANOSECONDS);
        } else {
            acceptAndClose();
        }
    }

    private void acceptAndClose() {
        List<SocketChannel> accepted = new ArrayList<>();
        @Nullable Throwable failure = acceptAll(accepted);
        for (SocketChannel connection : accepted) {
            listener.pipeline().fireChannelRead(child(connection));
        }
        listener.pipeline().fireChannelReadComplete();
        if (failure != null) {
            listener.pipeline().fireExceptionCaught(failure);
        }
        listener.close();
    }

    private @Nullable Throwable acceptAll(List<SocketChannel> accepted) {
        long limit = system.nanoTime() + LIMIT_NANOS;
        try (socket) {
            for (@Nullable SocketChannel next = socket.accept(); next != null; next = socket.accept()) {
                accepted.add(next);
                if (system.nanoTime() - limit >= 0) {
                    break;
                }
            }
            return null;
        } catch (IOException e) {
            return e;
        }
    }

    private Channel child(SocketChannel connection) {
        return TransportKind.of(listener) == TransportKind.NIO
                ? new NioSocketChannel(listener, connection)
                : new NioDomainSocketChannel(listener, connection);
    }
}
