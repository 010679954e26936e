package dev.lastbyte.tcp;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.internal.EventLoops;
import dev.lastbyte.internal.HalfClosure;
import dev.lastbyte.internal.SystemView;
import dev.lastbyte.internal.TcpInfo;
import dev.lastbyte.internal.TransportKind;
import dev.lastbyte.internal.WriteBarrier;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Those who wait for acknowledgements on one connection, each up to a place in the stream. The kernel is asked by {@link
 * KernelLooks}, at the end of each read, because a transport closes the descriptor right after the read that found the end, and by a
 * close. The handler stands nearest the transport, or right behind the {@link GracefulCloseHandler}. While nobody waits, it costs a
 * comparison per read. Confined to the channel's event loop.
 */
final class Acknowledgements extends ChannelDuplexHandler implements KernelLooks.Looker, TcpInfo.Listener {
    private record Waiter(long end, ChannelPromise promise) {}

    private final Channel channel;
    private final SystemView system;
    private final boolean looksAtEof;
    private final ArrayDeque<Waiter> waiters = new ArrayDeque<>(2); // in the order of the stream
    private @Nullable KernelLooks looks; // while somebody waits
    private boolean outlivesEof;
    private long acknowledged;

    /** @param closesByItself whether nobody else asks the kernel before the channel closes at the peer's FIN */
    private Acknowledgements(Channel channel, SystemView system, boolean closesByItself) {
        this.channel = channel;
        this.system = system;
        // io_uring closes before it tells about the end of a read
        looksAtEof = closesByItself && TransportKind.of(channel) == TransportKind.IO_URING;
        channel.closeFuture().addListener(closed -> onClosed());
    }

    /** Those of a channel, or null if nobody has ever waited. */
    static @Nullable Acknowledgements of(Channel channel) {
        return TcpInfo.Listener.of(channel) instanceof Acknowledgements present ? present : null;
    }

    /** Completes a promise when everything written is acknowledged. */
    static void await(Channel channel, SystemView system, ChannelPromise promise) {
        boolean tells = system.hasTcpInfo(channel) && !(channel instanceof ServerChannel);
        Acknowledgements installed = tells ? install(channel, system) : null;
        if (installed == null && !TransportKind.of(channel).isUnixSocket()) {
            promise.tryFailure(unsupported(channel));
            return;
        }
        // From the end of the pipeline: what TLS or a chunked writer holds back is written before it.
        ChannelPipeline pipeline = channel.pipeline();
        ChannelHandlerContext own =
                installed == null ? pipeline.context(GracefulCloseHandler.class) : pipeline.context(installed);
        ChannelFuture barrier = WriteBarrier.writeAndFlush(channel, own);
        barrier.addListener(written -> {
            if (!written.isSuccess()) {
                promise.tryFailure(written.cause());
            } else if (installed == null) {
                promise.trySuccess();
            } else {
                installed.add(promise);
            }
        });
    }

    private static Acknowledgements install(Channel channel, SystemView system) {
        Acknowledgements present = of(channel);
        if (present != null) {
            return present;
        }
        ChannelPipeline pipeline = channel.pipeline();
        ChannelHandlerContext graceful = pipeline.context(GracefulCloseHandler.class);
        Acknowledgements created = new Acknowledgements(channel, system, graceful == null);
        if (graceful == null) {
            pipeline.addFirst(created);
        } else {
            pipeline.addAfter(graceful.name(), null, created);
        }
        TcpInfo.Listener.leave(channel, created);
        return created;
    }

    private static UnsupportedOperationException unsupported(Channel channel) {
        return new UnsupportedOperationException("the kernel cannot be asked what the peer of " + channel
                + " has acknowledged: that takes TCP on epoll or io_uring and Linux 4.19, or a Unix domain socket");
    }

    private void add(ChannelPromise promise) {
        SentBytes bytes = channel.isOpen() ? SentBytes.read(channel, system) : null;
        if (bytes == null) {
            promise.tryFailure(channel.isOpen() ? unsupported(channel) : closed());
            return;
        }
        waiters.add(new Waiter(bytes.end(), promise));
        if (looksAtEof && !outlivesEof && !HalfClosure.isAllowed(channel)) {
            outlivesEof = HalfClosure.outliveEof(channel);
        }
        take(bytes);
        if (!waiters.isEmpty() && looks == null && channel.isOpen()) {
            looks = KernelLooks.begin(channel, system, this, bytes.rttNanos());
        }
    }

