package dev.lastbyte;

import io.netty.channel.Channel;
import io.netty.util.Attribute;
import io.netty.util.AttributeKey;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ImmediateEventExecutor;
import io.netty.util.concurrent.Promise;
import org.jspecify.annotations.Nullable;

/**
 * Where reports go: the log, the future kept with the channel, the user's listener. A channel holds a future from the
 * moment somebody asks for it, and its report once it is closed. Thread-safe.
 */
final class CloseReports {
    private static final AttributeKey<Promise<CloseReport>> REPORT = AttributeKey.valueOf(CloseReports.class, "report");

    private CloseReports() {}

    /** The channel's report, now or later. */
    static Promise<CloseReport> of(Channel channel) {
        Attribute<Promise<CloseReport>> attribute = channel.attr(REPORT);
        Promise<CloseReport> present = attribute.get();
        if (present != null) {
            return present;
        }
        Promise<CloseReport> promise = new DefaultPromise<>(executor(channel));
        Promise<CloseReport> earlier = attribute.setIfAbsent(promise);
        return earlier == null ? promise : earlier;
    }

    /** A report that will never come. */
    static Future<CloseReport> none(Channel channel) {
        return new DefaultPromise<CloseReport>(executor(channel))
                .setFailure(new IllegalStateException(
                        "no GracefulCloseHandler in the pipeline of " + channel + ": add it first to get a report"));
    }

    static boolean isKnown(Channel channel) {
        return channel.hasAttr(REPORT) && channel.attr(REPORT).get() != null;
    }

    static void publish(Channel channel, CloseReport report) {
        CloseLog.LOG.debug("{} {}", channel, report);
        of(channel).trySuccess(report);
    }

    /** Tells the user, last of all. */
    static void tell(@Nullable CloseListener listener, Channel channel, CloseReport report) {
        if (listener != null) {
            try {
                listener.onClose(channel, report);
            } catch (Throwable t) {
                CloseLog.LOG.warn(
                        "{} the closeListener threw; its exception changes nothing: {}", channel, listener, t);
            }
        }
    }

    /** The channel's event loop, or the calling thread where it has none yet. */
    static EventExecutor executor(Channel channel) {
        try {
            return channel.eventLoop();
        } catch (IllegalStateException e) {
            return ImmediateEventExecutor.INSTANCE; // not registered yet
        }
    }
}
