package dev.lastbyte.http;

import dev.lastbyte.DrainEvent;
import dev.lastbyte.GracefulCloseHandler;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
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
 * codec, in front of everything that answers, aggregates, compresses or closes:
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
 *   <li>From {@link DrainEvent} on, the response to the last request that the application has got says {@code Connection: close};
 *       behind it the connection is closed. Requests that come later are not touched: their client has been told.
 *   <li>{@code close()} of an idle connection is held back for {@link HttpFarewellConfig#minIdleProtection}, counted from the last
 *       response. A request that comes meanwhile is served, with {@code Connection: close}. With requests unanswered {@code
 *       close()} goes on at once.
 *   <li>What was not served is counted in the report: as refused if a response had said {@code Connection: close}, as lost
 *       otherwise. What comes behind the FIN counts once, however many requests it is.
 *   <li>A response of 101, or of 2xx to CONNECT, ends HTTP: the handler leaves the pipeline.
 * </ul>
 *
 * <p>Closes by handlers in front of it, and {@link GracefulCloseHandler#closeNow}, are not held back. One instance serves one
 * channel. Confined to the channel's event loop.
 */
public final class HttpFarewellHandler extends ChannelDuplexHandler {
    private final HttpFarewellConfig config;
    private final LongSupplier nanoTime;
    private final HttpExchanges exchanges = new HttpExchanges();
    private @Nullable HttpTally tally;
    private @Nullable HeldClose held;
    private @Nullable DrainEvent drain;
    private int pendingResponses;
    private long idleSinceNanos;
    private boolean leaving;
    private boolean refusing;
    private boolean passed;
    private boolean inputEnded;
    private boolean over;

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
        this.config = Objects.requireNonNull(config, "config");
        this.nanoTime = nanoTime;
    }

    // ---- the pipeline ----------------------------------------------------------------------------------------------

    /**
     * {@inheritDoc}
     *
     * @throws IllegalStateException if it was added with an executor of its own
     */
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (ctx.executor() != ctx.channel().eventLoop()) {
            throw new IllegalStateException("HttpFarewellHandler was added to " + ctx.channel()
                    + " with an executor of its own: add it without one, it must run on the channel's event loop");
        }
        tally = new HttpTally(ctx, exchanges);
        held = new HeldClose(ctx, () -> pass(ctx));
        idleSinceNanos = nanoTime.getAsLong();
        DrainEvent.heardBy(ctx.channel()).ifPresent(this::drain);
    }

    /** {@inheritDoc} */
    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (!over) {
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
        passed = true;
        held().release().forEach(ctx::close);
        ctx.fireChannelInactive();
    }

    /** {@inheritDoc} */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof DrainEvent heard) {
            drain(heard);
        } else if (event == ChannelInputShutdownEvent.INSTANCE || event == ChannelInputShutdownReadComplete.INSTANCE) {
            inputEnded = true;
            if (held().isHolding() && exchanges.isIdle()) {
                pass(ctx);
            }
        } else if (event == HttpExpectationFailedEvent.INSTANCE) {
            exchanges.bodyDeclined();
            tally().update();
        }
        ctx.fireUserEventTriggered(event);
    }

    private void drain(DrainEvent heard) {
        drain = heard;
        leaving = true;
        if (held().isHolding()) {
            limitHold();
        }
    }

    // ---- requests --------------------------------------------------------------------------------------------------

    /** {@inheritDoc} */
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (over || !(message instanceof HttpObject)) {
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

    private void begin(ChannelHandlerContext ctx, HttpRequest head) {
        // once it shall go, the last request that the application has got stays the last
        refusing = passed || exchanges.isCloseSaid() || (leaving && exchanges.canSayClose());
        if (!refusing) {
            exchanges.began(head);
            tally().began();
            if (held().isHolding()) {
                limitHold();
            }
            return;
        }
        exchanges.refused();
        tally().turnedAway();
        if (exchanges.isCloseSaid()) {
            leaving = true; // who says close must close (RFC 9112, section 9.6)
            leaveIfDone(ctx);
        }
    }

    // ---- responses -------------------------------------------------------------------------------------------------

    /** {@inheritDoc} */
    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (over || !(message instanceof HttpObject)) {
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
        boolean last = leaving && exchanges.isLast() && !HttpExchange.isInterim(head);
        HttpResponse outgoing = last ? HttpExchange.last(head) : head;
        exchanges.answer(outgoing);
        tally().update();
        return outgoing;
    }

    /** The last content of a response is in the kernel, or will never be. */
    private void onSent(ChannelHandlerContext ctx, boolean answers, boolean sent) {
        if (over) {
            return;
        }
        pendingResponses--;
        idleSinceNanos = nanoTime.getAsLong();
        if (held().isHolding() && exchanges.isIdle()) {
            limitHold();
        }
        if (answers) {
            tally().ended(sent);
        }
        leaveIfDone(ctx);
    }

    /** Closes the connection if it shall go and its last response is in the kernel. */
    private void leaveIfDone(ChannelHandlerContext ctx) {
        if (!leaving || passed || over || pendingResponses > 0 || exchanges.isAnswering()) {
            return;
        }
        if (exchanges.isCloseSaid()) {
            pass(ctx);
        } else if (exchanges.unanswered() == 0 && !held().isHolding()) {
            close(ctx, ctx.newPromise()); // nothing could be said: the head was out before
        }
    }

    // ---- the end ---------------------------------------------------------------------------------------------------

    /** {@inheritDoc} */
    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        if (over || passed || !ctx.channel().isActive()) {
            ctx.close(promise);
            return;
        }
        held().add(promise);
        if (isProtected()) {
            leaving = true;
            limitHold();
            ctx.flush(); // a response may have been written only
        } else {
            pass(ctx);
        }
    }

    /** Whether a request may be on its way that nobody could have told not to come. */
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

    private void limitHold() {
        DrainEvent draining = drain;
        boolean idle = exchanges.isIdle();
        long limit = idle ? protectionLeft() : config.answerTimeoutNanos();
        if (draining != null) {
            long half = draining.timeLeft().toNanos() / 2;
            limit = idle ? Math.min(limit, half) : Math.max(draining.graceLeft().toNanos(), half);
        }
        held().limit(Math.max(0, limit));
    }

    /** Lets {@code close()} go on, counts what it leaves behind. */
    private void pass(ChannelHandlerContext ctx) {
        if (passed || over) {
            return;
        }
        passed = true;
        List<ChannelPromise> closes = held().release();
        tally().closing(config.earlyAnswers());
        (closes.isEmpty() ? List.of(ctx.newPromise()) : closes).forEach(tally()::close);
    }

    /** Another protocol takes over: nothing that comes is a request any more. */
    private void handOver(ChannelHandlerContext ctx) {
        end(ctx);
        ctx.pipeline().remove(this);
    }

    private void end(ChannelHandlerContext ctx) {
        over = true;
        if (!passed) {
            tally().leave();
        }
        List<ChannelPromise> closes = held().release();
        if (!closes.isEmpty()) { // from the end of the pipeline, when the next protocol is there to say goodbye
            ctx.executor().execute(() -> closes.forEach(ctx.channel()::close));
        }
    }

    private HttpTally tally() {
        return Objects.requireNonNull(tally, "not in a pipeline");
    }

    private HeldClose held() {
        return Objects.requireNonNull(held, "not in a pipeline");
    }
}
