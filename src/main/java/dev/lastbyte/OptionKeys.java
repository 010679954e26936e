package dev.lastbyte;

import io.netty.channel.ChannelOption;
import org.jspecify.annotations.Nullable;

/** Which options a transport knows, and how Netty names them there. Stateless. */
final class OptionKeys {
    private OptionKeys() {}

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
            case TCP_NODELAY -> OptionKey.flag(ChannelOption.TCP_NODELAY);
            case SO_KEEPALIVE -> OptionKey.flag(ChannelOption.SO_KEEPALIVE);
            case SO_SNDBUF -> OptionKey.number(ChannelOption.SO_SNDBUF);
            case SO_RCVBUF -> OptionKey.number(ChannelOption.SO_RCVBUF);
            default -> null;
        };
    }
}
