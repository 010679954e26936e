package dev.lastbyte.http;

import dev.lastbyte.ConnectionEvents;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.internal.EventLoops;
import dev.lastbyte.internal.HeldCloses;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpExpectationFailedEvent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.util.List;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Ends a server's HTTP/1.1 connections so that clients know which of their requests were served. It belongs right behind the
 * codec, in front of all handlers that answer, aggregate, compress or close:
 *
 * <pre>{@code
 * pipeline.addLast(new HttpServerCodec());
 * pipeline.addLast(new HttpFarewellHandler());
 * pipeline.addLast(new HttpServerKeepAliveHandler(), new HttpContentCompressor(), new HttpObjectAggregator(65536));
 * pipeline.addLast(new MyHandler());
 * }</pre>
 *
 * <ul>
 *   <li>It reports each request as an exchange, from its head until the last content of its response is in the kernel.
 *   <li>From the beginning of a drain on, the response to the last request that the application has got says {@code Connection: close};
 *       after it the connection is closed. Requests that come later are dropped: their client has been told.
 *   <li>{@code close()} of an idle connection is held back until {@link HttpFarewellConfig#minIdleProtection} has passed since the
 *       last response. A request that comes meanwhile is served, with {@code Connection: close}. If requests are unanswered,
 *       {@code close()} goes on at once.
 *   <li>Requests that were not served are counted in the report: as refused if a response had said {@code Connection: close}, as
 *       lost otherwise. All that comes after the FIN counts as one.
 *   <li>A 101 response, or a 2xx response to CONNECT, ends HTTP: the handler leaves the pipeline.
 * </ul>
 *
 * <p>A place in front of the codec, behind another handler that reads, without a codec or without a {@code GracefulCloseHandler} is
 * refused with an {@link IllegalStateException}: when the handler is added, or, if others may still come, when the first message does.
 *
 * <p>It does not hold back closes by handlers in front of it, nor {@link GracefulCloseHandler#closeNow}. One instance serves one
 * channel. Confined to the channel's event loop.
 */
public final class HttpFarewellHandler extends ChannelDuplexHandler {
    private enum Step {
        SERVING,
        /** {@code close()} has gone on, or the connection has ended. */
        CLOSING,
        /** The connection speaks HTTP no more. */
        OVER
    }

    /**
     * What the application has got or written before the handler stood behind the codec. For this library's installer; it is no API.
     *
     * @hidden
     */
    public enum Missed {
        NOTHING,
        REQUEST,
        REQUEST_AND_HEAD
    }

    private final HttpFarewellConfig config;
    private final LongSupplier nanoTime;
    private final Missed missed;
    private final @Nullable Runnable onHandOver;
    private final HttpExchanges exchanges = new HttpExchanges();
    private final HeldCloses held = new HeldCloses();
    private @Nullable HttpTally tally;
    private ConnectionEvents.@Nullable Drain drain;
    private Step step = Step.SERVING;
    private int pendingResponses;
    private long idleSinceNanos;
    private boolean leaving;
    private boolean refusing;
    private boolean inputEnded;
    private boolean placeKnown;

    /** A handler with {@link HttpFarewellConfig#defaults()}. */
    public HttpFarewellHandler() {
        this(HttpFarewellConfig.defaults());
    }

    /**
     * A handler with the given limits.
     *
     * @throws NullPointerException if {@code config} is null
     */
    public HttpFarewellHandler(HttpFarewellConfig config) {
        this(config, System::nanoTime);
    }

    HttpFarewellHandler(HttpFarewellConfig config, LongSupplier nanoTime) {
        this(config, nanoTime, Missed.NOTHING, null);
    }

    private HttpFarewellHandler(
            HttpFarewellConfig config, LongSupplier nanoTime, Missed missed, @Nullable Runnable onHandOver) {
        this.config = Objects.requireNonNull(config, "config");
        this.nanoTime = nanoTime;
        this.missed = missed;
        this.onHandOver = onHandOver;
    }

    /**
     * A handler that is added when the codec has worked already, or may be taken away before it has. For this library's installer; it is
     * no API.
     *
     * @param onHandOver runs when a response has ended HTTP, or the first message shows that the codec has gone, and the handler is about
     *     to leave
     * @hidden
     */
    public static HttpFarewellHandler late(HttpFarewellConfig config, Missed missed, Runnable onHandOver) {
        return new HttpFarewellHandler(config, System::nanoTime, missed, onHandOver);
    }

    // ---- the pipeline ----------------------------------------------------------------------------------------------

    /**
     * {@inheritDoc}
     *
     * @throws IllegalStateException if this is the wrong place, with what to do
     */
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        HttpPlace.check(ctx);
        tally = new HttpTally(ctx, exchanges);
        if (missed != Missed.NOTHING) {
            exchanges.missed(missed == Missed.REQUEST_AND_HEAD);
            tally.began();
            tally.update();
        }
        idleSinceNanos = nanoTime.getAsLong();
        GracefulCloseHandler.listen(ctx, new Events());
    }

    /** {@inheritDoc} */
    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (step != Step.OVER && tally != null) {
            end(ctx);
        }
    }

    /** {@inheritDoc} */
    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        idleSinceNanos = nanoTime.getAsLong();
        ctx.fireChannelActive();
    }

    /** {@inheritDoc} */
    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (step == Step.SERVING) {
            step = Step.CLOSING;
        }
        held.release().forEach(ctx::close);
        ctx.fireChannelInactive();
    }

    /** {@inheritDoc} */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == HttpExpectationFailedEvent.INSTANCE) {
            exchanges.bodyDeclined();
            tally().update();
        }
        ctx.fireUserEventTriggered(event);
    }

    private final class Events implements ConnectionEvents {
        @Override
        public void drain(ChannelHandlerContext ctx, Drain begun) {
            drain = begun;
            leaving = true;
            limitHold(ctx);
        }

        @Override
        public void peerEnded(ChannelHandlerContext ctx) {
            inputEnded = true;
            if (!config.servesHalfClosedClients()) {
                peerGone(ctx);
            } else if (!held.isEmpty() && exchanges.isIdle()) {
                pass(ctx);
            }
        }
    }

    // ---- requests --------------------------------------------------------------------------------------------------

    /** {@inheritDoc} */
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (!placeKnown) {
            placeKnown = true;
            if (onHandOver != null && message instanceof ByteBuf) {
                handOver(ctx); // another codec was chosen
            } else {
                checkPlace(ctx, message);
            }
        }
        if (step == Step.OVER || !(message instanceof HttpObject)) {
            ctx.fireChannelRead(message);
            return;
        }
        if (message instanceof HttpRequest head) {
            begin(ctx, head);
        }
        if (message instanceof HttpContent content) {
            exchanges.received(content);
        }
        tally().update();
        if (refusing) {
            ReferenceCountUtil.release(message);
        } else {
            ctx.fireChannelRead(message);
        }
    }

    /** The pipeline is complete now: a wrong place is reported, once. */
    private static void checkPlace(ChannelHandlerContext ctx, Object firstMessage) {
        try {
            HttpPlace.check(ctx, firstMessage);
        } catch (IllegalStateException e) {
            ctx.fireExceptionCaught(e);
        }
    }

    private void begin(ChannelHandlerContext ctx, HttpRequest head) {
        // once the connection shall go, the last request that the application has got stays the last
        refusing = step == Step.CLOSING || exchanges.isCloseSaid() || (leaving && exchanges.canSayClose());
        if (!refusing) {
            exchanges.began(head);
            tally().began();
            limitHold(ctx);
            return;
        }
        exchanges.refused();
        tally().turnedAway();
        if (exchanges.isCloseSaid()) {
            leaving = true; // a server that has said close must close (RFC 9112, section 9.6)
            leaveIfDone(ctx);
        }
    }

    // ---- responses -------------------------------------------------------------------------------------------------

    /** {@inheritDoc} */
    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (step == Step.OVER || !(message instanceof HttpObject)) {
            ctx.write(message, promise);
            return;
        }
        if (message instanceof HttpResponse head && head.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS)) {
            ctx.write(message, promise);
            handOver(ctx);
            return;
        }
        Object outgoing = message instanceof HttpResponse head ? begin(head) : message;
        if (!(outgoing instanceof LastHttpContent) || !exchanges.endAnswer()) {
            ctx.write(outgoing, promise);
            return;
        }
        boolean answers = exchanges.answered();
        pendingResponses++;
        ChannelPromise sent = promise.unvoid();
        sent.addListener(written -> onSent(ctx, answers, written.isSuccess()));
        ctx.write(outgoing, sent);
        if (exchanges.isTunnel()) {
            handOver(ctx);
        }
    }

    private HttpResponse begin(HttpResponse head) {
        HttpResponse outgoing = exchanges.answer(head, leaving);
        tally().update();
        return outgoing;
    }

    /** The last content of a response is in the kernel, or will never be. */
    private void onSent(ChannelHandlerContext ctx, boolean answers, boolean sent) {
        if (step == Step.OVER) {
            return;
        }
        pendingResponses--;
        idleSinceNanos = nanoTime.getAsLong();
        if (exchanges.isIdle()) {
            limitHold(ctx);
        }
        if (answers) {
            tally().ended(sent);
        }
        leaveIfDone(ctx);
    }

    /** Closes the connection if it shall go and its last response is in the kernel. */
    private void leaveIfDone(ChannelHandlerContext ctx) {
        if (!leaving || step != Step.SERVING || pendingResponses > 0 || exchanges.isAnswering()) {
            return;
        }
        if (exchanges.isCloseSaid()) {
            pass(ctx);
        } else if (exchanges.unanswered() == 0 && held.isEmpty()) {
            close(ctx, ctx.newPromise()); // nothing could be said: the head was out before
        }
    }

    // ---- the close -------------------------------------------------------------------------------------------------

    /** {@inheritDoc} */
    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        if (step != Step.SERVING || !ctx.channel().isActive()) {
            ctx.close(promise);
            return;
        }
        held.add(promise);
        if (isProtected()) {
            leaving = true;
            limitHold(ctx);
            ctx.flush(); // a response may have been written without a flush
        } else {
            pass(ctx);
        }
    }

    /** Whether a request may be on its way whose client could not be told not to send it. */
    private boolean isProtected() {
        return exchanges.isIdle()
                && !exchanges.isCloseSaid()
                && !exchanges.isReceiving()
                && !inputEnded
                && protectionLeft() > 0;
    }

    private long protectionLeft() {
        long idle = pendingResponses > 0 ? 0 : nanoTime.getAsLong() - idleSinceNanos;
        return config.minIdleProtectionNanos() - idle;
    }

    /** Bounds the wait of a close that is held back: by the protection that is left, or by the time for the answer. */
    private void limitHold(ChannelHandlerContext ctx) {
        if (held.isEmpty()) {
            return;
        }
        ConnectionEvents.Drain draining = drain;
        boolean idle = exchanges.isIdle();
        long limit = idle ? protectionLeft() : config.answerTimeoutNanos();
        if (draining != null) {
            long half = draining.timeLeft().toNanos() / 2;
            limit = idle ? Math.min(limit, half) : Math.max(draining.graceLeft().toNanos(), half);
        }
        held.limit(ctx.executor(), () -> pass(ctx), limit);
    }

    /** Lets {@code close()} go on, and counts what it leaves unserved. */
    private void pass(ChannelHandlerContext ctx) {
        if (step != Step.SERVING) {
            return;
        }
        step = Step.CLOSING;
        List<ChannelPromise> closes = held.release();
        tally().closing(config.earlyAnswers(), inputEnded);
        (closes.isEmpty() ? List.of(ctx.newPromise()) : closes).forEach(tally()::close);
    }

    /** The client knows that it gets no more answers: nothing of it is lost. */
    private void peerGone(ChannelHandlerContext ctx) {
        if (step == Step.SERVING) {
            step = Step.CLOSING;
            tally().peerGone();
            held.release().forEach(ctx::close);
            ctx.channel().close();
        }
    }

    /** Another protocol takes over: nothing that comes is a request any more. */
    private void handOver(ChannelHandlerContext ctx) {
        end(ctx);
        if (onHandOver != null) {
            onHandOver.run();
        }
        ctx.pipeline().remove(this);
    }

    private void end(ChannelHandlerContext ctx) {
        if (step == Step.SERVING) {
            tally().leave();
        }
        step = Step.OVER;
        List<ChannelPromise> closes = held.release();
        if (!closes.isEmpty()) { // from the end of the pipeline, when the next protocol is there to say its farewell
            EventLoops.execute(ctx.executor(), () -> closes.forEach(ctx.channel()::close));
        }
    }

    private HttpTally tally() {
        return Objects.requireNonNull(tally, "not in a pipeline");
    }
}
