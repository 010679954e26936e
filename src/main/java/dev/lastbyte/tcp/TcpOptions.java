package dev.lastbyte.tcp;

import dev.lastbyte.internal.Checks;
import dev.lastbyte.internal.TransportKind;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ServerChannel;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Socket options of TCP (tcp(7)). They are checked, and set where they take effect: on the listener, before a client connects,
 * or on each connection.
 *
 * <pre>{@code
 * TcpOptions options = TcpOptions.builder()
 *         .deferAccept(Duration.ofSeconds(3))
 *         .keepIdle(Duration.ofSeconds(60))
 *         .userTimeout(Duration.ofSeconds(30))
 *         .build();
 * options.applyTo(bootstrap, EpollServerSocketChannel.class);
 * }</pre>
 *
 * <p>Only named options are set; all others keep the values of the system and of Netty. An option that the transport does not have,
 * or that does nothing on such a socket, is refused by name before any option is set, unless {@link Builder#skipUnsupported()} was
 * called. The page {@code docs/tcp.md} has the table of options, units, ranges and transports. Immutable.
 */
public final class TcpOptions {
    private final Map<TcpOption, Long> values;
    private final boolean skipsUnsupported;

    private TcpOptions(Builder builder) {
        values = new EnumMap<>(builder.values);
        skipsUnsupported = builder.skipsUnsupported;
    }

    /** A builder that sets nothing. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that starts with the values of these options. */
    public Builder toBuilder() {
        return new Builder(this);
    }

    /** The value to be set, in the option's own unit; a flag is 0 or 1. Empty if the option is left alone. */
    public OptionalLong value(TcpOption option) {
        Long value = values.get(option);
        return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }

    /** Whether options that a socket does not have are left out instead of refused. */
    public boolean skipsUnsupported() {
        return skipsUnsupported;
    }

    /**
     * Sets the channel type of a server, and the options. Those of the listener and of the handshake are set on the listener, all
     * others on each connection. If the kernel refuses a value later, Netty logs it and nothing else changes.
     *
     * @param type the class that would otherwise be given to {@link ServerBootstrap#channel}
     * @return the bootstrap
     * @throws IllegalStateException if the bootstrap has a channel type already
     * @throws UnsupportedOperationException if an option is refused; nothing is set then
     */
    public ServerBootstrap applyTo(ServerBootstrap bootstrap, Class<? extends ServerChannel> type) {
        Map<TcpOption, OptionKey<?>> keys =
                keys(type, option -> option.isForListeners() || option.isForConnections(), "a server");
        bootstrap.channel(type);
        keys.forEach((option, key) -> {
            if (option.isForListeners()) {
                key.setOnEach(bootstrap, asked(option));
            } else {
                key.setOnEachChild(bootstrap, asked(option));
            }
        });
        return bootstrap;
    }

    /**
     * Sets the channel type of a client, and the options, all of them before it connects. If the kernel refuses a value later,
     * Netty logs it and nothing else changes.
     *
     * @param type the class that would otherwise be given to {@link Bootstrap#channel}
     * @return the bootstrap
     * @throws IllegalStateException if the bootstrap has a channel type already
     * @throws UnsupportedOperationException if an option is refused; nothing is set then
     */
    public Bootstrap applyTo(Bootstrap bootstrap, Class<? extends Channel> type) {
        Map<TcpOption, OptionKey<?>> keys = keys(type, TcpOption::isForClients, "a client");
        bootstrap.channel(type);
        keys.forEach((option, key) -> key.setOnEach(bootstrap, asked(option)));
        return bootstrap;
    }

    /**
     * Sets the options on an open channel: a listener, a client's channel or a connection. From any thread. A connection takes the
     * options of the handshake too, but its peer has been told other values already.
     *
     * @throws UnsupportedOperationException if an option is refused; nothing is set then
     * @throws ChannelException if the kernel refuses a value, or the channel is closed; the options before it have been set
     */
    public void applyTo(Channel channel) {
        keys(channel.getClass(), sideOf(channel), wordsFor(channel)).forEach((option, key) -> {
            if (!set(channel, option, key) && !skipsUnsupported) {
                throw new UnsupportedOperationException(option + ": unknown to " + channel
                        + " (expected: a channel that has it, or skipUnsupported())");
            }
        });
    }

    /**
     * Reads which values the kernel has given to a channel's options. From any thread.
     *
     * @throws NullPointerException if {@code channel} is null
     */
    public static EffectiveTcpOptions effective(Channel channel) {
        return EffectiveTcpOptions.of(Objects.requireNonNull(channel, "channel"));
    }

    private boolean set(Channel channel, TcpOption option, OptionKey<?> key) {
        try {
            return key.set(channel, asked(option));
        } catch (ChannelException e) {
            throw new ChannelException(option + ": " + option.format(asked(option)) + " refused for " + channel, e);
        }
    }

    private long asked(TcpOption option) {
        return Objects.requireNonNull(values.get(option), option::name);
    }

    private static Predicate<TcpOption> sideOf(Channel channel) {
        if (channel instanceof ServerChannel) {
            return TcpOption::isForListeners;
        }
        return channel.isActive() ? TcpOption::isForConnections : TcpOption::isForClients;
    }

    private static String wordsFor(Channel channel) {
        if (channel instanceof ServerChannel) {
            return "a listener";
        }
        return channel.isActive() ? "a connection" : "a client's channel";
    }

    /** The keys of all options to be set. */
    private Map<TcpOption, OptionKey<?>> keys(Class<? extends Channel> type, Predicate<TcpOption> fits, String target) {
        Map<TcpOption, OptionKey<?>> keys = new EnumMap<>(TcpOption.class);
        for (TcpOption option : values.keySet()) {
            OptionKey<?> key = OptionKey.forWriting(TransportKind.of(type), option);
            if (key != null && fits.test(option)) {
                keys.put(option, key);
            } else if (!skipsUnsupported) {
                throw new UnsupportedOperationException(
                        key == null
                                ? option + ": not available on " + TransportKind.label(type)
                                        + " (expected: another transport, or skipUnsupported())"
                                : option + ": does nothing on " + target + " of " + TransportKind.label(type)
                                        + " (expected: " + option.side() + ", or skipUnsupported())");
            }
        }
        return keys;
    }

    /** The values to be set, such as {@code TcpOptions{TCP_NODELAY=on, SO_SNDBUF=65536 B}}. */
    @Override
    public String toString() {
        return "TcpOptions" + TcpOption.format(values) + (skipsUnsupported ? " where supported" : "");
    }

    /**
     * Collects the values of {@link TcpOptions}. Each setter checks its value at once and throws {@link
     * NullPointerException} or {@link IllegalArgumentException} with the parameter's name, the value and the range. No
     * option has a default: an option that is not named is not set. Not thread-safe.
     */
    public static final class Builder {
        private static final Duration SECOND = Duration.ofSeconds(1);
        private static final Duration MILLISECOND = Duration.ofMillis(1);
        private static final int MOST_KEEP_ALIVE_SECONDS = 32_767;
        private static final int MOST_REPEATS = 127;
        private static final int MOST_FIN_WAIT_SECONDS = 120;
        private static final int MOST_DEFER_SECONDS = 3600;
        private static final int MIN_SEGMENT = 88;
        private static final int MAX_SEGMENT = 32_767;

        private final Map<TcpOption, Long> values;
        private boolean skipsUnsupported;

        private Builder() {
            values = new EnumMap<>(TcpOption.class);
        }

        private Builder(TcpOptions options) {
            values = new EnumMap<>(options.values);
            skipsUnsupported = options.skipsUnsupported;
        }

        /** TCP_NODELAY: whether every flush is sent at once. Netty's default is on. See {@link SegmentPolicy}. */
        public Builder noDelay(boolean noDelay) {
            return flag(TcpOption.TCP_NODELAY, noDelay);
        }

        /**
         * TCP_CORK: whether partial segments wait until it is switched off, or for 200 ms and a round trip. {@link
         * SegmentPolicy#CORK} switches it on and off for each message; if it is set here, it stays on.
         */
        public Builder cork(boolean cork) {
            return flag(TcpOption.TCP_CORK, cork);
        }

        /** TCP_QUICKACK: whether to acknowledge at once from now on, until the kernel decides otherwise. */
        public Builder quickAck(boolean quickAck) {
            return flag(TcpOption.TCP_QUICKACK, quickAck);
        }

        /**
         * TCP_DEFER_ACCEPT: how long a connection that has sent nothing is kept from being accepted. The kernel rounds up to the
         * moments at which a SYN-ACK is repeated (1, 3, 7, 15 s, ...). Then the connection is accepted all the same. 1 s to 1 h
         * in whole seconds.
         */
        public Builder deferAccept(Duration deferAccept) {
            return seconds(TcpOption.TCP_DEFER_ACCEPT, deferAccept, MOST_DEFER_SECONDS, "deferAccept");
        }

        /** SO_KEEPALIVE: whether idle connections are probed. */
        public Builder keepAlive(boolean keepAlive) {
            return flag(TcpOption.SO_KEEPALIVE, keepAlive);
        }

        /** TCP_KEEPIDLE, and SO_KEEPALIVE: the idle time before the first probe. 1 s to 32767 s in whole seconds. */
        public Builder keepIdle(Duration keepIdle) {
            return seconds(TcpOption.TCP_KEEPIDLE, keepIdle, MOST_KEEP_ALIVE_SECONDS, "keepIdle");
        }

        /** TCP_KEEPINTVL, and SO_KEEPALIVE: the time between probes. 1 s to 32767 s in whole seconds. */
        public Builder keepInterval(Duration keepInterval) {
            return seconds(TcpOption.TCP_KEEPINTVL, keepInterval, MOST_KEEP_ALIVE_SECONDS, "keepInterval");
        }

        /** TCP_KEEPCNT, and SO_KEEPALIVE: unanswered probes until the kernel gives the connection up. 1 to 127. */
        public Builder keepCount(int keepCount) {
            return number(TcpOption.TCP_KEEPCNT, Checks.between(keepCount, 1, MOST_REPEATS, "keepCount"));
        }

        /**
         * TCP_LINGER2: how long a closed socket waits for the peer's FIN once its own is acknowledged. It has no descriptor then,
         * and no unsent bytes. 1 s to 120 s in whole seconds.
         */
        public Builder finWait2Timeout(Duration finWait2Timeout) {
            return seconds(TcpOption.TCP_LINGER2, finWait2Timeout, MOST_FIN_WAIT_SECONDS, "finWait2Timeout");
        }

        /**
         * TCP_USER_TIMEOUT (RFC 5482): how long sent bytes may stay unacknowledged, or a window may stay closed, until the
         * kernel gives the connection up. It overrides the keep-alive count. A graceful close shortens it where it must, and never
         * extends it. 1 ms to 24 h in whole milliseconds.
         */
        public Builder userTimeout(Duration userTimeout) {
            long most = Checks.MAX.toMillis();
            return number(TcpOption.TCP_USER_TIMEOUT, Checks.whole(userTimeout, MILLISECOND, 1, most, "userTimeout"));
        }

        /** TCP_MAXSEG: the largest segment, as announced to the peer, in bytes. 88 to 32767. */
        public Builder maxSegment(int maxSegment) {
            return number(TcpOption.TCP_MAXSEG, Checks.between(maxSegment, MIN_SEGMENT, MAX_SEGMENT, "maxSegment"));
        }

        /** TCP_SYNCNT: how often a client repeats its SYN until connecting fails. 1 to 127. */
        public Builder synRepeats(int synRepeats) {
            return number(TcpOption.TCP_SYNCNT, Checks.between(synRepeats, 1, MOST_REPEATS, "synRepeats"));
        }

        /** TCP_WINDOW_CLAMP: the largest window announced to the peer, in bytes; the kernel has a minimum. At least 1. */
        public Builder windowClamp(int windowClamp) {
            return bytes(TcpOption.TCP_WINDOW_CLAMP, windowClamp, "windowClamp");
        }

        /**
         * TCP_NOTSENT_LOWAT: the number of unsent bytes in the kernel at which the socket is no longer writable. What is written
         * then stays in Netty, where it can be counted and cancelled. At least 1.
         */
        public Builder notSentLowWater(int notSentLowWater) {
            return bytes(TcpOption.TCP_NOTSENT_LOWAT, notSentLowWater, "notSentLowWater");
        }

        /** SO_SNDBUF: the send buffer, in bytes. The kernel doubles the value, and no longer tunes the buffer. At least 1. */
        public Builder sendBuffer(int sendBuffer) {
            return bytes(TcpOption.SO_SNDBUF, sendBuffer, "sendBuffer");
        }

        /** SO_RCVBUF: the receive buffer, in bytes. The kernel doubles the value, and no longer tunes the buffer. At least 1. */
        public Builder receiveBuffer(int receiveBuffer) {
            return bytes(TcpOption.SO_RCVBUF, receiveBuffer, "receiveBuffer");
        }

        /** Silently leaves out options that a transport or a side does not have; by default they are refused. */
        public Builder skipUnsupported() {
            skipsUnsupported = true;
            return this;
        }

        /**
         * The options. A keep-alive time or count switches SO_KEEPALIVE on.
         *
         * @throws IllegalStateException if one of them is set and {@code keepAlive(false)} too
         */
        public TcpOptions build() {
            TcpOption needsKeepAlive = needsKeepAlive();
            if (needsKeepAlive != null && values.getOrDefault(TcpOption.SO_KEEPALIVE, 1L) == 0) {
                throw new IllegalStateException(
                        "keepAlive: false (expected: true, or nothing, with " + needsKeepAlive + ")");
            }
            TcpOptions options = new TcpOptions(this);
            if (needsKeepAlive != null) {
                options.values.put(TcpOption.SO_KEEPALIVE, 1L);
            }
            return options;
        }

        private @Nullable TcpOption needsKeepAlive() {
            for (TcpOption option : values.keySet()) {
                if (option == TcpOption.TCP_KEEPIDLE
                        || option == TcpOption.TCP_KEEPINTVL
                        || option == TcpOption.TCP_KEEPCNT) {
                    return option;
                }
            }
            return null;
        }

        private Builder flag(TcpOption option, boolean value) {
            return number(option, value ? 1 : 0);
        }

        private Builder seconds(TcpOption option, Duration value, int most, String name) {
            return number(option, Checks.whole(value, SECOND, 1, most, name));
        }

        private Builder bytes(TcpOption option, int value, String name) {
            return number(option, Checks.atLeast(value, 1, name));
        }

        private Builder number(TcpOption option, long value) {
            values.put(option, value);
            return this;
        }
    }
}
