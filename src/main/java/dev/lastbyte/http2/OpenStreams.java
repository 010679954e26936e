package dev.lastbyte.http2;

import dev.lastbyte.GracefulCloseHandler;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Stream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * The streams of one connection. A stream that is served is an exchange of the channel; one after the last GOAWAY is refused before
 * the application gets its request. Notices GOAWAYs that others send, too. Confined to the channel's event loop.
 */
final class OpenStreams extends Http2ConnectionAdapter {
    private final Channel channel;
    private final Http2Connection connection;
    private final Runnable onChange;
    private final IntConsumer refuse;
    private int served;
    private int lastServed = Integer.MAX_VALUE;
    private boolean lastNamed;

    /**
     * The streams of a connection.
     *
     * @param onChange called when a stream has begun or ended, or somebody else has sent the last GOAWAY; must not change the
     *     connection
     * @param refuse called with each stream that must be reset; the codec then drops its request
     */
    OpenStreams(Channel channel, Http2Connection connection, Runnable onChange, IntConsumer refuse) {
        this.channel = channel;
        this.connection = connection;
        this.onChange = onChange;
        this.refuse = refuse;
    }

    /** Begins with the streams that are open already. */
    void attach() {
        connection.addListener(this);
        for (int i = connection.numActiveStreams(); i > 0; i--) {
            begin();
        }
    }

    /** Ends the open exchanges. */
    void leave() {
        connection.removeListener(this);
        while (served > 0) {
            end(true);
        }
    }

    /** Whether no stream is being served. */
    boolean isEmpty() {
        return served == 0;
    }

    /** Refuses the peer's streams from now on; returns the last one that is not refused. */
    int refuseNew() {
        lastServed = connection.remote().lastStreamCreated();
        return lastServed;
    }

    /** Whether others have sent a GOAWAY after which no new stream is served, or one that reports an error. */
    boolean isLastNamed() {
        return lastNamed;
    }

    /** How many requests of the peer have no complete answer. */
    long unanswered() {
        int[] count = {0};
        visit(stream -> {
            boolean isRequest = connection.remote().isValidStreamId(stream.id()) && !isAfterLast(stream);
            count[0] += isRequest && stream.state().localSideOpen() ? 1 : 0;
        });
        return count[0];
    }

    /** Calls the action with each open stream; it may close them. */
    void forEachOpen(IntConsumer action) {
        List<Integer> open = new ArrayList<>();
        visit(stream -> open.add(stream.id()));
        open.forEach(action::accept);
    }

    private void visit(Consumer<Http2Stream> visitor) {
        try {
            connection.forEachActiveStream(stream -> {
                visitor.accept(stream);
                return true;
            });
        } catch (Http2Exception e) {
            throw new IllegalStateException(e); // our visitors throw none
        }
    }

    @Override
    public void onStreamActive(Http2Stream stream) {
        if (isAfterLast(stream)) {
            refuse.accept(stream.id());
        } else {
            begin();
            onChange.run();
        }
    }

    @Override
    public void onStreamClosed(Http2Stream stream) {
        if (!isAfterLast(stream)) {
            end(stream.isResetSent());
            onChange.run();
        }
    }

    @Override
    public void onGoAwaySent(int lastStreamId, long errorCode, ByteBuf debugData) {
        if (errorCode != Http2Error.NO_ERROR.code()
                || lastStreamId <= connection.remote().lastStreamCreated()) {
            lastNamed = true;
            onChange.run();
        }
    }

    private boolean isAfterLast(Http2Stream stream) {
        return stream.id() > lastServed && connection.remote().isValidStreamId(stream.id());
    }

    private void begin() {
        served++;
        GracefulCloseHandler.exchangeStarted(channel);
    }

    private void end(boolean reset) {
        if (served > 0) {
            served--;
            if (reset) {
                GracefulCloseHandler.exchangeAbandoned(channel);
            } else {
                GracefulCloseHandler.exchangeEnded(channel);
            }
        }
    }
}
