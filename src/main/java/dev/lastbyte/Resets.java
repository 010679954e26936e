package dev.lastbyte;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.unix.Errors;
import java.io.IOException;
import java.net.SocketException;
import java.nio.channels.ClosedChannelException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Tells a reset from an EOF. A transport reports a reset as an exception and, in the same turn, as an end of input or of the
 * channel; an exception that nothing follows was not the transport's. Made at the first such exception. Confined to the channel's
 * event loop.
 */
final class Resets {
    private boolean seen;

    /**
     * Whether the connection itself has ended: the peer reset it, or the kernel gave it up. Told by the error number, where a native
     * transport has one, by the type, and by the code that threw: the words of an exception follow the locale and the system.
     */
    static boolean isConnectionLost(@Nullable Throwable cause) {
        if (!(cause instanceof IOException) || cause instanceof ClosedChannelException) {
            return false;
        }
        if (cause.getClass().getName().equals("io.netty.channel.unix.Errors$NativeIoException")) {
            return NativeErrors.isConnectionLost(cause);
        }
        return cause instanceof SocketException || isThrownBySocket(cause);
    }

    /** Whether the JDK threw it while it read from or wrote to a socket, and not while it read a file that is being sent. */
    private static boolean isThrownBySocket(Throwable cause) {
        for (StackTraceElement frame : cause.getStackTrace()) {
            String type = frame.getClassName();
            if (type.equals("sun.nio.ch.SocketDispatcher") || type.equals("sun.nio.ch.SocketChannelImpl")) {
                return true;
            }
            if (type.equals("sun.nio.ch.FileChannelImpl")) {
                return frame.getMethodName().startsWith("transferTo") && isSocketText(cause.getMessage());
            }
            if (!type.startsWith("sun.nio.ch.")) {
                return false;
            }
        }
        return false;
    }

    /** sendfile(2) fails for the file or for the socket, and only its words tell which. */
    private static boolean isSocketText(@Nullable String message) {
        return message != null && (message.contains("reset") || message.equals("Broken pipe"));
    }

    /** The error numbers of native transports. Loaded only where one of their exceptions is. Stateless. */
    private static final class NativeErrors {
        private static final Set<Integer> LINUX = Set.of(
                32, // EPIPE
                100, // ENETDOWN
                101, // ENETUNREACH
                102, // ENETRESET
                103, // ECONNABORTED
                104, // ECONNRESET
                107, // ENOTCONN
                110, // ETIMEDOUT
                112, // EHOSTDOWN
                113); // EHOSTUNREACH
        /** macOS, FreeBSD and OpenBSD agree. */
        private static final Set<Integer> BSD = Set.of(32, 50, 51, 52, 53, 54, 57, 60, 64, 65);

        private static final Set<Integer> LOST =
                System.getProperty("os.name", "").startsWith("Linux") ? LINUX : BSD;

        static boolean isConnectionLost(Throwable cause) {
            return cause instanceof Errors.NativeIoException e && LOST.contains(-e.expectedErr());
        }
    }

    /** The exception with which the transport closed a channel by itself, if there was one: its later writes fail because of it. */
    static @Nullable Throwable transportFailure(Channel closed) {
        ChannelPromise late = closed.newPromise();
        closed.unsafe().write(Unpooled.EMPTY_BUFFER, late);
        Throwable failure = late.cause();
        return failure == null ? null : failure.getCause();
    }

    /** An exception speaks of a lost connection. */
    void note(ChannelHandlerContext ctx) {
        if (!seen) {
            seen = true;
            ctx.executor().execute(() -> seen = !ctx.channel().isOpen());
        }
    }

    boolean isSeen() {
        return seen;
    }
}
