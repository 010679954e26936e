package dev.lastbyte.http;

import dev.lastbyte.internal.Loggers;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * The requests of one connection that are not answered yet, in their order, and how far the messages in both directions have come.
 * An exchange begins with the head of a request and ends with the last content of its response. Confined to the channel's event
 * loop.
 */
final class HttpExchanges {
    private static final Logger LOG = Loggers.of(HttpExchanges.class);

    private static final List<UnaryOperator<HttpResponse>> WAYS_TO_CHANGE =
            List.of(HttpExchanges::copy, response -> response, HttpExchanges::rebuilt);

    private final Deque<Exchange> open = new ArrayDeque<>(2);
    private @Nullable Exchange receiving;
    private @Nullable Exchange answering;
    private boolean interim;
    private boolean tunnel;
    private boolean closeSaid;

    // ---- requests --------------------------------------------------------------------------------------------------

    /** The head of a request that the application gets. */
    void began(HttpRequest head) {
        receiving = Exchange.of(head);
        open.add(receiving);
    }

    /**
     * A request whose head the application has got before anybody listened.
     *
     * @param answering whether the head of its response has been written too
     */
    void missed(boolean answering) {
        Exchange exchange = Exchange.none();
        open.add(exchange);
        this.answering = answering ? exchange : null;
    }

    /** The head of a request that the application does not get. */
    void refused() {
        receiving = Exchange.none();
    }

    /** Content of a request. An undecodable request has no end: the decoder drops all that follows. */
    void received(HttpContent content) {
        if (content instanceof LastHttpContent && content.decoderResult().isSuccess()) {
            receiving = null;
        }
    }

    /** The body of the current request will not come: its client has been told not to send it. */
    void bodyDeclined() {
        receiving = null;
    }

    // ---- responses -------------------------------------------------------------------------------------------------

    /**
     * The head of a response. If the connection shall go, the response to the last open request says {@code Connection: close}.
     * Returns the head to write.
     */
    HttpResponse answer(HttpResponse head, boolean leaving) {
        interim = head.status().codeClass() == HttpStatusClass.INFORMATIONAL;
        if (interim) {
            return head;
        }
        HttpResponse response = leaving && open.size() <= 1 ? last(head) : head;
        Exchange first = open.peekFirst();
        Exchange exchange = first == null ? Exchange.none() : first;
        answering = exchange;
        tunnel = exchange.opensTunnel(response);
        closeSaid |= exchange.isLastWith(response);
        return response;
    }

    /**
     * The response with {@code Connection: close}. The application's own object stays as it is, where that can be copied: it may be
     * read-only, or shared by many connections. Types that refuse to be copied are made for one response, so their own headers are
     * changed. A response that allows neither is served as it is: an answer is worth more than the header.
     */
    private static HttpResponse last(HttpResponse response) {
        for (UnaryOperator<HttpResponse> way : WAYS_TO_CHANGE) {
            try {
                HttpResponse last = way.apply(response);
                HttpUtil.setKeepAlive(last, false);
                return last;
            } catch (RuntimeException e) {
                LOG.debug("{} refuses a change", response.getClass(), e);
            }
        }
        return response;
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

    /** A copy that shares the content, whose reference it takes over. */
    private static HttpResponse rebuilt(HttpResponse response) {
        FullHttpResponse full = (FullHttpResponse) response;
        return new DefaultFullHttpResponse(
                full.protocolVersion(),
                full.status(),
                full.content(),
                full.headers().copy(),
                full.trailingHeaders().copy());
    }

    /** The last content of a message; returns whether it ends a response, not only an interim one. */
    boolean endAnswer() {
        boolean ends = !interim && answering != null;
        interim = false;
        return ends;
    }

    /** A response is complete; returns whether it answers a request. */
    boolean answered() {
        boolean answers = halfAnswered() > 0;
        if (answers) {
            open.removeFirst();
        }
        answering = null;
        return answers;
    }

    // ---- where they stand ------------------------------------------------------------------------------------------

    /** Whether a request that the application has got awaits the head of its response, which can still say close. */
    boolean canSayClose() {
        return open.size() > halfAnswered();
    }

    /** Whether there is neither a request to answer nor a response that is not complete. */
    boolean isIdle() {
        return open.isEmpty() && answering == null;
    }

    /** Whether a response has begun and not ended. */
    boolean isAnswering() {
        return answering != null;
    }

    /** Requests whose responses are not complete. */
    int unanswered() {
        return open.size();
    }

    /** Those of them whose response has begun: 1 or 0. */
    int halfAnswered() {
        return answering != null && answering == open.peekFirst() ? 1 : 0;
    }

    /** Whether more of a request is to come. */
    boolean isReceiving() {
        return receiving != null;
    }

    /** Whether more is to come of a request that has been answered. */
    boolean isAnsweredEarly() {
        return receiving != null && !open.contains(receiving);
    }

    /** Whether a response has begun that no further request may follow. */
    boolean isCloseSaid() {
        return closeSaid;
    }

    /** Whether the last response has made the connection a tunnel. */
    boolean isTunnel() {
        return tunnel;
    }

    /** What must be known of a request until it is answered. Two requests are never equal. Immutable. */
    private static final class Exchange {
        private static final String MULTIPART = "multipart/byteranges";

        private final boolean keepAlive;
        private final boolean head;
        private final boolean connect;

        private Exchange(boolean keepAlive, boolean head, boolean connect) {
            this.keepAlive = keepAlive;
            this.head = head;
            this.connect = connect;
        }

        static Exchange of(HttpRequest request) {
            return new Exchange(
                    HttpUtil.isKeepAlive(request),
                    HttpMethod.HEAD.equals(request.method()),
                    HttpMethod.CONNECT.equals(request.method()));
        }

        /** Stands in for a request, where a response such as 408 answers none. */
        static Exchange none() {
            return new Exchange(true, false, false);
        }

        /** Whether this response ends HTTP on the connection: what follows is a tunnel. */
        boolean opensTunnel(HttpResponse response) {
            return connect && response.status().codeClass() == HttpStatusClass.SUCCESS;
        }

        /**
         * Whether no further request may follow this response: the client or the server has said so, or only the end of the
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
}
