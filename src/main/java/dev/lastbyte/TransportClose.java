package dev.lastbyte;

import io.netty.channel.Channel;

/**
 * Last step of a close: the socket itself, with FIN or RST, and a net under a transport that does not close. Stateless; to be called
 * on the channel's event loop.
 */
final class TransportClose {
    /** Longer than any transport takes; a handler in front of ours may have swallowed the close. */
    static final long NET_NANOS = 5_000_000_000L;

    private TransportClose() {}

    /**
     * Closes; {@link CloseSequence#onClosed} follows.
     *
     * @param cut whether bytes are left that never reached the kernel: then a FIN would certify a part as the whole
     */
    static void start(CloseSequence close, CloseCause cause, boolean cut) {
        Channel channel = close.channel();
        boolean reset = cut || (isUndelivered(close, cause) && close.config().stalledPeer() == StalledPeer.RESET);
        close.enter(reset ? ClosePhase.RESETTING : ClosePhase.CLOSING);
        if (reset) {
            close.end.aborted(SocketLinger.resetOnClose(channel));
        } else {
            boolean delivered = close.delivery.isDelivered();
            if (!delivered || !close.finSent) { // the kernel lingers for bytes and for the FIN, whoever sends that
                SocketLinger.neverBlock(channel);
            }
            if (!delivered && !close.delivery.isLost()) {
                SocketLinger.boundKernel(channel, close.limits.kernelPatience(close.config(), close.now()));
            }
        }
        if (channel.isRegistered()) {
            close(close);
        } else {
            // Somebody deregistered the channel: io_uring closes no descriptor of an unregistered one.
            channel.eventLoop().register(channel).addListener(f -> close(close));
        }
        if (close.phase() != ClosePhase.CLOSED) {
            awaitNet(close);
        }
    }

    private static void close(CloseSequence close) {
        close.ctx().close().addListener(f -> close.guarded(close::onClosed));
    }

    /** Sees to it that the end comes, whatever the transport does. */
    static void awaitNet(CloseSequence close) {
        LoopTimer.cancel(close);
        close.armAt(close.now() + NET_NANOS);
    }

    /** The transport has not closed in time. */
    static void force(CloseSequence close) {
        Channel channel = close.channel();
        CloseLog.LOG.warn(
                "{} did not close within {} s of being told to; closing it past all handlers",
                channel,
                NET_NANOS / 1_000_000_000L);
        endBelow(channel);
        close.onClosed();
    }

    /** Closes below all handlers. */
    static void endBelow(Channel channel) {
        channel.unsafe().close(channel.voidPromise());
        if (channel.isOpen()) {
            channel.unsafe().closeForcibly();
        }
    }

    private static boolean isUndelivered(CloseSequence close, CloseCause cause) {
        return close.delivery.canTell()
                && !close.delivery.isDelivered()
                && !close.delivery.isLost()
                && CloseEnd.isLimit(cause);
    }
}
