package dev.lastbyte.bench.open;

import dev.lastbyte.bench.netty.SinkChannel;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.DefaultEventLoopGroup;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Connections without a kernel on event loops of their own: a number that stays open, and beside them others that come and go. Not
 * thread-safe.
 */
@SuppressWarnings("deprecation") // the old group is in Netty 4.1 and 4.2 alike
final class RegisteredChannels implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 60;

    private final EventLoopGroup group;
    private final List<EventLoop> loops = new ArrayList<>();
    private final List<SinkChannel> open = new ArrayList<>();
    private final Consumer<ChannelPipeline> installer;

    RegisteredChannels(int threads, Consumer<ChannelPipeline> installer) {
        this.installer = installer;
        group = new DefaultEventLoopGroup(threads);
        for (EventExecutor loop : group) {
            loops.add((EventLoop) loop);
        }
    }

    /** Opens connections that stay, evenly on the event loops. */
    void open(int count) throws Exception {
        for (int i = 0; i < count; i++) {
            open.add(newChannel());
        }
        List<Promise<Void>> done = new ArrayList<>();
        for (int i = 0; i < loops.size(); i++) {
            EventLoop loop = loops.get(i);
            int first = i;
            Promise<Void> opened = loop.newPromise();
            done.add(opened);
            loop.execute(() -> {
                for (int k = first; k < open.size(); k += loops.size()) {
                    loop.register(open.get(k));
                }
                opened.setSuccess(null);
            });
        }
        await(done);
    }

    /** How long it takes, on average, to register a connection and close it again, on all event loops at once; in nanoseconds. */
    double churnNanos(int countPerLoop) throws Exception {
        List<Promise<Long>> done = new ArrayList<>();
        for (EventLoop loop : loops) {
            Promise<Long> promise = loop.newPromise();
            done.add(promise);
            loop.execute(new Churn(loop, countPerLoop, promise));
        }
        await(done);
        double sum = 0;
        for (Promise<Long> promise : done) {
            sum += promise.getNow();
        }
        return sum / loops.size() / countPerLoop;
    }

    private SinkChannel newChannel() {
        SinkChannel channel = new SinkChannel();
        installer.accept(channel.pipeline());
        return channel;
    }

    private static void await(List<? extends Promise<?>> promises) throws Exception {
        for (Promise<?> promise : promises) {
            promise.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
    }

    /** The event loops end; what is open is garbage. */
    @Override
    public void close() {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
        open.clear();
    }

    /** One connection after the other. Confined to the event loop. */
    private final class Churn implements Runnable {
        private final long begun = System.nanoTime();
        private final EventLoop loop;
        private final Promise<Long> done;
        private int left;

        Churn(EventLoop loop, int count, Promise<Long> done) {
            this.loop = loop;
            left = count;
            this.done = done;
        }

        @Override
        public void run() {
            if (left-- == 0) {
                long nanos = System.nanoTime() - begun;
                loop.execute(() -> done.setSuccess(nanos)); // when the last channel has become inactive too
                return;
            }
            SinkChannel channel = newChannel();
            loop.register(channel);
            channel.closeFuture().addListener(closed -> loop.execute(this)); // not within the close, which would nest
            channel.close();
        }
    }
}
