package dev.lastbyte.drain;

import dev.lastbyte.internal.CloseLog;
import io.netty.channel.Channel;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The listeners of one drain, each stopped once. Confined to the drain's thread. */
final class ListenerStops {
    /** Closes a listener so that no client is lost. */
    @FunctionalInterface
    interface Stopper {
        /** Completes when the listener is closed, at the given moment at the latest. */
        CompletionStage<ListenerReport> stop(Channel listener, long deadlineNanos);
    }

    private final Stopper stopper;
    private final List<Channel> waiting;
    private final Map<Channel, CompletableFuture<ListenerReport>> stops = new LinkedHashMap<>();

    ListenerStops(Collection<Channel> listeners, Stopper stopper) {
        this.stopper = stopper;
        waiting = new ArrayList<>(listeners);
    }

    void add(Channel listener) {
        if (!waiting.contains(listener) && !stops.containsKey(listener)) {
            waiting.add(listener);
        }
    }

    /** Stops those that have not been told to yet. */
    void stop(long deadlineNanos, Runnable whenAllAreClosed) {
        for (Channel listener : waiting) {
            stops.put(listener, begin(listener, deadlineNanos));
        }
        waiting.clear();
        CompletableFuture.allOf(stops.values().toArray(new CompletableFuture<?>[0]))
                .whenComplete((all, failure) -> {
                    if (failure != null) {
                        CloseLog.LOG.warn("a listener could not be stopped", failure);
                    }
                    whenAllAreClosed.run();
                });
    }

    /** Closes those that are still being stopped: nobody will wait for them any more. */
    void closeRest() {
        waiting.forEach(Channel::close);
        stops.forEach((listener, stop) -> {
            if (!stop.isDone()) {
                listener.close();
            }
        });
    }

    private CompletableFuture<ListenerReport> begin(Channel listener, long deadlineNanos) {
        try {
            return stopper.stop(listener, deadlineNanos).toCompletableFuture();
        } catch (RuntimeException e) {
            listener.close();
            return CompletableFuture.failedFuture(e);
        }
    }

    /** What is known about those that are closed. */
    List<ListenerReport> reports() {
        return stops.values().stream()
                .filter(stop -> stop.isDone() && !stop.isCompletedExceptionally())
                .map(CompletableFuture::join)
                .toList();
    }
}
