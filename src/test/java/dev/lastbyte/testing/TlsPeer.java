package dev.lastbyte.testing;

import java.io.ByteArrayOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * A JDK TLS client whose records can be taken before they are sent, so that a test decides how much of them arrives, and when.
 * Writing belongs to one thread, reading to one other.
 */
public final class TlsPeer implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 60_000;

    private final Tapped raw;
    private final SSLSocket tls;

    private TlsPeer(Tapped raw, SSLSocket tls) {
        this.raw = raw;
        this.tls = tls;
    }

    /** Connects, without a handshake. */
    public static TlsPeer connect(SocketAddress address) throws IOException {
        Tapped raw = new Tapped();
        InetSocketAddress target = (InetSocketAddress) address;
        raw.connect(target, PATIENCE_MILLIS);
        raw.setSoTimeout(PATIENCE_MILLIS);
        raw.setTcpNoDelay(true);
        SSLSocket tls =
                (SSLSocket) TestTls.peer().getSocketFactory().createSocket(raw, "localhost", target.getPort(), false);
        return new TlsPeer(raw, tls);
    }

    /** The handshake; on a connection that has had one, a KeyUpdate in TLS 1.3 and a renegotiation before. */
    public TlsPeer handshake() throws IOException {
        tls.startHandshake();
        return this;
    }

    /** Sends application data. */
    public void write(byte[] content) throws IOException {
        tls.getOutputStream().write(content);
    }

    /** The records of application data, instead of sending them. */
    public byte[] records(byte[] content) throws IOException {
        return tap(() -> write(content));
    }

    /** The record of close_notify, instead of sending it. Nothing can be written afterwards. */
    public byte[] closeNotify() throws IOException {
        return tap(tls::shutdownOutput);
    }

    /** Sends bytes below TLS. */
    public void send(byte[] bytes) throws IOException {
        raw.out().write(bytes);
    }

    /** Sends FIN, and nothing before it. */
    public void fin() throws IOException {
        raw.shutdownOutput();
    }

    /** Reads so many bytes of content; returns how many came before the end. */
    public int read(int length) throws IOException {
        return tls.getInputStream().readNBytes(length).length;
    }

    /** Reads what comes until close_notify, EOF or an error; returns how many bytes of content that were. */
    public long readAll() {
        byte[] target = new byte[64 * 1024];
        long bytes = 0;
        try {
            for (int count; (count = tls.getInputStream().read(target)) >= 0; ) {
                bytes += count;
            }
        } catch (IOException e) {
            return bytes; // as a client would that has no more to say
        }
        return bytes;
    }

    /** Reads so many bytes below TLS. */
    public byte[] readRaw(int length) throws IOException {
        return raw.getInputStream().readNBytes(length);
    }

    /** Reads below TLS until EOF: what else came. */
    public byte[] readRaw() throws IOException {
        return raw.getInputStream().readAllBytes();
    }

    public void reset() throws IOException {
        raw.setSoLinger(true, 0);
        raw.close();
    }

    public int localPort() {
        return raw.getLocalPort();
    }

    /** Closes the socket, not TLS. */
    @Override
    public void close() throws IOException {
        raw.close();
    }

    private byte[] tap(Step step) throws IOException {
        ByteArrayOutputStream taken = new ByteArrayOutputStream();
        raw.taken = taken;
        try {
            step.run();
        } finally {
            raw.taken = null;
        }
        return taken.toByteArray();
    }

    /** What may write. */
    private interface Step {
        void run() throws IOException;
    }

    /** A socket that keeps what is written while somebody takes it. */
    private static final class Tapped extends Socket {
        private @Nullable ByteArrayOutputStream taken;

        OutputStream out() throws IOException {
            return super.getOutputStream();
        }

        @Override
        public OutputStream getOutputStream() throws IOException {
            return new FilterOutputStream(super.getOutputStream()) {
                @Override
                public void write(int b) throws IOException {
                    (taken == null ? out : taken).write(b);
                }

                @Override
                public void write(byte[] bytes, int from, int length) throws IOException {
                    (taken == null ? out : taken).write(bytes, from, length);
                }
            };
        }
    }
}
