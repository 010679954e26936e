package dev.lastbyte;

import io.netty.bootstrap.AbstractBootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import java.util.OptionalLong;
import java.util.function.LongFunction;
import java.util.function.ToLongFunction;

/**
 * A {@link ChannelOption} under which one transport knows a {@link TcpOption}, with the conversion of its values: a flag is
 * 0 or 1. Immutable.
 */
record OptionKey<T>(ChannelOption<T> option, LongFunction<T> toNetty, ToLongFunction<T> toKernel) {
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
     * @throws ChannelException if the kernel refuses the value, or the channel is closed: its descriptor may be another's by now
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

    /** The value as it is; empty where it cannot be read. */
    OptionalLong read(Channel channel) {
        try {
            T value = channel.isOpen() ? channel.config().getOption(option) : null;
            return value == null ? OptionalLong.empty() : OptionalLong.of(toKernel.applyAsLong(value));
        } catch (ChannelException e) {
            return OptionalLong.empty(); // closed
        }
    }
}