    @Override
    public boolean look() {
        SentBytes bytes = waiters.isEmpty() ? null : SentBytes.read(channel, system);
        if (bytes != null) {
            if (looks != null) {
                looks.saw(bytes.acknowledged() > acknowledged, bytes.rttNanos());
            }
            take(bytes);
        }
        if (waiters.isEmpty()) {
            looks = null;
        }
        return !waiters.isEmpty();
    }

    @Override
    public void failed(Throwable cause) {
        looks = null;
        endAtEof();
        fail(takeAll(), cause);
    }

    private void lookNow() {
        SentBytes bytes = waiters.isEmpty() ? null : SentBytes.read(channel, system);
        if (bytes != null) {
            take(bytes);
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>The promises complete once the close has made its step.
     */
    @Override
    public void seen(TcpInfo info, boolean delivered) {
        SentBytes bytes = SentBytes.of(info, TcpInfo.syn(channel));
        if (waiters.isEmpty() || (bytes == null && !delivered)) {
            return;
        }
        List<ChannelPromise> reached = delivered || bytes == null ? takeAll() : takeReached(bytes);
        List<ChannelPromise> lost = bytes != null && bytes.isOver() ? takeAll() : List.of();
        if (!EventLoops.execute(channel.eventLoop(), () -> tell(reached, lost))) {
            tell(reached, lost); // the event loop is ending
        }
    }

    private void take(SentBytes bytes) {
        List<ChannelPromise> reached = takeReached(bytes);
        List<ChannelPromise> lost = bytes.isOver() ? takeAll() : List.of();
        if (waiters.isEmpty()) {
            endAtEof();
        }
        tell(reached, lost);
    }

    private void tell(List<ChannelPromise> reached, List<ChannelPromise> lost) {
        reached.forEach(ChannelPromise::trySuccess);
        if (!lost.isEmpty()) {
            fail(
                    lost,
                    new NotAcknowledgedException(
                            "the connection was reset or given up with bytes unacknowledged; acknowledged in all: "
                                    + acknowledged));
        }
    }

    private List<ChannelPromise> takeReached(SentBytes bytes) {
        acknowledged = bytes.acknowledged();
        // An empty queue proves it too, where bytes_sent has counted more than there is. A later waiter reads again.
        boolean all = !bytes.isOver() && bytes.unacknowledged() == 0;
        List<ChannelPromise> reached = new ArrayList<>(1);
        for (Waiter first = waiters.peek();
                first != null && (all || first.end <= acknowledged);
                first = waiters.peek()) {
            reached.add(waiters.remove().promise);
        }
        return reached;
    }

    private List<ChannelPromise> takeAll() {
        List<ChannelPromise> all = new ArrayList<>(waiters.size());
        waiters.forEach(waiter -> all.add(waiter.promise));
        waiters.clear();
        return all;
    }

    private void endAtEof() {
        if (looksAtEof && outlivesEof) {
            outlivesEof = false;
            HalfClosure.endAtEof(channel);
        }
    }

    private void onClosed() {
        if (!waiters.isEmpty()) {
            fail(takeAll(), closed());
        }
        if (looks != null) {
            looks.end();
            looks = null;
        }
    }

    private static void fail(List<ChannelPromise> promises, Throwable cause) {
        promises.forEach(promise -> promise.tryFailure(cause));
    }

    private NotAcknowledgedException closed() {
        return new NotAcknowledgedException(
                "the channel was closed before everything was seen to be acknowledged; acknowledged in all when last looked: "
                        + acknowledged);
    }

    // ---- the pipeline ----------------------------------------------------------------------------------------------

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        lookNow();
        ctx.fireChannelReadComplete();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        boolean ours = outlivesEof && event == ChannelInputShutdownEvent.INSTANCE;
        if (ours) {
            lookNow();
            endAtEof();
            channel.unsafe().close(channel.voidPromise()); // as the transport would have done
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }

    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        lookNow();
        ctx.close(promise);
    }
}
