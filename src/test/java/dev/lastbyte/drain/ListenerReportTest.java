package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lastbyte.internal.listener.ListenerStop;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What the report about a listener says. */
class ListenerReportTest {
    /** A report of a listener on epoll that ended like this. */
    static ListenerReport report(OptionalLong unaccepted, @Nullable Throwable failure) {
        return new ListenerReport(new ListenerStop.Result(
                new InetSocketAddress("127.0.0.1", 80), "epoll", false, true, unaccepted, Duration.ZERO, failure));
    }

    @Test
    void report_saysWhatIsKnown() {
        InetSocketAddress address = new InetSocketAddress("127.0.0.1", 80);
        assertEquals(
                "listener /127.0.0.1:80 on epoll, new connections held off, unaccepted 2, 1500 us",
                new ListenerReport(new ListenerStop.Result(
                                address, "epoll", false, true, OptionalLong.of(2), Duration.ofNanos(1_500_000), null))
                        .toString());
        assertEquals(
                "listener null on nio, new connections not held off, unaccepted unknown, 0 us, failure"
                        + " java.lang.IllegalStateException: x",
                new ListenerReport(new ListenerStop.Result(
                                null,
                                "nio",
                                false,
                                false,
                                OptionalLong.empty(),
                                Duration.ZERO,
                                new IllegalStateException("x")))
                        .toString());
        assertEquals(
                "listener null on nio, closed before",
                new ListenerReport(new ListenerStop.Result(
                                null, "nio", true, false, OptionalLong.empty(), Duration.ZERO, null))
                        .toString());
    }
}
