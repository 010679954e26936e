package dev.lastbyte.tcp;

import io.netty.channel.ChannelOption;
import io.netty.channel.unix.IntegerUnixChannelOption;
import java.util.EnumMap;
import java.util.Map;

/**
 * The TCP options of epoll and io_uring. Netty's own name is used where it has one, so that a value which the user sets under that
 * name is the same option. The name is looked up as text, because Netty 4.1 lacks io_uring's class. All other options go by Linux's
 * numbers. Loaded only where the transport is epoll or io_uring. Stateless.
 */
final class LinuxOptionKeys {
    private static final Map<TcpOption, OptionKey<?>> BY_NUMBER = byNumber();

    private LinuxOptionKeys() {}

    /**
     * The key under which the transport takes the option.
     *
     * @param names Netty's class with the transport's options
     */
    static OptionKey<?> forWriting(String names, TcpOption option) {
        return switch (option) {
            case TCP_CORK, TCP_QUICKACK -> OptionKey.flag(ChannelOption.valueOf(names + '#' + option));
            case TCP_NOTSENT_LOWAT -> OptionKey.wide(ChannelOption.valueOf(names + '#' + option));
            case TCP_DEFER_ACCEPT, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_USER_TIMEOUT ->
                OptionKey.number(ChannelOption.valueOf(names + '#' + option));
            default -> forReading(option);
        };
    }

    /** The key that asks the kernel itself, also about a listener. */
    static OptionKey<?> forReading(TcpOption option) {
        OptionKey<?> key = BY_NUMBER.get(option);
        if (key == null) {
            throw new IllegalStateException("no key for " + option);
        }
        return key;
    }

    private static Map<TcpOption, OptionKey<?>> byNumber() {
        Map<TcpOption, OptionKey<?>> keys = new EnumMap<>(TcpOption.class);
        for (TcpOption option : TcpOption.values()) {
            keys.put(
                    option,
                    OptionKey.number(
                            new IntegerUnixChannelOption("dev.lastbyte." + option, option.level(), option.number())));
        }
        return keys;
    }
}
