package dev.lastbyte.bench;

import dev.lastbyte.CloseStrategy;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import java.time.Duration;
import java.util.function.Consumer;

/** Who keeps the promise of SO_LINGER: "close() takes until everything is acknowledged, but one second at most". Immutable. */
enum LingerWay {
    /** {@link CloseStrategy#LINGER}. */
    LASTBYTE,
    /** The socket option, as Netty passes it on. */
    SO_LINGER;

    /**
     * Makes the promise for the connections of a server.
     *
     * @param limit whole seconds for the socket option
     */
    Consumer<Channel> within(Duration limit) {
        if (this == SO_LINGER) {
            int seconds = (int) limit.toSeconds();
            return channel -> channel.config().setOption(ChannelOption.SO_LINGER, seconds);
        }
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .strategy(CloseStrategy.LINGER)
                .eofTimeout(limit) // the n of LINGER
                .closeTimeout(limit) // bounds the flush as well, as SO_LINGER does
                .quietPeriod(limit) // has no effect with LINGER, but must not be longer than closeTimeout
                .build();
        return channel -> channel.pipeline().addFirst(new GracefulCloseHandler(config));
    }
}
