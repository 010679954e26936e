package dev.lastbyte.bench;

import dev.lastbyte.CloseStrategy;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import java.time.Duration;

/** Who keeps the promise of SO_LINGER: "close() takes until everything is acknowledged, but one second at most". Immutable. */
enum LingerWay {
    /** {@link CloseStrategy#LINGER}. */
    LASTBYTE,
    /** The socket option, as Netty passes it on. */
    SO_LINGER;

    /** What both are told; the socket option takes whole seconds. */
    static final Duration LIMIT = Duration.ofSeconds(1);

    /** eofTimeout is the n of LINGER; closeTimeout bounds the flush as well, as SO_LINGER does. */
    private static final GracefulCloseConfig CONFIG = GracefulCloseConfig.builder()
            .strategy(CloseStrategy.LINGER)
            .eofTimeout(LIMIT)
            .closeTimeout(LIMIT)
            .build();

    void applyTo(Channel channel) {
        if (this == LASTBYTE) {
            channel.pipeline().addFirst(new GracefulCloseHandler(CONFIG));
        } else {
            channel.config().setOption(ChannelOption.SO_LINGER, (int) LIMIT.toSeconds());
        }
    }
}
