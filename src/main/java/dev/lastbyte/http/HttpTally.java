package dev.lastbyte.http;

import dev.lastbyte.CloseOverride;
import dev.lastbyte.FarewellExchange;
import dev.lastbyte.GracefulCloseHandler;
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

    /** The words are a header, and nobody answers them. */
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

    /** The last content of an answer is in the kernel, or never will be: then the end of the connection cuts it off. */
    void ended(boolean sent) {
        busy--;
        unsent -= sent ? 1 : 0;
        update();
        GracefulCloseHandler.exchangeEnded(ctx.channel());
    }

    /** Keeps the report up to date: what it would mean if something came behind the end. */
    void update() {
        if (exchanges.isCloseSaid()) {
            farewell.refused(turnedAway);
            turnedAway = 0;
        }
        farewell.lateInput(lateInput());
    }

    private FarewellExchange.LateInput lateInput() {
        if (exchanges.isReceiving()) {
            return FarewellExchange.LateInput.EXPECTED;
        }
        return exchanges.isCloseSaid() ? FarewellExchange.LateInput.REFUSED : FarewellExchange.LateInput.LOST;
    }

    /** The connection is closed now: answers that have not been written will not be. */
    void closing(Optional<CloseOverride> earlyAnswers) {
        int refused = exchanges.isCloseSaid() ? exchanges.unanswered() - exchanges.halfAnswered() : 0;
        farewell.refused(refused);
        farewell.lost(exchanges.unanswered() - refused);
        // one that is answered all the same, in CloseStartedEvent, takes its loss back below 0
        unsent -= exchanges.unanswered();
        update();
        if (exchanges.isAnsweredEarly()) {
            earlyAnswers.ifPresent(farewell::limits);
        }
    }

    /** Passes {@code close()} on. */
    void close(ChannelPromise promise) {
        if (exchanges.isCloseSaid()) {
            farewell.say(promise, farewell::said);
        } else {
            ctx.close(promise);
        }
    }

    /** HTTP is over while the connection goes on: nothing of what comes is a request. */
    void leave() {
        farewell.inProgress(() -> 0);
        farewell.lateInput(FarewellExchange.LateInput.EXPECTED);
        for (; busy > 0; busy--) {
            GracefulCloseHandler.exchangeEnded(ctx.channel());
        }
    }
}
