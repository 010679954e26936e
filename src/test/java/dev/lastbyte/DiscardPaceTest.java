package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The token bucket over virtual time. */
class DiscardPaceTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    @Test
    void firstEighthOfASecond_isNotPaced() {
        DiscardPace pace = new DiscardPace(8_000_000, 0);
        assertEquals(0, pace.read(999_999, 0));
        assertTrue(pace.read(64_000, 0) > 0);
    }

    @Test
    void endlessUpload_keepsToTheRate() {
        long rate = 8 << 20;
        DiscardPace pace = new DiscardPace(rate, 0);
        long now = 0;
        long read = 0;
        while (now < 10 * SECOND) {
            now += 100_000 + pace.read(65_536, now);
            read += 65_536;
        }
        double ratio = read / (10.0 * rate);
        assertTrue(ratio > 0.9 && ratio < 1.05, "ratio " + ratio);
    }

    @Test
    void slowPeer_isNeverPaused() {
        DiscardPace pace = new DiscardPace(8 << 20, 0);
        for (long now = 0; now < SECOND; now += SECOND / 1000) {
            assertEquals(0, pace.read(4096, now));
        }
    }

    @Test
    void unlimitedRate_isNeverPaused() {
        assertEquals(0, new DiscardPace(GracefulCloseConfig.UNLIMITED, 0).read(Long.MAX_VALUE / 2, 0));
    }

    @Test
    void pause_isNeverShorterThanATimerIsWorth() {
        DiscardPace pace = new DiscardPace(1 << 30, 0);
        assertEquals(DiscardPace.MIN_PAUSE_NANOS, pace.read((1 << 30) / 8, 0));
    }
}
