package dev.lastbyte.internal;

import io.netty.channel.ChannelHandlerContext;

/**
 * A timer of one open connection. It wakes its owner when something may be due: bytes have been held back for long enough, or the
 * answers after the peer's FIN have to be looked at. It only ever moves forward: an owner that is woken too early arms it again.
 * Confined to the channel's event loop.
 */
public final class ChannelTimer extends LoopTimer.Entry {
    private final ChannelHandlerContext ctx;
    private final SystemView system;
    private final Runnable wakeUp;
    private long standstillNanos;

    public ChannelTimer(ChannelHandlerContext ctx, SystemView system, Runnable wakeUp) {
        this.ctx = ctx;
        this.system = system;
        this.wakeUp = wakeUp;
    }

    /** The current time, in nanoseconds. */
    public long now() {
        return system.nanoTime();
    }

    /** The current time without that in which the event loop stood still, on a scale of its own: the time that others had. */
    public long usableNow() {
        return now() - standstillNanos;
    }

    /** Wakes the owner at the given moment, or earlier if it has asked for that before. */
    public void armAt(long nanos) {
        LoopTimer.arm(this, nanos, ctx.executor(), system);
    }

    /** Does not wake the owner any more, unless the timer is armed again. */
    public void cancel() {
        LoopTimer.cancel(this);
    }

    @Override
    public LoopTimer.Pace pace() {
        return LoopTimer.Pace.CHANNELS;
    }

    @Override
    public void onStandstill(long nanos) {
        EventLoops.run(ctx.executor(), () -> standstillNanos += nanos);
    }

    @Override
    public void onDue(long nanos) {
        EventLoops.run(ctx.executor(), wakeUp); // the channel may have moved to another event loop
    }

    @Override
    public String toString() {
        return "the timer of " + ctx.channel();
    }
}
