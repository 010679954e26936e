package dev.lastbyte.it.load;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** A blocking HTTP/1.1 connection that sees exactly what the server did to it. Confined to one thread. */
final class Http1Socket implements Wire.Connection {
    private static final int CONNECT_MILLIS = 5000;
    private static final int READ_MILLIS = 60_000;

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;
    private boolean over;

    private Http1Socket(Socket socket) throws IOException {
        this.socket = socket;
        in = new BufferedInputStream(socket.getInputStream());
        out = socket.getOutputStream();
    }

    /** Opens a connection on the loopback interface, with TLS if there is a context. */
    static Http1Socket open(int port, SSLContext tls) throws IOException {
        InetAddress loopback = InetAddress.getByName("127.0.0.1");
        Socket socket = new Socket();
        socket.setTcpNoDelay(true);
        try {
            socket.connect(new InetSocketAddress(loopback, port), CONNECT_MILLIS);
        } catch (ConnectException | SocketTimeoutException e) {
            socket.close();
            throw new Wire.RefusedException(e);
        }
        try {
            socket.setSoTimeout(READ_MILLIS);
            if (tls == null) {
                return new Http1Socket(socket);
            }
            SSLSocket secure = (SSLSocket) tls.getSocketFactory().createSocket(socket, "127.0.0.1", port, true);
            secure.startHandshake();
            return new Http1Socket(secure);
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    @Override
    public Wire.Answer get(String path) throws IOException {
        send("GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n");
        return answer();
    }

    void send(String text) throws IOException {
        send(text.getBytes(StandardCharsets.US_ASCII), Integer.MAX_VALUE);
    }

    void send(byte[] bytes, int most) throws IOException {
        out.write(bytes, 0, Math.min(most, bytes.length));
        out.flush();
    }

    InputStream in() {
        return in;
    }

    @Override
    public boolean isOver() {
        return over;
    }

    /** Reads a response whose end its head announces. */
    Wire.Answer answer() throws IOException {
        int status = Integer.parseInt(line().split(" ")[1]);
        long length = 0;
        boolean chunked = false;
        for (String field = line(); !field.isEmpty(); field = line()) {
            String lower = field.toLowerCase(Locale.ROOT).replace(" ", "");
            if (lower.startsWith("content-length:")) {
                length = Long.parseLong(lower.substring("content-length:".length()));
            } else if (lower.equals("transfer-encoding:chunked")) {
                chunked = true;
            } else if (lower.equals("connection:close")) {
                over = true;
            }
        }
        if (status == 101) {
            return new Wire.Answer(status, "");
        }
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        if (chunked) {
            for (int size = chunkSize(); size > 0; size = chunkSize()) {
                body.write(bytes(size));
                line();
            }
            line(); // no trailers
        } else {
            body.write(bytes((int) length));
        }
        return new Wire.Answer(status, body.toString(StandardCharsets.UTF_8));
    }

    private int chunkSize() throws IOException {
        return Integer.parseInt(line().trim(), 16);
    }

    private byte[] bytes(int count) throws IOException {
        byte[] bytes = in.readNBytes(count);
        if (bytes.length < count) {
            throw new EOFException("cut in the middle");
        }
        return bytes;
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException(line.isEmpty() ? "closed without an answer" : "cut in the head");
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            // there was nothing to send any more
        }
    }
}
