package dev.lastbyte.http;

import dev.lastbyte.CloseOverride;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.farewell.FarewellExchange;
import dev.lastbyte.farewell.FarewellExchange.LateInput;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.time.Duration;
import java.util.Optional;

/**
 * Tells the manager which requests are open, and the report what became of those that were not served. Confined to the
 * channel's event loop.
 */
final class HttpTally {
    private static final String PROTOCOL = "http/1.1";

    /** The last words are a header, to which no peer answers. */
    private static final Duration NO_ANSWER = Duration.ofMillis(1);

    private final ChannelHandlerContext ctx;
    private final HttpExchanges exchanges;
    private final FarewellExchange farewell;
    private int busy;
    private int unsent;
    private int turnedAway;

    HttpTally(ChannelHandlerContext ctx, HttpExchanges exchanges) {
        this.ctx = ctx;
        this.exchanges = exchanges;
        farewell = FarewellExchange.on(ctx, PROTOCOL, NO_ANSWER);
        farewell.inProgress(() -> unsent + turnedAway);
        update();
    }

    /** The application gets a request. */
    void began() {
        busy++;
        unsent++;
        GracefulCloseHandler.exchangeStarted(ctx.channel());
    }

    /** The application does not get a request: it is lost, unless a response says that it was not served. */
    void turnedAway() {
        turnedAway++;
        update();
    }

    /** The last content of an answer is in the kernel, or will never be: then the close truncates the answer. */
    void ended(boolean sent) {
        busy--;
        unsent -= sent ? 1 : 0;
        update();
        if (sent) {
            GracefulCloseHandler.exchangeEnded(ctx.channel());
        } else {
            GracefulCloseHandler.exchangeAbandoned(ctx.channel());
        }
    }

    /** Keeps the report up to date: it says what input after the close would mean. */
    void update() {
        if (exchanges.isCloseSaid()) {
            farewell.refused(turnedAway);
            turnedAway = 0;
        }
        farewell.lateInput(lateInput());
    }

    private LateInput lateInput() {
        if (exchanges.isReceiving()) {
            return LateInput.EXPECTED;
        }
        return exchanges.isCloseSaid() ? LateInput.REFUSED : LateInput.LOST;
    }

    /**
     * The connection is being closed: an answer that is not written yet will not be.
     *
     * @param clientEnded whether the client had ended its side before; most have gone then, and nothing of these is lost
     */
    void closing(Optional<CloseOverride> earlyAnswers, boolean clientEnded) {
        int refused = exchanges.isCloseSaid() ? exchanges.unanswered() - exchanges.halfAnswered() : 0;
        farewell.refused(refused);
        if (!clientEnded) {
            farewell.lost(exchanges.unanswered() - refused);
        }
        // a request that is answered after all, when the close is told, takes its loss back: the count goes below 0
        unsent -= exchanges.unanswered();
        update();
        if (exchanges.isAnsweredEarly()) {
            earlyAnswers.ifPresent(farewell::limits);
        }
    }

    /** The client has left: it knows which of its requests were not served. */
    void peerGone() {
        farewell.inProgress(() -> 0);
    }

    /** Passes {@code close()} on. */
    void close(ChannelPromise promise) {
        if (exchanges.isCloseSaid()) {
            farewell.say(promise, farewell::said);
        } else {
            ctx.close(promise);
        }
    }

    /** The connection stays open, but speaks HTTP no more: no input is a request. */
    void leave() {
        farewell.leave();
        farewell.inProgress(() -> 0);
        farewell.lateInput(LateInput.EXPECTED);
        for (; busy > 0; busy--) {
            GracefulCloseHandler.exchangeEnded(ctx.channel());
        }
    }
}
