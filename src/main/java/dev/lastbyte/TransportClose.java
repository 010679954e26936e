package dev.lastbyte;

import io.netty.channel.Channel;

/**
 * Last step of a close: the socket itself, with FIN or RST, and a net under a transport that does not close. Confined to the
 * channel's event loop.
 */
final class TransportClose {
    /** Longer than any transport takes; a handler in front of ours may have swallowed the close. */
    static final long NET_NANOS = 5_000_000_000L;

    private final CloseState state;

    TransportClose(CloseState state) {
        this.state = state;
    }

    /**
     * Closes; {@link CloseSequence#onClosed} follows.
     *
     * @param cut whether bytes are left that never reached the kernel: then a FIN would certify a part as the whole
     */
    void start(CloseCause cause, boolean cut) {
        Channel channel = state.channel;
        boolean reset = cut || (isUndelivered(cause) && state.config.stalledPeer() == StalledPeer.RESET);
        state.sequence.enter(reset ? ClosePhase.RESETTING : ClosePhase.CLOSING);
        if (reset) {
            state.end.aborted(SocketLinger.resetOnClose(channel));
        } else {
            SocketLinger.neverBlock(channel);
            if (!state.delivery.isDelivered() && !state.delivery.isLost()) {
                SocketLinger.boundKernel(channel, state.watch.limits().kernelPatience(state.timer.now()));
            }
        }
        awaitNet();
        if (channel.isRegistered()) {
            close();
        } else {
            // Somebody deregistered the channel: io_uring closes no descriptor of an unregistered one.
            channel.eventLoop().register(channel).addListener(f -> close());
        }
    }

    private void close() {
        state.ctx.close().addListener(f -> state.sequence.guarded(state.sequence::onClosed));
    }

    /** Sees to it that the end comes, whatever the transport does. */
    void awaitNet() {
        state.timer.cancel();
        state.timer.armAt(state.timer.now() + NET_NANOS);
    }

    /** The transport has not closed in time. */
    void force() {
        Channel channel = state.channel;
        CloseLog.LOG.warn(
                "{} did not close within {} s of being told to; closing it past all handlers",
                channel,
                NET_NANOS / 1_000_000_000L);
        endBelow(channel);
        state.sequence.onClosed();
    }

    /** Closes below all handlers. */
    static void endBelow(Channel channel) {
        channel.unsafe().close(channel.voidPromise());
        if (channel.isOpen()) {
            channel.unsafe().closeForcibly();
        }
    }

    private boolean isUndelivered(CloseCause cause) {
        return state.delivery.canTell()
                && !state.delivery.isDelivered()
                && !state.delivery.isLost()
                && CloseEnd.isLimit(cause);
    }
}
