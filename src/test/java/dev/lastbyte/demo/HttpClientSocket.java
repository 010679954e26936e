package dev.lastbyte.demo;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketAddress;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/** A client that keeps its connection and reads one answer at a time. Every wait is bounded. Confined to one thread. */
final class HttpClientSocket implements AutoCloseable {
    private static final Pattern LENGTH = Pattern.compile("content-length: (\\d+)\r\n");

    private final Socket socket;

    private HttpClientSocket(Socket socket) throws IOException {
        this.socket = socket;
        socket.setSoTimeout(60_000);
    }

    static HttpClientSocket connect(int port, boolean tls) throws IOException, GeneralSecurityException {
        return new HttpClientSocket(
                tls ? trusting().getSocketFactory().createSocket("127.0.0.1", port) : new Socket("127.0.0.1", port));
    }

    void send(String... paths) throws IOException {
        StringBuilder requests = new StringBuilder();
        for (String path : paths) {
            requests.append("GET ").append(path).append(" HTTP/1.1\r\nHost: x\r\n\r\n");
        }
        socket.getOutputStream().write(requests.toString().getBytes(US_ASCII));
    }

    /** Head and body of the next answer, which must have a length. */
    String answer() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        while (!bytes.toString(US_ASCII).endsWith("\r\n\r\n")) {
            int next = socket.getInputStream().read();
            if (next < 0) {
                throw new EOFException("EOF after: " + bytes.toString(US_ASCII));
            }
            bytes.write(next);
        }
        Matcher length = LENGTH.matcher(bytes.toString(US_ASCII));
        if (!length.find()) {
            throw new IOException("no length: " + bytes.toString(US_ASCII));
        }
        bytes.write(socket.getInputStream().readNBytes(Integer.parseInt(length.group(1))));
        return bytes.toString(US_ASCII);
    }

    String ask(String path) throws IOException {
        send(path);
        return answer();
    }

    /** What comes until EOF, upon which the client closes, too; a reset throws. */
    String rest() throws IOException {
        String rest = new String(socket.getInputStream().readAllBytes(), US_ASCII);
        socket.close();
        return rest;
    }

    SocketAddress address() {
        return socket.getLocalSocketAddress();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    /** The demo's certificate is made at its start, so nobody can know it. */
    private static SSLContext trusting() throws GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new TrustAll()}, null);
        return context;
    }

    private static final class TrustAll implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {
            // all are welcome
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {
            // all are welcome
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
