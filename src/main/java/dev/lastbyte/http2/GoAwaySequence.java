package dev.lastbyte.http2;

import dev.lastbyte.ConnectionEvents;
import dev.lastbyte.FarewellReport;
import dev.lastbyte.farewell.FarewellExchange;
import dev.lastbyte.internal.EventLoops;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2FrameListenerDecorator;
import io.netty.handler.codec.http2.Http2FrameWriter;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The order of the last frames of one connection.
 *
 * <pre>
 * SERVING ─close() | drain→ ANNOUNCED ─PING's ACK | pingTimeout→ REFUSING ─no stream is open | end of input→ close
 *            GOAWAY(2^31-1), PING                            GOAWAY(last stream)
 * </pre>
 *
 * A client goes from SERVING to REFUSING at once. So does a connection that others close, one whose peer has ended its side, and one on which the application has sent
 * its last GOAWAY by itself. From every step the connection may get to OVER: its close sequence has begun, or the handler has left.
 * Ids in GOAWAY never increase (RFC 9113, 6.8).
 *
 * <p>The last GOAWAY bypasses the codec's {@code goAway}. A codec that knows of it refuses a later stream without creating it, and
 * takes the stream's next frame, DATA or RST_STREAM, for a connection error, which ends all other streams. So the codec goes on
 * creating streams, and they are reset here. The codec takes the last GOAWAY for the first: after that it writes no GOAWAY for a
 * connection error, but closes the connection.
 *
 * <p>A change of the connection is acted on in a task of its own, when the codec has finished with what it has read. Confined to the
 * channel's event loop.
 */
final class GoAwaySequence {
    private enum Step {
        SERVING,
        ANNOUNCED,
        REFUSING,
        OVER
    }

    private final ChannelHandlerContext ctx;
    private final Http2ConnectionHandler codec;
    private final FarewellExchange farewell;
    private final OpenStreams streams;
    private final long pingNanos;
    private Step step = Step.SERVING;
    private @Nullable PingWatch pingWatch;
    private ConnectionEvents.@Nullable Drain drain;
    private @Nullable Future<?> pingTimer;
    private boolean ending;
    private boolean inputEnded;
    private boolean looks;

