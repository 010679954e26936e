package dev.lastbyte.http;

import dev.lastbyte.CloseOverride;
import dev.lastbyte.Goodbye;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.LateInput;
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
    private final Goodbye goodbye;
    private int busy;
    private int unsent;
    private int turnedAway;

    HttpTally(ChannelHandlerContext ctx, HttpExchanges exchanges) {
        this.ctx = ctx;
        this.exchanges = exchanges;
        goodbye = Goodbye.on(ctx, PROTOCOL, NO_ANSWER);
        goodbye.inProgress(() -> unsent + turnedAway);
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
            goodbye.refused(turnedAway);
            turnedAway = 0;
        }
        goodbye.lateInput(lateInput());
    }

    private LateInput lateInput() {
        if (exchanges.isReceiving()) {
            return LateInput.EXPECTED;
        }
        return exchanges.isCloseSaid() ? LateInput.REFUSED : LateInput.LOST;
    }

    /** The connection is closed now: answers that have not been written will not be. */
    void closing(Optional<CloseOverride> earlyAnswers) {
        int refused = exchanges.isCloseSaid() ? exchanges.unanswered() - exchanges.halfAnswered() : 0;
        goodbye.refused(refused);
        goodbye.lost(exchanges.unanswered() - refused);
        // one that is answered all the same, in CloseStartedEvent, takes its loss back below 0
        unsent -= exchanges.unanswered();
        update();
        if (exchanges.isAnsweredEarly()) {
            earlyAnswers.ifPresent(goodbye::limits);
        }
    }

    /** Passes {@code close()} on. */
    void close(ChannelPromise promise) {
        if (exchanges.isCloseSaid()) {
            goodbye.say(promise, goodbye::said);
        } else {
            ctx.close(promise);
        }
    }

    /** HTTP is over while the connection goes on: nothing of what comes is a request. */
    void leave() {
        goodbye.inProgress(() -> 0);
        goodbye.lateInput(LateInput.EXPECTED);
        for (; busy > 0; busy--) {
            GracefulCloseHandler.exchangeEnded(ctx.channel());
        }
    }
}
