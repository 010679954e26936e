package dev.lastbyte;

/**
 * Keeps reading from a connection that is being closed, at its pace and up to its byte limit. Reads are issued from the
 * handler nearest the transport, so that neither autoRead nor a handler that swallows {@code read()} can stop them.
 * Stateless; to be called on the channel's event loop.
 */
final class DiscardPump {
    /** How one close stands with its input. */
    enum State {
        OFF,
        READING,
        PAUSED,
        EXHAUSTED
    }

    /** What has been read of a peer that talks; most that are waited for say nothing, and have none. */
    static final class Meter {
        private final DiscardPace pace;
        private long discardedBytes;
        private long burstBytes;
        private long resumeNanos;

        private Meter(DiscardPace pace) {
            this.pace = pace;
        }

        /** How much was read and dropped. */
        long discardedBytes() {
            return discardedBytes;
        }

        /** When a pause is over. */
        long resumeNanos() {
            return resumeNanos;
        }
    }

    private DiscardPump() {}

    static void start(CloseState close) {
        if (close.input == State.OFF) {
            close.input = State.READING;
            if (close.config().maxDiscardedBytes() == 0) {
                exhaust(close);
            } else {
                close.ctx().read();
            }
        }
    }

    /** Stops asking for input; what the transport delivers all the same is still counted. */
    static void stop(CloseState close) {
        close.input = State.OFF;
        close.channel().config().setAutoRead(false);
    }

    static void onRead(CloseState close, long bytes) {
        if (bytes == 0) {
            return;
        }
        Meter meter = close.meter;
        if (meter == null) {
            meter = new Meter(new DiscardPace(close.config().discardBytesPerSecond(), close.now()));
            close.meter = meter;
        }
        meter.discardedBytes += bytes;
        meter.burstBytes += bytes;
        if (meter.discardedBytes >= close.config().maxDiscardedBytes() && close.input != State.OFF) {
            exhaust(close);
        }
    }

    /** Ends a burst: reads on, or pauses; returns whether anything had come. */
    static boolean onReadComplete(CloseState close, long now) {
        Meter meter = close.meter;
        boolean some = false;
        long pause = 0;
        if (meter != null && meter.burstBytes > 0) {
            some = true;
            pause = meter.pace.read(meter.burstBytes, now);
            meter.burstBytes = 0;
        }
        if (close.input != State.READING) {
            return some;
        }
        if (meter == null || pause == 0) {
            close.ctx().read();
        } else {
            close.input = State.PAUSED;
            meter.resumeNanos = now + pause;
            close.channel().config().setAutoRead(false);
        }
        return some;
    }

    /** Reads on if a pause is over. */
    static void resumeIfDue(CloseState close, long now) {
        if (close.input == State.PAUSED && now - close.resumeNanos() >= 0) {
            close.input = State.READING;
            close.ctx().read();
        }
    }

    private static void exhaust(CloseState close) {
        close.input = State.EXHAUSTED;
        close.channel().config().setAutoRead(false);
    }
}
