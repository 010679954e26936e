package dev.lastbyte;

import dev.lastbyte.ConnectionEvents.Drain;
import dev.lastbyte.internal.EventLoops;
import dev.lastbyte.internal.HalfClosure;
import dev.lastbyte.internal.Loggers;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ServerChannel;
import io.netty.util.AttributeKey;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Who wants to hear of a channel's {@link ConnectionEvents}, kept with the channel once somebody does. For this library's manager, which
 * tells of drains; it is no API. Confined to the channel's event loop, but for {@link #drainOf} and the registration.
 *
 * @hidden
 */
public final class EventListeners {
    private static final Logger LOG = Loggers.of(EventListeners.class);
    private static final AttributeKey<EventListeners> KEY = AttributeKey.valueOf("dev.lastbyte.EVENTS");
    private static final int FIRST_PRUNING = 8;

    /** One registration. Those of a stream stand in the lists of the stream and of its connection. */
    private static final class Listener {
        private final ChannelHandlerContext ctx;
        private final ConnectionEvents events;
        private boolean drainTold;
        private boolean closeTold;
        private boolean endTold;

        Listener(ChannelHandlerContext ctx, ConnectionEvents events) {
            this.ctx = ctx;
            this.events = events;
        }

        void drain(Drain drain) {
            if (!drainTold) {
                drainTold = true;
                call(() -> events.drain(ctx, drain));
            }
        }

        void closeStarted() {
            if (!closeTold) {
                closeTold = true;
                call(() -> events.closeStarted(ctx));
            }
        }

        void peerEnded() {
            if (!endTold) {
                endTold = true;
                call(() -> events.peerEnded(ctx));
            }
        }

        private void call(Runnable event) {
            boolean runs = EventLoops.run(ctx.executor(), () -> {
                try {
                    event.run();
                } catch (Throwable t) {
                    LOG.warn(
                            "{} a listener of '{}' threw; its exception changes nothing", ctx.channel(), ctx.name(), t);
                }
            });
            if (!runs) {
                LOG.debug("{} '{}' has an executor that does not run any more", ctx.channel(), ctx.name());
            }
        }
    }

    private final List<Listener> listeners = new ArrayList<>(2);
    private int pruneAt = FIRST_PRUNING;
    private volatile @Nullable Drain drain;

    private EventListeners() {}

    // ---- registration ----------------------------------------------------------------------------------------------

    static void add(ChannelHandlerContext ctx, ConnectionEvents events) {
        Listener listener = new Listener(ctx, events);
        for (Channel c = ctx.channel(); c != null && !(c instanceof ServerChannel); c = c.parent()) {
            Channel channel = c;
            EventLoops.run(EventLoops.of(channel), () -> kept(channel).add(listener, channel));
        }
    }

    private void add(Listener listener, Channel channel) {
        if (listeners.size() >= pruneAt) {
            listeners.removeIf(known -> known.ctx.isRemoved());
            pruneAt = Math.max(FIRST_PRUNING, 2 * listeners.size());
        }
        listeners.add(listener);
        Drain heard = drain;
        if (heard != null) {
            listener.drain(heard);
        }
        if (HalfClosure.isInputShutdown(channel)) {
            listener.peerEnded();
        }
        if (GracefulCloseHandler.isInCloseSequence(channel)) {
            listener.closeStarted();
        }
    }

    private static EventListeners kept(Channel channel) {
        EventListeners known = channel.attr(KEY).get();
        if (known != null) {
            return known;
        }
        EventListeners created = new EventListeners();
        EventListeners earlier = channel.attr(KEY).setIfAbsent(created);
        return earlier == null ? created : earlier;
    }

    private static @Nullable EventListeners of(Channel channel) {
        return channel.hasAttr(KEY) ? channel.attr(KEY).get() : null;
    }

    // ---- the events ------------------------------------------------------------------------------------------------

    /** Tells of a drain. */
    public static void drain(Channel channel, Drain drain) {
        EventListeners all = kept(channel);
        all.drain = drain;
        all.tell(channel, listener -> listener.drain(drain));
        if (GracefulCloseHandler.firesUserEvents(channel)) {
            channel.pipeline().fireUserEventTriggered(drain);
        }
    }

    /** The drain that the channel has heard of, or null. From any thread. */
    public static @Nullable Drain drainOf(Channel channel) {
        EventListeners known = of(channel);
        return known == null ? null : known.drain;
    }

    /** Tells that the close sequence begins. */
    static void closeStarted(Channel channel) {
        EventListeners known = of(channel);
        if (known != null) {
            known.tell(channel, Listener::closeStarted);
        }
    }

    /** Tells that the peer has ended its side. */
    static void peerEnded(Channel channel) {
        EventListeners known = of(channel);
        if (known != null) {
            known.tell(channel, Listener::peerEnded);
        }
    }

    /** Those of the channel itself in the order of its pipeline, then those of channels within it. */
    private void tell(Channel channel, Consumer<Listener> event) {
        List<Listener> told = new ArrayList<>(listeners); // a listener may register others, which are told at once
        if (told.size() > 1) {
            List<String> names = channel.pipeline().names();
            told.sort(Comparator.comparingInt(listener ->
                    listener.ctx.channel() == channel ? names.indexOf(listener.ctx.name()) : Integer.MAX_VALUE));
        }
        for (Listener listener : told) {
            if (!listener.ctx.isRemoved()) {
                event.accept(listener);
            }
        }
    }
}
