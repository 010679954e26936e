package dev.lastbyte.http2;

import dev.lastbyte.DrainEvent;
import dev.lastbyte.FarewellExchange;
import dev.lastbyte.FarewellReport;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2FrameWriter;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The order of the last frames of one connection.
 *
 * <pre>
 * SERVING ─close() | drain→ ANNOUNCED ─PING's ACK | pingTimeout | end of input→ REFUSING ─no stream is open→ close
 *            GOAWAY(2^31-1), PING                            GOAWAY(last stream)
 * </pre>
 *
 * A client, and a connection that is closed by others, goes from SERVING to REFUSING at once; so does one on which the application
 * has sent its last GOAWAY by itself. Ids in GOAWAY never increase (RFC 9113, 6.8).
 *
 * <p>The last GOAWAY is written past the codec's {@code goAway}: a codec that knows of it refuses a stream behind it without creating
 * it, and takes the stream's next frame, DATA or RST_STREAM, for an error of the connection, which ends all others. So it goes on
 * creating streams, and they are reset here. To the codec the last GOAWAY is the first: behind that it writes none for an error of the
 * connection, but closes it.
 *
 * <p>What follows from a change of the connection is done in a task of its own, when the codec has dealt with what it has read.
 * Confined to the channel's event loop.
 */
final class GoAwaySequence {
    private enum Step {
        SERVING,
        ANNOUNCED,
        REFUSING
    }

    private final ChannelHandlerContext ctx;
    private final Http2ConnectionHandler codec;
    private final FarewellExchange farewell;
    private final OpenStreams streams;
    private final long pingNanos;
    private Step step = Step.SERVING;
    private @Nullable PingAck pingAck;
    private @Nullable DrainEvent drain;
    private @Nullable Future<?> pingTimer;
    private boolean ending;
    private boolean inputEnded;
    private boolean looks;
    private boolean over;

    /**
     * The sequence of one connection.
     *
     * @param codec the connection handler's context: frames and the close go out from there
     */
    GoAwaySequence(ChannelHandlerContext codec, Duration pingTimeout, Duration limit) {
        ctx = codec;
        this.codec = (Http2ConnectionHandler) codec.handler();
        pingNanos = pingTimeout.toNanos();
        farewell = FarewellExchange.on(codec, "http/2", limit);
        streams = new OpenStreams(codec.channel(), connection(), this::lookLater, this::refuse);
        farewell.inProgress(streams::unanswered);
    }

    /** Begins to listen. */
    void attach() {
        Http2FrameListener listener = codec.decoder().frameListener();
        if (listener != null) {
            pingAck = new PingAck(listener, this::onPingAck);
            codec.decoder().frameListener(pingAck);
        }
        streams.attach();
    }

    // ---- what the handler tells ------------------------------------------------------------------------------------

    /** The server is being drained. An idle connection is told now, or when the manager's turn for it has come. */
    void drain(DrainEvent event) {
        farewell.drain(event);
        drain = event;
        if (step == Step.ANNOUNCED) {
            armPing();
        } else {
            lookLater();
        }
    }

    void close(ChannelPromise promise) {
        farewell.say(promise, () -> {
            ending = true;
            if (step == Step.SERVING) {
                announce();
            }
            endIfDone();
        });
    }

    /** The close sequence has begun, by this way or another: what is written now is the last. */
    void closeStarted() {
        if (over) {
            return;
        }
        if (step != Step.REFUSING && !streams.isLastNamed()) {
            refuse();
        }
        over = true; // what is still unanswered is counted when the connection has ended
        cancelPing();
    }

    /** The peer has ended its side: no acknowledgement can come, and no stream. It may still read. */
    void inputEnded() {
        inputEnded = true;
        if (step == Step.ANNOUNCED) {
            refuse();
        }
    }

    void inactive() {
        end();
        farewell.inputEnded();
    }

    /** The handler leaves the pipeline. */
    void leave() {
        PingAck ours = pingAck;
        if (ours != null && codec.decoder().frameListener() == ours) {
            codec.decoder().frameListener(ours.decorated());
        }
        end();
        streams.leave();
        farewell.leave();
    }

    // ---- the steps -------------------------------------------------------------------------------------------------

