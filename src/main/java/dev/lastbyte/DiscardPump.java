package dev.lastbyte;

import io.netty.channel.ChannelHandlerContext;

/**
 * Keeps reading from a connection that is being closed, at its pace and up to its byte limit. Reads are issued from the
 * handler nearest the transport, so that neither autoRead nor a handler that swallows {@code read()} can stop them.
 * Confined to the channel's event loop.
 */
final class DiscardPump {
    private enum State {
        OFF,
        READING,
        PAUSED,
        EXHAUSTED
    }

    private final ChannelHandlerContext ctx;
    private final DiscardPace pace;
    private final long maxBytes;
    private State state = State.OFF;
    private long discardedBytes;
    private long burstBytes;
    private long resumeNanos;

    DiscardPump(ChannelHandlerContext ctx, GracefulCloseConfig config, long now) {
        this.ctx = ctx;
        pace = new DiscardPace(config.discardBytesPerSecond(), now);
        maxBytes = config.maxDiscardedBytes();
    }

    void start() {
        if (state == State.OFF) {
            state = State.READING;
            if (maxBytes == 0) {
                exhaust();
            } else {
                ctx.read();
            }
        }
    }

    /** Stops asking for input; what the transport delivers all the same is still counted. */
    void stop() {
        if (state != State.OFF) {
            state = State.OFF;
        }
        ctx.channel().config().setAutoRead(false);
    }

    void onRead(long bytes) {
        discardedBytes += bytes;
        burstBytes += bytes;
        if (discardedBytes >= maxBytes && state != State.OFF) {
            exhaust();
        }
    }

    /** Ends a burst: reads on, or pauses. */
    void onReadComplete(long now) {
        long pause = burstBytes > 0 ? pace.read(burstBytes, now) : 0;
        burstBytes = 0;
        if (state != State.READING) {
            return;
        }
        if (pause == 0) {
            ctx.read();
        } else {
            state = State.PAUSED;
            resumeNanos = now + pause;
            ctx.channel().config().setAutoRead(false);
        }
    }

    /** Reads on if a pause is over; returns whether it was. */
    boolean resumeIfDue(long now) {
        if (state != State.PAUSED || now - resumeNanos < 0) {
            return false;
        }
        state = State.READING;
        ctx.read();
        return true;
    }

    private void exhaust() {
        state = State.EXHAUSTED;
        ctx.channel().config().setAutoRead(false);
    }

    boolean isReading() {
        return state == State.READING;
    }

    boolean isPaused() {
        return state == State.PAUSED;
    }

    boolean isExhausted() {
        return state == State.EXHAUSTED;
    }

    long resumeNanos() {
        return resumeNanos;
    }

    long discardedBytes() {
        return discardedBytes;
    }
}
