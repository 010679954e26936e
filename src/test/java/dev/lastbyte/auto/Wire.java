package dev.lastbyte.auto;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.lastbyte.testing.TestTls;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/** A client of plain bytes on a blocking socket, in clear text or behind TLS. Belongs to one thread. */
final class Wire implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 30_000;

    private final Socket transport;
    private final Socket socket;

    private Wire(Socket transport, Socket socket) {
        this.transport = transport;
        this.socket = socket;
    }

    static Wire clear(InetSocketAddress address) throws IOException {
        Socket socket = new Socket();
        connect(socket, address);
        return new Wire(socket, socket);
    }

    /** Shakes hands, and offers these protocols. */
    static Wire tls(InetSocketAddress address, String... alpn) throws IOException {
        return tls(new Socket(), address, alpn);
    }

    /** Keeps back what it sends after the ClientHello until {@link HeldSocket#let}: the end of the handshake comes with what follows. */
    static Wire heldTls(HeldSocket socket, InetSocketAddress address, String... alpn) throws IOException {
        return tls(socket, address, alpn);
    }

    private static Wire tls(Socket plain, InetSocketAddress address, String... alpn) throws IOException {
        connect(plain, address);
        SSLSocket tls = (SSLSocket)
                TestTls.peer().getSocketFactory().createSocket(plain, "localhost", address.getPort(), false);
        SSLParameters parameters = tls.getSSLParameters();
        parameters.setApplicationProtocols(alpn);
        tls.setSSLParameters(parameters);
        tls.startHandshake();
        return new Wire(plain, tls);
    }

    private static void connect(Socket socket, InetSocketAddress address) throws IOException {
        socket.setTcpNoDelay(true);
        socket.connect(address, PATIENCE_MILLIS);
        socket.setSoTimeout(PATIENCE_MILLIS);
    }

    /** Its first write goes out, the others when they are let. */
    static final class HeldSocket extends Socket {
        private final ByteArrayOutputStream held = new ByteArrayOutputStream();
        private boolean begun;
        private boolean let;

        @Override
        public OutputStream getOutputStream() throws IOException {
            return new FilterOutputStream(super.getOutputStream()) {
                @Override
                public void write(byte[] bytes, int offset, int length) throws IOException {
                    (begun && !let ? held : out).write(bytes, offset, length);
                    begun = true;
                }
            };
        }

        void let() throws IOException {
            let = true;
            super.getOutputStream().write(held.toByteArray());
        }
    }

    void send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        socket.getOutputStream().flush();
    }

    void send(String text) throws IOException {
        send(text.getBytes(US_ASCII));
    }

    static String get(String path) {
        return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
    }

    int read(byte[] target) throws IOException {
        return socket.getInputStream().read(target);
    }

    /** Reads to this text, and returns all that came with it in front. */
    String readTo(String end) throws IOException {
        StringBuilder text = new StringBuilder();
        while (text.indexOf(end) < 0) {
            int next = socket.getInputStream().read();
            if (next < 0) {
                throw new EOFException("the connection ended behind: " + text);
            }
            text.append((char) next);
        }
        return text.toString();
    }

    /** Reads to an orderly end, and closes. */
    String readToEnd() throws IOException {
        String rest = new String(socket.getInputStream().readAllBytes(), US_ASCII);
        close();
        return rest;
    }

    @Override
    public void close() throws IOException {
        transport.close();
    }
}
