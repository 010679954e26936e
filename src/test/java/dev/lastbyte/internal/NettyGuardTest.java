package dev.lastbyte.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which versions of Netty are known to spin. */
class NettyGuardTest {
    @ParameterizedTest
    @CsvSource({
        "4.2.0.Final, true",
        "4.2.12.Final, true",
        "4.2.13.Final, false",
        "4.2.18.Final, false",
        "4.2.100.Final, false",
        "4.1.137.Final, false",
        "unknown, false"
    })
    void spin_isKnownByVersion(String version, boolean spins) {
        assertEquals(spins, NettyGuard.isSpinning(version));
    }
}
