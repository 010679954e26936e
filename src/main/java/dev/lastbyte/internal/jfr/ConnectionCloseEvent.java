package dev.lastbyte.internal.jfr;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

/** One close as Flight Recorder keeps it: the report, and how long each step took. Confined to the channel's event loop. */
@Name("dev.lastbyte.ConnectionClose")
@Label("Connection Close")
@Category("Lastbyte")
@Description("From close() until the channel was closed, with the time of each step and what the report says")
@Enabled(false)
@StackTrace(false)
public final class ConnectionCloseEvent extends Event {
    private static final ConnectionCloseEvent ANY = new ConnectionCloseEvent();

    @Label("Channel")
    @Description("The short id of the channel, as Netty prints it in logs")
    public @Nullable String channel;

    @Label("Remote Address")
    public @Nullable String remoteAddress;

    @Label("Code")
    @Description("Cause and step in two letters, see docs/troubleshooting.md")
    public @Nullable String code;

    @Label("Outcome")
    public @Nullable String outcome;

    @Label("Cause")
    public @Nullable String cause;

    @Label("Strategy")
    public @Nullable String strategy;

    @Label("Transport")
    public @Nullable String transport;

    @Label("Farewell")
    @Description("The protocol and what came of its farewell")
    public @Nullable String farewell;

    @Label("Farewell Time")
    @Timespan(Timespan.NANOSECONDS)
    public long farewellTime;

    @Label("Flush Time")
    @Description("Until everything written was in the kernel")
    @Timespan(Timespan.NANOSECONDS)
    public long flushTime;

    @Label("Half-Close Time")
    @Description("Until our FIN was sent")
    @Timespan(Timespan.NANOSECONDS)
    public long halfCloseTime;

    @Label("Discard Time")
    @Description("Input was read and dropped after our FIN")
    @Timespan(Timespan.NANOSECONDS)
    public long discardTime;

    @Label("Linger Time")
    @Description("Acknowledgements were waited for, without reading")
    @Timespan(Timespan.NANOSECONDS)
    public long lingerTime;

    @Label("Socket Close Time")
    @Description("From the decision until the channel was closed")
    @Timespan(Timespan.NANOSECONDS)
    public long socketCloseTime;

    @Label("Discarded")
    @DataAmount
    public long discardedBytes;

    @Label("Unsent")
    @DataAmount
    public long unsentBytes;

    @Label("Unacknowledged")
    @Description("-1 where the kernel cannot be asked")
    @DataAmount
    public long unacknowledgedBytes;

    @Label("Refused Requests")
    public long refusedRequests;

    @Label("Lost Requests")
    public long lostRequests;

    @Label("TLS End")
    public @Nullable String tlsEnd;

    @Label("Failure")
    public @Nullable String failure;

    ConnectionCloseEvent() {}

    static boolean isOn() {
        return ANY.isEnabled();
    }

    static ConnectionCloseEvent begun() {
        ConnectionCloseEvent event = new ConnectionCloseEvent();
        event.begin();
        return event;
    }
}
