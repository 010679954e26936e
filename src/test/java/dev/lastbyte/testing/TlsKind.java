package dev.lastbyte.testing;

import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslProvider;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.provider.Arguments;

/** Who speaks TLS on the server's side, and which version. Immutable. */
public enum TlsKind {
    JDK_TLS12(SslProvider.JDK, "TLSv1.2"),
    JDK_TLS13(SslProvider.JDK, "TLSv1.3"),
    OPENSSL_TLS12(SslProvider.OPENSSL, "TLSv1.2"),
    OPENSSL_TLS13(SslProvider.OPENSSL, "TLSv1.3");

    private final SslProvider provider;
    private final String protocol;

    TlsKind(SslProvider provider, String protocol) {
        this.provider = provider;
        this.protocol = protocol;
    }

    /** Every kind on every TCP transport. */
    public static Stream<Arguments> onTcp() {
        return Transports.tcp()
                .flatMap(transport -> Arrays.stream(values()).map(kind -> Arguments.of(transport, kind)));
    }

    /** Every kind on one transport, and one kind on the others. */
    public static Stream<Arguments> onSome() {
        return onTcp().filter(a -> a.get()[0] == Transports.EPOLL || a.get()[1] == JDK_TLS13);
    }

    public boolean isTls13() {
        return protocol.equals("TLSv1.3");
    }

    /** A server's context; skips the test, with the reason, where the provider cannot be used. */
    public SslContext server() {
        Assumptions.assumeTrue(
                provider == SslProvider.JDK || OpenSsl.isAvailable(),
                () -> "netty-tcnative is not available: " + OpenSsl.unavailabilityCause());
        return TestTls.server(provider, protocol);
    }
}
