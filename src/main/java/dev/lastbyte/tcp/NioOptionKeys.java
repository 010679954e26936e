package dev.lastbyte.tcp;

import dev.lastbyte.internal.Loggers;
import io.netty.channel.socket.nio.NioChannelOption;
import java.io.IOException;
import java.net.SocketOption;
import java.nio.channels.SocketChannel;
import java.util.Set;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * The options that the JDK has beyond the standard ones: keep-alive times and quick acknowledgements, where the system has them
 * and the module {@code jdk.net} is present. Stateless.
 */
final class NioOptionKeys {
    private static final Logger LOG = Loggers.of(NioOptionKeys.class);
    private static final boolean HAS_JDK_NET =
            ModuleLayer.boot().findModule("jdk.net").isPresent();

    private NioOptionKeys() {}

    /** The key for an option, or null if the JDK does not have it. */
    static @Nullable OptionKey<?> of(TcpOption option) {
        return HAS_JDK_NET ? Extended.of(option) : null;
    }

    /** Loaded only if the module is present. Stateless. */
    private static final class Extended {
        private static final Set<SocketOption<?>> SUPPORTED = supported();

        private static final OptionKey<Integer> KEEP_IDLE =
                OptionKey.number(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE));
        private static final OptionKey<Integer> KEEP_INTERVAL =
                OptionKey.number(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPINTERVAL));
        private static final OptionKey<Integer> KEEP_COUNT =
                OptionKey.number(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPCOUNT));
        private static final OptionKey<Boolean> QUICK_ACK =
                OptionKey.flag(NioChannelOption.of(ExtendedSocketOptions.TCP_QUICKACK));

        private static @Nullable OptionKey<?> of(TcpOption option) {
            return switch (option) {
                case TCP_KEEPIDLE -> ifSupported(ExtendedSocketOptions.TCP_KEEPIDLE, KEEP_IDLE);
                case TCP_KEEPINTVL -> ifSupported(ExtendedSocketOptions.TCP_KEEPINTERVAL, KEEP_INTERVAL);
                case TCP_KEEPCNT -> ifSupported(ExtendedSocketOptions.TCP_KEEPCOUNT, KEEP_COUNT);
                case TCP_QUICKACK -> ifSupported(ExtendedSocketOptions.TCP_QUICKACK, QUICK_ACK);
                default -> null;
            };
        }

        private static @Nullable OptionKey<?> ifSupported(SocketOption<?> option, OptionKey<?> key) {
            return SUPPORTED.contains(option) ? key : null;
        }

        private static Set<SocketOption<?>> supported() {
            try (SocketChannel channel = SocketChannel.open()) {
                return channel.supportedOptions();
            } catch (IOException e) {
                LOG.debug("cannot ask the JDK for its socket options", e);
                return Set.of();
            }
        }
    }
}
