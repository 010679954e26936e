package dev.lastbyte;

import io.netty.channel.Channel;
import io.netty.util.concurrent.Promise;
import java.net.InetSocketAddress;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** Takes one {@link SendQueueSnapshot} from whoever can tell about a channel. Confined to the channel's event loop. */
final class SendQueueReading {
    private final Channel channel;
    private final SystemView system;
    private final SocketSamples samples;

    SendQueueReading(Channel channel, SystemView system, SocketSamples samples) {
        this.channel = channel;
        this.system = system;
        this.samples = samples;
    }

    /** Completes the promise: at once, or when the kernel's table has been read. */
    void into(Promise<SendQueueSnapshot> promise) {
        SocketTable.Ends ends = ends();
        if (ends == null) {
            promise.trySuccess(now());
            return;
        }
        samples.ask(ends).thenAccept(row -> {
            try {
                channel.eventLoop().execute(() -> promise.trySuccess(of(row)));
            } catch (RejectedExecutionException e) {
                promise.trySuccess(
                        SendQueueSnapshot.unknown(0)); // the event loop has ended, and the connection with it
            }
        });
    }

    private SendQueueSnapshot now() {
        long nettyBytes = OutboundFlush.pendingBytes(channel);
        if (!channel.isOpen()) {
            return SendQueueSnapshot.unknown(nettyBytes);
        }
        if (TransportKind.of(channel).isUnixSocket()) {
            return SendQueueSnapshot.unixSocket(nettyBytes);
        }
        if (!system.hasTcpInfo(channel)) {
            return SendQueueSnapshot.unknown(nettyBytes);
        }
        SentBytes bytes = SentBytes.read(channel, system);
        if (bytes != null) {
            return SendQueueSnapshot.of(nettyBytes, bytes);
        }
        TcpInfo info = system.tcpInfo(channel);
        return info == null ? SendQueueSnapshot.unknown(nettyBytes) : SendQueueSnapshot.of(nettyBytes, info);
    }

    private SendQueueSnapshot of(SocketTable.@Nullable Row row) {
        long nettyBytes = OutboundFlush.pendingBytes(channel);
        // A channel that is open still has had these addresses all the time.
        return row == null || !channel.isOpen()
                ? SendQueueSnapshot.unknown(nettyBytes)
                : SendQueueSnapshot.of(nettyBytes, row);
    }

    /** The addresses of a connection that only the table of sockets can tell about, or null. */
    private SocketTable.@Nullable Ends ends() {
        return TransportKind.of(channel) == TransportKind.NIO
                        && channel.isOpen()
                        && channel.localAddress() instanceof InetSocketAddress local
                        && channel.remoteAddress() instanceof InetSocketAddress remote
                ? new SocketTable.Ends(local, remote)
                : null;
    }
}
