package dev.lastbyte.tcp;

import dev.lastbyte.internal.TransportKind;
import io.netty.channel.Channel;
import java.util.EnumMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The values that a socket's options really have, at the moment of {@link TcpOptions#effective}. The kernel doubles buffer sizes,
 * bounds and rounds values, and fills in the system's defaults. Immutable.
 */
public final class EffectiveTcpOptions {
    private final String transport;
    private final Map<TcpOption, Long> values;

    private EffectiveTcpOptions(String transport, Map<TcpOption, Long> values) {
        this.transport = transport;
        this.values = values;
    }

    static EffectiveTcpOptions of(Channel channel) {
        TransportKind kind = TransportKind.of(channel);
        Map<TcpOption, Long> values = new EnumMap<>(TcpOption.class);
        for (TcpOption option : TcpOption.values()) {
            OptionKey<?> key = OptionKey.forReading(kind, option);
            if (key != null) {
                key.read(channel).ifPresent(value -> values.put(option, value));
            }
        }
        return new EffectiveTcpOptions(TransportKind.label(channel), values);
    }

    /**
     * An option's value in its own unit (see {@link TcpOption}); a flag is 0 or 1. Empty if the transport cannot tell it, or the
     * channel is closed.
     */
    public OptionalLong value(TcpOption option) {
        Long value = values.get(option);
        return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }

    /** Whether a flag is on, or a number is not 0; false if that is not known. */
    public boolean isOn(TcpOption option) {
        return value(option).orElse(0) != 0;
    }

    /** Every known value with its unit, such as {@code epoll{TCP_NODELAY=on, SO_SNDBUF=87040 B}}. */
    @Override
    public String toString() {
        return transport + TcpOption.format(values);
    }
}
