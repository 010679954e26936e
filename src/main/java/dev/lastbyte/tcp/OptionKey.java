package dev.lastbyte.tcp;

import dev.lastbyte.internal.TransportKind;
import io.netty.bootstrap.AbstractBootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import java.util.OptionalLong;
import java.util.function.LongFunction;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * A {@link ChannelOption} under which one transport knows a {@link TcpOption}, with the conversion of its values: a flag is
 * 0 or 1. {@link LinuxOptionKeys} and {@link NioOptionKeys} have what only those transports know. Immutable.
 */
record OptionKey<T>(ChannelOption<T> option, LongFunction<T> toNetty, ToLongFunction<T> toKernel) {
    /** The key under which a transport takes the option, or null if it has none. */
    static @Nullable OptionKey<?> forWriting(TransportKind kind, TcpOption option) {
        OptionKey<?> everywhere = standard(option);
        if (everywhere != null) {
            return kind == TransportKind.OTHER || kind.isUnixSocket() ? null : everywhere;
        }
        return switch (kind) {
            case EPOLL -> LinuxOptionKeys.forWriting("io.netty.channel.epoll.EpollChannelOption", option);
            case IO_URING -> LinuxOptionKeys.forWriting("io.netty.channel.uring.IoUringChannelOption", option);
            case NIO -> NioOptionKeys.of(option);
            default -> null;
        };
    }

    /** The key under which a transport tells the option's value, or null if it has none. */
    static @Nullable OptionKey<?> forReading(TransportKind kind, TcpOption option) {
        return kind.hasTcpOptions() ? LinuxOptionKeys.forReading(option) : forWriting(kind, option);
    }

    /** Netty's own names, the same on every TCP transport. */
    private static @Nullable OptionKey<?> standard(TcpOption option) {
        return switch (option) {
            case TCP_NODELAY -> flag(ChannelOption.TCP_NODELAY);
            case SO_KEEPALIVE -> flag(ChannelOption.SO_KEEPALIVE);
            case SO_SNDBUF -> number(ChannelOption.SO_SNDBUF);
            case SO_RCVBUF -> number(ChannelOption.SO_RCVBUF);
            default -> null;
        };
    }

    static OptionKey<Boolean> flag(ChannelOption<Boolean> option) {
        return new OptionKey<>(option, value -> value != 0, value -> value ? 1 : 0);
    }

    static OptionKey<Integer> number(ChannelOption<Integer> option) {
        return new OptionKey<>(option, Math::toIntExact, Integer::longValue);
    }

    static OptionKey<Long> wide(ChannelOption<Long> option) {
        return new OptionKey<>(option, value -> value, value -> value);
    }

    /**
     * Sets the value; returns false where the channel does not know the option.
     *
     * @throws ChannelException if the kernel refuses the value, or the channel is closed: its descriptor may belong to another by now
     */
    boolean set(Channel channel, long value) {
        if (!channel.isOpen()) {
            throw new ChannelException(channel + " is closed");
        }
        return channel.config().setOption(option, toNetty.apply(value));
    }

    void setOnEach(AbstractBootstrap<?, ?> bootstrap, long value) {
        bootstrap.option(option, toNetty.apply(value));
    }

    void setOnEachChild(ServerBootstrap bootstrap, long value) {
        bootstrap.childOption(option, toNetty.apply(value));
    }

    /** The current value; empty where it cannot be read. */
    OptionalLong read(Channel channel) {
        try {
            T value = channel.isOpen() ? channel.config().getOption(option) : null;
            return value == null ? OptionalLong.empty() : OptionalLong.of(toKernel.applyAsLong(value));
        } catch (ChannelException e) {
            return OptionalLong.empty(); // closed
        }
    }
}
