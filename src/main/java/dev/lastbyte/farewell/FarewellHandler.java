package dev.lastbyte.farewell;

import dev.lastbyte.CloseReport;
import dev.lastbyte.ConnectionEvents;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.internal.Checks;
import dev.lastbyte.internal.HandlerPlace;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Says a {@link Farewell} before {@code close()} goes on to the {@link GracefulCloseHandler}. It belongs behind the protocol's codec
 * and in front of the handlers that call {@code close()}:
 *
 * <pre>{@code
 * pipeline.addFirst(new GracefulCloseHandler(config));
 * pipeline.addLast(new LineBasedFrameDecoder(1024), new StringDecoder(), new StringEncoder());
 * pipeline.addLast(new FarewellHandler(new LineFarewell()));
 * pipeline.addLast(new MyHandler());
 * }</pre>
 *
 * While it waits for the answer, messages still reach the application, and the application's writes still reach the peer. The {@link
 * CloseReport} says whether the peer answered. Without a {@code GracefulCloseHandler} nearer the transport, the first message is followed
 * by an {@link IllegalStateException} through the pipeline. One instance serves one channel. Confined to the channel's event loop.
 */
public final class FarewellHandler extends ChannelDuplexHandler {
    static final Duration DEFAULT_LIMIT = Duration.ofSeconds(5);

    private final Farewell farewell;
    private final Duration limit;
    private @Nullable FarewellExchange exchange;
    private boolean awaiting;
    private boolean placeKnown;

    /** A handler that waits 5 s for the answer. */
    public FarewellHandler(Farewell farewell) {
        this(farewell, DEFAULT_LIMIT);
    }

    /**
     * A handler with the given limit.
     *
     * @param limit how long to wait for the answer; between 1 ms and 24 h
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if {@code limit} is out of range
     */
    public FarewellHandler(Farewell farewell, Duration limit) {
        this.farewell = Objects.requireNonNull(farewell, "farewell");
        Checks.nanos(limit, "limit");
        this.limit = limit;
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalStateException if it was added with an executor of its own
     */
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        HandlerPlace.requireEventLoop(ctx);
        exchange = FarewellExchange.on(ctx, farewell.protocol(), limit);
        GracefulCloseHandler.listen(ctx, new Events());
    }

    /** {@inheritDoc} */
    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (exchange != null) {
            exchange.leave();
        }
    }

    /** {@inheritDoc} */
    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        exchange().say(promise, () -> {
            awaiting = farewell.say(ctx);
            if (!awaiting) {
                exchange().said();
            }
        });
    }

    /** {@inheritDoc} */
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (!placeKnown) {
            placeKnown = true;
            checkPlace(ctx);
        }
        if (awaiting && isAnswer(message)) {
            awaiting = false;
            ReferenceCountUtil.release(message);
            exchange().answered();
        } else {
            ctx.fireChannelRead(message);
        }
    }

    /** {@inheritDoc} */
    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        exchange().inputEnded();
        ctx.fireChannelInactive();
    }

    /** The pipeline is complete now: without a handler that closes gracefully, the farewell may be lost. */
    private static void checkPlace(ChannelHandlerContext ctx) {
        try {
            HandlerPlace.of(ctx).requireInFront(GracefulCloseHandler.class);
        } catch (IllegalStateException e) {
            ctx.fireExceptionCaught(e);
        }
    }

    private final class Events implements ConnectionEvents {
        @Override
        public void drain(ChannelHandlerContext ctx, Drain drain) {
            exchange().drain(drain);
            farewell.drain(ctx, drain);
        }

        @Override
        public void peerEnded(ChannelHandlerContext ctx) {
            exchange().inputEnded();
        }
    }

    private boolean isAnswer(Object message) {
        try {
            return farewell.isAnswer(message);
        } catch (RuntimeException | Error e) {
            ReferenceCountUtil.release(message);
            throw e;
        }
    }

    private FarewellExchange exchange() {
        return Objects.requireNonNull(exchange, "not in a pipeline");
    }
}
