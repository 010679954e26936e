package dev.lastbyte.spring;

import static dev.lastbyte.spring.InvalidPropertyException.set;

import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.auto.Farewells;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.http.HttpFarewellConfig;
import dev.lastbyte.internal.Checks;
import dev.lastbyte.websocket.WebSocketFarewellConfig;
import java.time.Duration;
import java.util.function.Supplier;

/** Makes the library's configurations of the properties. Stateless. */
final class LastbyteSettings {
    private static final Duration REST = Duration.ofSeconds(2);

    private LastbyteSettings() {}

    static DrainPolicy policy(LastbyteProperties.Drain drain, Duration phaseTimeout) {
        DrainPolicy.Builder builder = DrainPolicy.builder()
                .drainTimeout(
                        drain.timeout() == null
                                ? fitting(phaseTimeout)
                                : DrainPolicy.defaults().drainTimeout());
        set("lastbyte.drain.timeout", drain.timeout(), builder::drainTimeout);
        set("lastbyte.drain.announce-delay", drain.announceDelay(), builder::announceDelay);
        set("lastbyte.drain.accept-timeout", drain.acceptTimeout(), builder::acceptTimeout);
        set("lastbyte.drain.idle-after", drain.idleAfter(), builder::idleAfter);
        set("lastbyte.drain.close-spread", drain.closeSpread(), builder::closeSpread);
        set("lastbyte.drain.grace-period", drain.gracePeriod(), builder::gracePeriod);
        set("lastbyte.drain.unanswered-period", drain.unansweredPeriod(), builder::unansweredPeriod);
        set("lastbyte.drain.long-lived-period", drain.longLivedPeriod(), builder::longLivedPeriod);
        set("lastbyte.drain.progress-interval", drain.progressInterval(), builder::progressInterval);
        set("lastbyte.drain.max-blockers", drain.maxBlockers(), builder::maxBlockers);
        return together("lastbyte.drain", builder::build);
    }

    /** A drain that ends before Spring stops waiting for it. */
    static Duration fitting(Duration phaseTimeout) {
        Duration half = phaseTimeout.dividedBy(2);
        Duration fits = phaseTimeout.minus(REST.compareTo(half) < 0 ? REST : half);
        Duration least = fits.compareTo(Checks.MIN) < 0 ? Checks.MIN : fits;
        return least.compareTo(Checks.MAX) > 0 ? Checks.MAX : least;
    }

    static GracefulCloseConfig close(LastbyteProperties.Close close, GracefulCloseConfig.Builder builder) {
        set("lastbyte.close.timeout", close.timeout(), builder::closeTimeout);
        set("lastbyte.close.strategy", close.strategy(), builder::strategy);
        set("lastbyte.close.flush-timeout", close.flushTimeout(), builder::flushTimeout);
        set("lastbyte.close.eof-timeout", close.eofTimeout(), builder::eofTimeout);
        set("lastbyte.close.stall-timeout", close.stallTimeout(), builder::stallTimeout);
        set("lastbyte.close.quiet-period", close.quietPeriod(), builder::quietPeriod);
        set("lastbyte.close.delivered-timeout", close.deliveredTimeout(), builder::deliveredTimeout);
        set(
                "lastbyte.close.max-discarded-bytes",
                close.maxDiscardedBytes(),
                size -> builder.maxDiscardedBytes(size.toBytes()));
        set("lastbyte.close.discard-rate", close.discardRate(), size -> builder.discardRate(size.toBytes()));
        if (close.unlimitedDiscardRate()) {
            if (close.discardRate() != null) {
                throw new InvalidPropertyException(
                        "lastbyte.close.discard-rate and lastbyte.close.unlimited-discard-rate contradict each other",
                        "Remove one of them.",
                        null);
            }
            builder.unlimitedDiscardRate();
        }
        set("lastbyte.close.stalled-peer", close.stalledPeer(), builder::stalledPeer);
        set("lastbyte.close.peer-half-close", close.peerHalfClose(), builder::peerHalfClose);
        set("lastbyte.close.peer-half-close-grace", close.peerHalfCloseGrace(), builder::peerHalfCloseGrace);
        set("lastbyte.close.peer-half-close-timeout", close.peerHalfCloseTimeout(), builder::peerHalfCloseTimeout);
        return together("lastbyte.close", builder::build);
    }

    static HttpFarewellConfig http(LastbyteProperties.Http http) {
        HttpFarewellConfig.Builder builder = HttpFarewellConfig.builder();
        set("lastbyte.http.min-idle-protection", http.minIdleProtection(), protection -> {
            if (protection.isZero()) {
                builder.withoutIdleProtection();
            } else {
                builder.minIdleProtection(protection);
            }
        });
        set("lastbyte.http.answer-timeout", http.answerTimeout(), builder::answerTimeout);
        if (!http.halfClose()) {
            builder.withoutHalfClose();
        }
        return builder.build();
    }

    static WebSocketFarewellConfig webSocket(LastbyteProperties.WebSocket webSocket) {
        WebSocketFarewellConfig.Builder builder = WebSocketFarewellConfig.builder();
        set("lastbyte.web-socket.status", webSocket.status(), builder::status);
        set("lastbyte.web-socket.reason", webSocket.reason(), builder::reason);
        set("lastbyte.web-socket.message-timeout", webSocket.messageTimeout(), builder::messageTimeout);
        set("lastbyte.web-socket.answer-timeout", webSocket.answerTimeout(), builder::answerTimeout);
        if (webSocket.farewellAtDrain()) {
            builder.farewellAtDrain();
        }
        return builder.build();
    }

    static Farewells farewells(
            LastbyteProperties.Http2 http2, HttpFarewellConfig http, WebSocketFarewellConfig webSocket) {
        Farewells.Builder builder = Farewells.builder().http(http).webSocket(webSocket);
        set("lastbyte.http2", http2, limits -> builder.http2(limits.pingTimeout(), limits.limit()));
        return builder.build();
    }

    static void limits(LastbyteProperties properties, GracefulCloseManager.Builder builder) {
        set("lastbyte.max-closing", properties.maxClosing(), builder::maxClosing);
        set(
                "lastbyte.max-closing-bytes",
                properties.maxClosingBytes(),
                size -> builder.maxClosingBytes(size.toBytes()));
    }

    private static <T> T together(String group, Supplier<T> build) {
        try {
            return build.get();
        } catch (IllegalStateException e) {
            throw new InvalidPropertyException(
                    "The properties " + group + ".* do not fit together: " + e.getMessage(),
                    "Change one of them, or remove those that need not be set.",
                    e);
        }
    }
}
