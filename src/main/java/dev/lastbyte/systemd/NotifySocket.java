package dev.lastbyte.systemd;

import dev.lastbyte.internal.Loggers;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * The datagram socket on which systemd listens. The JDK has no datagrams on Unix sockets, so it is Netty's, sent to without an event loop:
 * one message is one system call that does not block. Thread-safe.
 */
final class NotifySocket {
    private static final Logger LOG = Loggers.of(NotifySocket.class);

    private final String name;
    private final byte[] address;
    private final Socket socket;
    private final AtomicBoolean warned = new AtomicBoolean();

    private NotifySocket(String name, byte[] address, Socket socket) {
        this.name = name;
        this.address = address;
        this.socket = socket;
    }

    /** The socket of that name, where {@code @} begins an abstract one; null if Netty cannot send there, with a warning. */
    static @Nullable NotifySocket open(String name) {
        try {
            Epoll.ensureAvailability();
            byte[] address = name.getBytes(StandardCharsets.UTF_8);
            if (name.startsWith("@")) {
                address[0] = 0; // in the kernel's namespace, not in the file system's
            }
            return new NotifySocket(name, address, Socket.newSocketDomainDgram());
        } catch (LinkageError | RuntimeException e) {
            LOG.warn(
                    "systemd cannot be told at NOTIFY_SOCKET {}, and may take the service for not started: {}."
                            + " Add netty-transport-native-epoll with its native library, or do not use Type=notify",
                    name,
                    e.toString());
            return null;
        }
    }

    /** Sends one message, and warns once if that fails. */
    void send(String state) {
        byte[] bytes = state.getBytes(StandardCharsets.UTF_8);
        ByteBuf message = Unpooled.directBuffer(bytes.length).writeBytes(bytes);
        try {
            int sent = socket.sendToDomainSocket(message.nioBuffer(), 0, bytes.length, address);
            if (sent != bytes.length) {
                warn("it took " + sent + " of " + bytes.length + " bytes");
            }
        } catch (IOException e) {
            warn(e.toString());
        } finally {
            message.release();
        }
    }

    private void warn(String why) {
        if (warned.compareAndSet(false, true)) {
            LOG.warn(
                    "systemd could not be told at NOTIFY_SOCKET {}: {}; it may kill the service at TimeoutStopSec",
                    name,
                    why);
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
