package dev.lastbyte.tcp;

import dev.lastbyte.internal.EventLoops;
import dev.lastbyte.internal.Loggers;
import dev.lastbyte.internal.LoopTimer;
import dev.lastbyte.internal.SystemView;
import io.netty.channel.Channel;
import org.slf4j.Logger;

/**
 * The looks at the kernel's counters of one connection while somebody waits for acknowledgements: four in a round trip while they
 * arrive, ever fewer while none do. Confined to the channel's event loop.
 */
final class KernelLooks extends LoopTimer.Entry {
    /** Who looks. */
    interface Looker {
        /** Looks once, on the channel's event loop; returns whether to look again. */
        boolean look();

        /** A look threw; there are no more. */
        void failed(Throwable cause);
    }

    private static final Logger LOG = Loggers.of(KernelLooks.class);
    private static final long MIN_NANOS = 1_000_000;
    private static final long MAX_NANOS = 50_000_000;

    private final Channel channel;
    private final SystemView system;
    private final Looker looker;
    private long intervalNanos;
    private boolean over;

    private KernelLooks(Channel channel, SystemView system, Looker looker, long rttNanos) {
        this.channel = channel;
        this.system = system;
        this.looker = looker;
        intervalNanos = bounded(rttNanos / 4);
    }

    /** Begins to look. */
    static KernelLooks begin(Channel channel, SystemView system, Looker looker, long rttNanos) {
        KernelLooks looks = new KernelLooks(channel, system, looker, rttNanos);
        looks.armNext();
        return looks;
    }

    /** Notes what a look has shown: after one without progress, the next waits twice as long. */
    void saw(boolean progress, long rttNanos) {
        intervalNanos = bounded(progress ? rttNanos / 4 : Math.max(intervalNanos * 2, rttNanos / 4));
    }

    /** Looks no more. */
    void end() {
        over = true;
        LoopTimer.cancel(this);
    }

    @Override
    public LoopTimer.Pace pace() {
        return LoopTimer.Pace.LOOKS;
    }

    @Override
    public void onDue(long nanos) {
        EventLoops.run(channel.eventLoop(), this::look); // the channel may have moved to another event loop
    }

    private void look() {
        if (!over && isWanted() && !over) { // a look may end the looks
            armNext();
        }
    }

    private boolean isWanted() {
        try {
            return looker.look();
        } catch (Throwable t) {
            LOG.warn("{} looking at acknowledgements failed", channel, t);
            over = true;
            looker.failed(t);
            return false;
        }
    }

    private void armNext() {
        LoopTimer.arm(this, system.nanoTime() + intervalNanos, channel.eventLoop(), system);
    }

    private static long bounded(long nanos) {
        return Math.max(MIN_NANOS, Math.min(MAX_NANOS, nanos));
    }
}
