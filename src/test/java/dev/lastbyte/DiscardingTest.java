package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The token bucket over virtual time. */
class DiscardingTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    /** A burst of so many bytes; returns for how long to pause after it. */
    private static long read(Discarding pace, long bytes, long now) {
        pace.read(bytes);
        return pace.endBurst(now);
    }

    @Test
    void firstEighthOfASecond_isNotPaced() {
        Discarding pace = new Discarding(8_000_000, 0);
        assertEquals(0, read(pace, 999_999, 0));
        assertTrue(read(pace, 64_000, 0) > 0);
    }

    @Test
    void endlessUpload_keepsToTheRate() {
        long rate = 8 << 20;
        Discarding pace = new Discarding(rate, 0);
        long now = 0;
        long read = 0;
        while (now < 10 * SECOND) {
            now += 100_000 + read(pace, 65_536, now);
            read += 65_536;
        }
        double ratio = read / (10.0 * rate);
        assertTrue(ratio > 0.9 && ratio < 1.05, "ratio " + ratio);
    }

    @Test
    void slowPeer_isNeverPaused() {
        Discarding pace = new Discarding(8 << 20, 0);
        for (long now = 0; now < SECOND; now += SECOND / 1000) {
            assertEquals(0, read(pace, 4096, now));
        }
    }

    @Test
    void unlimitedRate_isNeverPaused() {
        assertEquals(0, read(new Discarding(GracefulCloseConfig.UNLIMITED, 0), Long.MAX_VALUE / 2, 0));
    }

    @Test
    void pause_isNeverShorterThanATimerIsWorth() {
        Discarding pace = new Discarding(1 << 30, 0);
        assertEquals(Discarding.MIN_PAUSE_NANOS, read(pace, (1 << 30) / 8, 0));
    }
}
