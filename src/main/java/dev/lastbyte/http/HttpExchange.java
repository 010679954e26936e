package dev.lastbyte.http;

import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;

/** What must be known of a request until it is answered. Immutable. */
final class HttpExchange {
    private static final String MULTIPART = "multipart/byteranges";

    private final boolean keepAlive;
    private final boolean head;
    private final boolean connect;

    private HttpExchange(boolean keepAlive, boolean head, boolean connect) {
        this.keepAlive = keepAlive;
        this.head = head;
        this.connect = connect;
    }

    static HttpExchange of(HttpRequest request) {
        return new HttpExchange(
                HttpUtil.isKeepAlive(request),
                HttpMethod.HEAD.equals(request.method()),
                HttpMethod.CONNECT.equals(request.method()));
    }

    /** Stands for the request that a response without one has not got, such as 408. */
    static HttpExchange none() {
        return new HttpExchange(true, false, false);
    }

    /**
     * The same response with the word that it is the last one. The application's own object is left as it is: it may be read-only,
     * or shared by many connections.
     */
    static HttpResponse last(HttpResponse response) {
        HttpResponse last = copy(response);
        HttpUtil.setKeepAlive(last, false);
        return last;
    }

    private static HttpResponse copy(HttpResponse response) {
        if (response instanceof FullHttpResponse full) {
            return full.replace(full.content());
        }
        return response instanceof HttpContent
                ? response
                : new DefaultHttpResponse(
                        response.protocolVersion(),
                        response.status(),
                        response.headers().copy());
    }

    static boolean isInterim(HttpResponse response) {
        return response.status().codeClass() == HttpStatusClass.INFORMATIONAL;
    }

    /** Whether this response to it ends HTTP on the connection: what follows is a tunnel. */
    boolean opensTunnel(HttpResponse response) {
        return connect && response.status().codeClass() == HttpStatusClass.SUCCESS;
    }

    /**
     * Whether no further request may follow this response to it: the client or the server has said so, or only the end of the
     * connection ends the response (RFC 9112, sections 6.3 and 9.3).
     */
    boolean isLastWith(HttpResponse response) {
        return !keepAlive || !HttpUtil.isKeepAlive(response) || !isDelimited(response);
    }

    private boolean isDelimited(HttpResponse response) {
        return head
                || opensTunnel(response)
                || HttpUtil.isContentLengthSet(response)
                || HttpUtil.isTransferEncodingChunked(response)
                || isBodiless(response.status().code())
                || isMultipart(response);
    }

    private static boolean isBodiless(int status) {
        return status == 204 || status == 205 || status == 304;
    }

    private static boolean isMultipart(HttpResponse response) {
        String type = response.headers().get(HttpHeaderNames.CONTENT_TYPE);
        return type != null && type.regionMatches(true, 0, MULTIPART, 0, MULTIPART.length());
    }
}
