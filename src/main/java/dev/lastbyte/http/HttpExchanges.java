package dev.lastbyte.http;

import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * The requests of one connection that are not answered yet, in their order, and how far the messages in both directions are.
 * An exchange begins with the head of a request and ends with the last content of its response. Confined to the channel's
 * event loop.
 */
final class HttpExchanges {
    private final Deque<HttpExchange> open = new ArrayDeque<>(2);
    private @Nullable HttpExchange receiving;
    private @Nullable HttpExchange answering;
    private boolean interim;
    private boolean tunnel;
    private boolean closeSaid;

    // ---- requests --------------------------------------------------------------------------------------------------

    /** The head of a request that the application gets. */
    void began(HttpRequest head) {
        HttpExchange exchange = HttpExchange.of(head);
        open.add(exchange);
        receiving = exchange;
    }

    /** The head of a request that the application does not get. */
    void refused() {
        receiving = HttpExchange.none();
    }

    /** Content of a request. Behind an undecodable one there is no end: the decoder drops whatever comes. */
    void received(HttpContent content) {
        if (content instanceof LastHttpContent && content.decoderResult().isSuccess()) {
            receiving = null;
        }
    }

    /** The body of the present request will not come: its client has been told not to send it. */
    void bodyDeclined() {
        receiving = null;
    }

    // ---- responses -------------------------------------------------------------------------------------------------

    /** The head of a response, as it goes out. */
    void answer(HttpResponse response) {
        interim = HttpExchange.isInterim(response);
        if (!interim) {
            HttpExchange first = open.peekFirst();
            HttpExchange exchange = first == null ? HttpExchange.none() : first;
            answering = exchange;
            tunnel = exchange.opensTunnel(response);
            closeSaid |= exchange.isLastWith(response);
        }
    }

    /** The last content of a message; returns whether it ends a response, not only an interim one. */
    boolean endAnswer() {
        boolean ends = !interim && answering != null;
        interim = false;
        return ends;
    }

    /** A response is complete; returns whether it answers a request. */
    boolean answered() {
        boolean answers = answering != null && answering == open.peekFirst();
        if (answers) {
            open.removeFirst();
        }
        answering = null;
        return answers;
    }

    // ---- where they stand ------------------------------------------------------------------------------------------

    /** Whether the next response answers the last of the requests that the application has got. */
    boolean isLast() {
        return open.size() <= 1;
    }

    /** Whether a request that the application has got waits for the head of its response: it can still say that it is the last. */
    boolean canSayClose() {
        return open.size() > halfAnswered();
    }

    /** Whether there is neither a request to answer nor a response that is not complete. */
    boolean isIdle() {
        return open.isEmpty() && answering == null;
    }

    /** Whether a response has been begun and not ended. */
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

    /** Whether more of a request is to come that has been answered. */
    boolean isAnsweredEarly() {
        return receiving != null && !open.contains(receiving);
    }

    /** Whether a response has been begun behind which no request may follow. */
    boolean isCloseSaid() {
        return closeSaid;
    }

    /** Whether the last response has made the connection a tunnel. */
    boolean isTunnel() {
        return tunnel;
    }
}
