package dev.lastbyte.testing;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.DomainDatagramSocketAddress;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The socket of a systemd that is the test's. Confined to the test. */
public final class SystemdSocket implements AutoCloseable {
    private final Socket socket;

    /** @param name as in NOTIFY_SOCKET: a path, or {@code @} and the name of an abstract socket */
    public SystemdSocket(String name) throws IOException {
        Epoll.ensureAvailability();
        socket = Socket.newSocketDomainDgram();
        socket.bind(new DomainSocketAddress(name.startsWith("@") ? "\0" + name.substring(1) : name));
    }

    /** All messages that have arrived. A datagram on a Unix socket is there when its sender's call returns. */
    public List<String> received() throws IOException {
        List<String> messages = new ArrayList<>();
        ByteBuffer buffer = ByteBuffer.allocateDirect(4096);
        for (; ; ) {
            DomainDatagramSocketAddress from = socket.recvFromDomainSocket(buffer, 0, buffer.capacity());
            if (from == null) {
                return messages;
            }
            byte[] bytes = new byte[from.receivedAmount()];
            buffer.get(0, bytes);
            messages.add(new String(bytes, StandardCharsets.UTF_8));
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
