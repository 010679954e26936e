package dev.lastbyte.testing;

import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/** A peer's blocking socket without any Netty in it: TCP, TLS over TCP, or a Unix socket. Thread-safe. */
public final class PeerSocket implements AutoCloseable {
    private static final int CONNECT_MILLIS = 30_000;

    private final @Nullable SocketChannel channel;
    private final @Nullable Socket socket;
    private final @Nullable SSLSocket tls;

    private PeerSocket(@Nullable SocketChannel channel, @Nullable Socket socket, @Nullable SSLSocket tls) {
        this.channel = channel;
        this.socket = socket;
        this.tls = tls;
    }

    public static PeerSocket connect(SocketAddress address) throws IOException {
        return connect(address, null, 0);
    }

    /** Connects, with TLS if there is a context, with a fixed receive buffer if its size is not 0. */
    public static PeerSocket connect(SocketAddress address, @Nullable SSLContext context, int receiveBuffer)
            throws IOException {
        if (context != null) {
            InetSocketAddress target = (InetSocketAddress) address;
            Socket plain = new Socket();
            if (receiveBuffer > 0) {
                plain.setReceiveBufferSize(receiveBuffer);
            }
            plain.connect(target, CONNECT_MILLIS);
            SSLSocket tls =
                    (SSLSocket) context.getSocketFactory().createSocket(plain, "localhost", target.getPort(), false);
            tls.startHandshake();
            return new PeerSocket(null, plain, tls);
        }
        SocketChannel channel;
        if (address instanceof InetSocketAddress) {
            channel = SocketChannel.open();
            if (receiveBuffer > 0) {
                channel.setOption(StandardSocketOptions.SO_RCVBUF, receiveBuffer);
            }
            channel.connect(address);
        } else {
            channel = SocketChannel.open(UnixDomainSocketAddress.of(path(address)));
        }
        return new PeerSocket(channel, null, null);
    }

    private static String path(SocketAddress address) {
        return address instanceof DomainSocketAddress ? ((DomainSocketAddress) address).path() : address.toString();
    }

    /** Reads up to {@code limit} bytes; -1 at EOF, which under TLS means close_notify. */
    public int read(byte[] target, int limit) throws IOException {
        if (tls != null) {
            return tls.getInputStream().read(target, 0, limit);
        }
        return channel().read(ByteBuffer.wrap(target, 0, limit));
    }

    public void write(byte[] source, int length) throws IOException {
        if (tls != null) {
            tls.getOutputStream().write(source, 0, length);
            return;
        }
        ByteBuffer bytes = ByteBuffer.wrap(source, 0, length);
        while (bytes.hasRemaining()) {
            channel().write(bytes);
        }
    }

    /** Sends FIN and goes on reading; under TLS without a close_notify. */
    public void shutdownOutput() throws IOException {
        if (socket != null) {
            socket.shutdownOutput();
        } else {
            channel().shutdownOutput();
        }
    }

    /** Closes with RST; on a Unix socket, where there is none, closes. */
    public void reset() throws IOException {
        if (socket != null) {
            socket.setSoLinger(true, 0);
        } else if (channel().getRemoteAddress() instanceof InetSocketAddress) {
            channel().setOption(StandardSocketOptions.SO_LINGER, 0);
        }
        close();
    }

    /** The peer's own port, as /proc/net/tcp and packets show it. */
    public int localPort() throws IOException {
        return socket != null
                ? socket.getLocalPort()
                : ((InetSocketAddress) channel().getLocalAddress()).getPort();
    }

    /** Closes the socket; under TLS without a close_notify, which would wait for what is unread. */
    @Override
    public void close() throws IOException {
        if (socket != null) {
            socket.close();
        } else {
            channel().close();
        }
    }

    private SocketChannel channel() {
        if (channel == null) {
            throw new IllegalStateException("not a plain socket");
        }
        return channel;
    }
}