    /**
     * The sequence of one connection.
     *
     * @param codec the connection handler's context, from which frames and the close go out
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
            pingWatch = new PingWatch(listener);
            codec.decoder().frameListener(pingWatch);
        }
        streams.attach();
    }

    // ---- what the handler tells ------------------------------------------------------------------------------------

    /** The server is being drained. An idle connection is told now, or when the manager closes it. */
    void drain(ConnectionEvents.Drain begun) {
        farewell.drain(begun);
        drain = begun;
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

    /** The close sequence has begun, called from here or elsewhere: what is written now is the last. */
    void closeStarted() {
        if (isBefore(Step.REFUSING) && !streams.isLastNamed()) {
            refuse();
        }
        step = Step.OVER; // what is still unanswered is counted when the connection has ended
        cancelPing();
    }

    /**
     * The peer has ended its side. HTTP/2 has no half-close: it has gone, no window will open again, and no stream can be cancelled. So
     * the streams are ended, each with a word, and the connection with them.
     */
    void inputEnded() {
        inputEnded = true;
        if (step != Step.OVER && ctx.channel().isActive()) {
            if (isBefore(Step.REFUSING)) {
                refuse();
            }
            streams.forEachOpen(
                    id -> codec.encoder().writeRstStream(ctx, id, Http2Error.CANCEL.code(), ctx.newPromise()));
            flush();
        }
        farewell.inputEnded();
        ctx.channel().close();
    }

    void inactive() {
        end();
        farewell.inputEnded();
    }

    /** The handler leaves the pipeline. */
    void leave() {
        PingWatch ours = pingWatch;
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
        if (step != Step.ANNOUNCED) {
            return; // the write failed, and has closed the connection
        }
        if (pingWatch == null) {
            refuse();
            return;
        }
        pingWatch.sent = true;
        codec.encoder().writePing(ctx, false, PingWatch.PAYLOAD, ctx.newPromise());
        flush();
        if (step == Step.ANNOUNCED) {
            armPing();
        }
    }

    private void onPingAck() {
        if (step == Step.ANNOUNCED) {
            farewell.soFar(FarewellReport.Outcome.ANSWERED);
            refuse();
        }
    }

    private void onPingTimeout() {
        if (step == Step.ANNOUNCED) {
            refuse();
        }
    }

    private void refuse() {
        step = Step.REFUSING;
        cancelPing();
        if (ctx.isRemoved()) {
            return; // the connection speaks another protocol now
        }
        farewell.soFar(connection().isServer() ? FarewellReport.Outcome.UNANSWERED : FarewellReport.Outcome.SAID);
        markGoAway();
        int last = streams.refuseNew();
        Http2FrameWriter writer = codec.encoder().frameWriter();
        writer.writeGoAway(ctx, last, Http2Error.NO_ERROR.code(), Unpooled.EMPTY_BUFFER, ctx.newPromise());
        flush();
        lookLater();
    }

    /** Flushes the codec too: its flow controller may hold data back. */
    private void flush() {
        try {
            codec.flush(ctx);
        } catch (RuntimeException e) {
            ctx.fireExceptionCaught(e);
        }
    }

    /** Keeps the codec's own {@code close()} from sending another GOAWAY. */
    private void markGoAway() {
        try {
            if (!connection().goAwaySent()) {
                connection().goAwaySent(Integer.MAX_VALUE, Http2Error.NO_ERROR.code(), Unpooled.EMPTY_BUFFER);
            }
        } catch (Http2Exception e) {
            throw new IllegalStateException(e); // thrown only if ids increase
        }
    }

    /** Resets a stream after the last GOAWAY. */
    private void refuse(int streamId) {
        farewell.refused(1);
        codec.encoder().writeRstStream(ctx, streamId, Http2Error.REFUSED_STREAM.code(), ctx.newPromise());
    }

    /** Streams or GOAWAYs have changed: acts on it when the codec has finished what it does now. */
    private void lookLater() {
        boolean matters = drain != null || ending || streams.isLastNamed();
        if (matters && !looks && step != Step.OVER) {
            looks = EventLoops.execute(ctx.executor(), this::look);
        }
    }

    private void look() {
        looks = false;
        if (step == Step.OVER || !ctx.channel().isActive()) {
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
        if (!ending || isBefore(Step.REFUSING) || !streams.isEmpty()) {
            return;
        }
        if (farewell.isBegun()) {
            farewell.done();
        } else {
            ctx.channel().close();
        }
    }

    private void end() {
        step = Step.OVER;
        cancelPing();
        farewell.inProgress(() -> 0);
    }

    private boolean isBefore(Step other) {
        return step.compareTo(other) < 0;
    }

    // ---- time ------------------------------------------------------------------------------------------------------

    private void armPing() {
        long limit =
                drain == null ? pingNanos : Math.min(pingNanos, drain.timeLeft().toNanos() / 4);
        cancelPing();
        pingTimer = EventLoops.schedule(ctx.executor(), this::onPingTimeout, limit);
        if (pingTimer == null) {
            refuse(); // the event loop has ended
        }
    }

    private void cancelPing() {
        if (pingTimer != null) {
            pingTimer.cancel(false);
            pingTimer = null;
        }
    }

    private Http2Connection connection() {
        return codec.connection();
    }

    /** Takes the acknowledgement of our PING out of what the codec's listener gets, whichever API the application uses. */
    private final class PingWatch extends Http2FrameListenerDecorator {
        /** The bytes of "lastbyte". */
        static final long PAYLOAD = 0x6c61737462797465L;

        private boolean sent;

        PingWatch(Http2FrameListener listener) {
            super(listener);
        }

        Http2FrameListener decorated() {
            return listener;
        }

        @Override
        public void onPingAckRead(ChannelHandlerContext ctx, long data) throws Http2Exception {
            if (sent && data == PAYLOAD) {
                onPingAck();
            } else {
                super.onPingAckRead(ctx, data);
            }
        }
    }
}