    private void announce() {
        ending = true;
        if (!connection().isServer() || inputEnded || ctx.isRemoved()) {
            refuse();
            return;
        }
        step = Step.ANNOUNCED;
        farewell.soFar(FarewellReport.Outcome.UNANSWERED);
        if (!connection().goAwaySent()) {
            codec.goAway(ctx, Integer.MAX_VALUE, Http2Error.NO_ERROR.code(), Unpooled.EMPTY_BUFFER, ctx.newPromise());
        }
        if (step != Step.ANNOUNCED || over) {
            return; // the write failed, and has closed the connection
        }
        if (pingAck == null) {
            refuse();
            return;
        }
        pingAck.sent();
        codec.encoder().writePing(ctx, false, PingAck.PAYLOAD, ctx.newPromise());
        flush();
        if (step == Step.ANNOUNCED && !over) {
            armPing();
        }
    }

    private void onPingAck() {
        if (step == Step.ANNOUNCED && !over) {
            farewell.soFar(FarewellReport.Outcome.ANSWERED);
            refuse();
        }
    }

    private void onPingTimeout() {
        if (step == Step.ANNOUNCED && !over) {
            refuse();
        }
    }

    private void refuse() {
        step = Step.REFUSING;
        cancelPing();
        if (ctx.isRemoved()) {
            return; // whoever took the codec out of the pipeline speaks another protocol now
        }
        farewell.soFar(connection().isServer() ? FarewellReport.Outcome.UNANSWERED : FarewellReport.Outcome.SAID);
        markGoAway();
        int last = streams.refuseNew();
        Http2FrameWriter writer = codec.encoder().frameWriter();
        writer.writeGoAway(ctx, last, Http2Error.NO_ERROR.code(), Unpooled.EMPTY_BUFFER, ctx.newPromise());
        flush();
        lookLater();
    }

    /** From the codec on, whose flow controller may hold data back. */
    private void flush() {
        try {
            codec.flush(ctx);
        } catch (RuntimeException e) {
            ctx.fireExceptionCaught(e);
        }
    }

    /** Keeps the codec's own {@code close()} from sending one more. */
    private void markGoAway() {
        try {
            if (!connection().goAwaySent()) {
                connection().goAwaySent(Integer.MAX_VALUE, Http2Error.NO_ERROR.code(), Unpooled.EMPTY_BUFFER);
            }
        } catch (Http2Exception e) {
            throw new IllegalStateException(e); // of ids that rise
        }
    }

    /** Resets a stream behind the last GOAWAY. */
    private void refuse(int streamId) {
        farewell.refused(1);
        codec.encoder().writeRstStream(ctx, streamId, Http2Error.REFUSED_STREAM.code(), ctx.newPromise());
    }

    /** Streams or GOAWAYs have changed: sees what follows, once the codec is done with what it does now. */
    private void lookLater() {
        boolean matters = drain != null || ending || streams.isLastNamed();
        if (matters && !looks && !over) {
            looks = execute(this::look);
        }
    }

    private void look() {
        looks = false;
        if (over || !ctx.channel().isActive()) {
            return;
        }
        if (step != Step.REFUSING && streams.isLastNamed()) {
            step = Step.REFUSING; // the application's own GOAWAY, or that of an error
            cancelPing();
            farewell.soFar(FarewellReport.Outcome.SAID);
        }
        if (drain != null && connection().isServer()) {
            if (step == Step.SERVING
                    && (!streams.isEmpty() || drain.closeSpread().isZero())) {
                announce();
            }
            ending |= step != Step.SERVING;
        }
        endIfDone();
    }

    private void endIfDone() {
        if (!ending || step != Step.REFUSING || !streams.isEmpty()) {
            return;
        }
        if (farewell.isBegun()) {
            farewell.done();
        } else {
            ctx.channel().close();
        }
    }

    private void end() {
        over = true;
        cancelPing();
        farewell.inProgress(() -> 0);
    }

    // ---- time ------------------------------------------------------------------------------------------------------

    private void armPing() {
        long limit =
                drain == null ? pingNanos : Math.min(pingNanos, drain.timeLeft().toNanos() / 4);
        cancelPing();
        try {
            pingTimer = ctx.executor().schedule(this::onPingTimeout, limit, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            refuse(); // the event loop is being shut down
        }
    }

    private void cancelPing() {
        if (pingTimer != null) {
            pingTimer.cancel(false);
            pingTimer = null;
        }
    }

    private boolean execute(Runnable step) {
        try {
            ctx.executor().execute(step);
            return true;
        } catch (RejectedExecutionException e) {
            return false; // the event loop is being shut down, and the channel with it
        }
    }

    private Http2Connection connection() {
        return codec.connection();
    }
}
