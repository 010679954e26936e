package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.internal.TcpInfo;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.FrozenSystem;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The close sequence as a table: what the peer and the kernel do, and what must come of it. Each row is a script of words;
 * time is frozen, 100 bytes are written before the close.
 */
class CloseSequenceScenarioTest {
    private static final int WRITTEN = 100;

    /**
     * One row.
     *
     * @param script {@code room:N} the kernel takes N bytes, {@code close}, {@code fin}, {@code rst}, {@code in:N} the peer
     *     sends, {@code ack:N} the kernel reports N acknowledged (FIN counts), {@code table:N} the table of sockets shows N unacknowledged,
     *     {@code dead} the kernel reports a lost
     *     connection, {@code gone} one that was lost with everything acknowledged, {@code
     *     closing:N} the kernel reports N acknowledged and both FINs sent, {@code MSms} time passes, {@code now}
     *     closeNow, {@code abort}, {@code linger:N} the application sets SO_LINGER, {@code zero} it was 0 from the beginning, {@code open} asserts that it is still open,
     *     {@code stopped:N:B} the process is stopped for N ms, just before its timers run, and B bytes come meanwhile, {@code asked:N} for
     *     N ms when the kernel is asked the next time
     * @param socket what was done to the socket
     */
    record Row(
            CloseStrategy strategy, String script, CloseOutcome outcome, CloseCause cause, String socket, String why) {}

    static Stream<Row> rows() {
        return Stream.of(
                // NIO: the kernel cannot be asked
                row(CloseStrategy.FULL, "close fin", "UNCONFIRMED EOF", "FIN CLOSE", "a peer that closes at our FIN"),
                row(
                        CloseStrategy.FULL,
                        "close in:10 open fin",
                        "UNCONFIRMED EOF",
                        "FIN CLOSE",
                        "late input is dropped"),
                row(
                        CloseStrategy.FULL,
                        "close 29999ms open 2ms",
                        "UNCONFIRMED STALLED",
                        "FIN CLOSE",
                        "a silent peer of which nothing is known"),
                row(
                        CloseStrategy.FULL,
                        "table:0 close 4999ms open 10ms",
                        "UNCONFIRMED STALLED",
                        "FIN CLOSE",
                        "a silent peer with nothing to acknowledge"),
                row(
                        CloseStrategy.FULL,
                        "table:100 close 5s 24s open 1s",
                        "UNCONFIRMED STALLED",
                        "FIN CLOSE",
                        "a silent peer that acknowledges nothing"),
                row(
                        CloseStrategy.FULL,
                        "table:100 close 20s table:50 9s open 2s",
                        "UNCONFIRMED EOF_TIMEOUT",
                        "FIN CLOSE",
                        "in the table of sockets, acknowledgements are progress"),
                row(
                        CloseStrategy.FULL,
                        "table:100 close 7s table:0 2s open 4s",
                        "UNCONFIRMED STALLED",
                        "FIN CLOSE",
                        "the last acknowledgement ends the patience for those before"),
                row(
                        CloseStrategy.FULL,
                        "table:0 close 4s in:1 4s in:1 4s in:1 4s open 1010ms",
                        "UNCONFIRMED STALLED",
                        "FIN CLOSE",
                        "input is progress"),
                row(
                        CloseStrategy.FULL,
                        "table:90 room:0 close 20s table:40 20s open 11s",
                        "ABORTED FLUSH_STALLED",
                        "RST CLOSE",
                        "what the table shows as acknowledged is progress of the flush"),
                row(
                        CloseStrategy.FULL,
                        "close drip:29 open drip:2",
                        "UNCONFIRMED EOF_TIMEOUT",
                        "FIN CLOSE",
                        "a drip feeder"),
                row(CloseStrategy.FULL, "close rst", "RESET_BY_PEER RESET", "FIN CLOSE", "a reset ends the wait"),
                row(CloseStrategy.FULL, "fin", "UNCONFIRMED EOF", "CLOSE", "the peer ends first, nothing is pending"),
                row(
                        CloseStrategy.FULL,
                        "room:0 close 29s open 2s",
                        "ABORTED FLUSH_STALLED",
                        "RST CLOSE",
                        "a flush without progress"),
                row(
                        CloseStrategy.FULL,
                        "room:0 close 20s room:10 20s open room:90 open fin",
                        "UNCONFIRMED EOF",
                        "RST NORST FIN CLOSE",
                        "a slow flush with progress"),
                row(
                        CloseStrategy.FULL,
                        "room:0 close 9s room:1 9s room:1 9s room:1 9s room:1 9s room:1 9s room:1 open 7s",
                        "ABORTED DEADLINE",
                        "RST CLOSE",
                        "progress does not move the deadline"),
                row(
                        CloseStrategy.FULL,
                        "room:0 close fin open room:100",
                        "UNCONFIRMED EOF",
                        "RST NORST CLOSE",
                        "EOF while flushing"),
                row(
                        CloseStrategy.FULL,
                        "room:0 close rst",
                        "RESET_BY_PEER RESET",
                        "RST CLOSE",
                        "a reset while flushing"),
                row(CloseStrategy.FULL, "room:0 close now", "ABORTED FORCED", "RST CLOSE", "forced while flushing"),
                row(CloseStrategy.FULL, "abort", "ABORTED ABORTED", "RST CLOSE", "aborted while open"),
                row(CloseStrategy.FULL, "room:0 close abort", "ABORTED ABORTED", "RST CLOSE", "aborted while flushing"),
                row(
                        CloseStrategy.FULL,
                        "close abort abort now",
                        "ABORTED ABORTED",
                        "FIN RST CLOSE",
                        "aborted while discarding, and what comes later changes nothing"),
                row(
                        CloseStrategy.FULL,
                        "linger:0 close",
                        "ABORTED ABORTED",
                        "RST CLOSE",
                        "SO_LINGER 0 right before the close asks for a reset"),
                row(
                        CloseStrategy.FULL,
                        "room:10 linger:0 close",
                        "ABORTED ABORTED",
                        "RST CLOSE",
                        "the same with output queued"),
                row(CloseStrategy.FULL, "linger:0 now", "ABORTED ABORTED", "RST CLOSE", "the same, forced"),
                row(
                        CloseStrategy.FULL,
                        "zero close fin",
                        "UNCONFIRMED EOF",
                        "RST NORST FIN CLOSE",
                        "SO_LINGER 0 as a general option is taken back"),
                row(
                        CloseStrategy.FULL,
                        "zero room:10 close 31s",
                        "ABORTED FLUSH_STALLED",
                        "RST CLOSE",
                        "but not while output is queued"),
                row(CloseStrategy.FULL, "zero now", "UNCONFIRMED FORCED", "RST NORST CLOSE", "the same, forced"),
                row(CloseStrategy.FULL, "zero fin", "UNCONFIRMED EOF", "RST NORST CLOSE", "the same at the peer's FIN"),
                row(
                        CloseStrategy.FULL,
                        "linger:5 close fin",
                        "UNCONFIRMED EOF",
                        "SO_LINGER 5 NORST FIN CLOSE",
                        "nor 5 s"),
                row(CloseStrategy.FULL, "close now", "UNCONFIRMED FORCED", "FIN CLOSE", "forced while discarding"),
                row(CloseStrategy.FULL, "now", "UNCONFIRMED FORCED", "CLOSE", "forced while open"),
                row(
                        CloseStrategy.FULL,
                        "room:0 now",
                        "ABORTED FORCED",
                        "RST CLOSE",
                        "forced while open with output pending"),
                row(
                        CloseStrategy.FULL,
                        "close in:70000000",
                        "UNCONFIRMED BYTE_LIMIT",
                        "FIN CLOSE",
                        "an upload beyond the byte limit"),
                row(
                        CloseStrategy.LINGER,
                        "close",
                        "UNCONFIRMED NOT_AWAITED",
                        "CLOSE",
                        "nothing to ask, nothing to wait for"),
                row(CloseStrategy.HALF_CLOSE, "close", "UNCONFIRMED NOT_AWAITED", "FIN CLOSE", "SHUT_WR and close"),
                row(
                        CloseStrategy.HALF_CLOSE_LINGER,
                        "close",
                        "UNCONFIRMED NOT_AWAITED",
                        "FIN CLOSE",
                        "the same where nothing can be asked"),
                // the process is stopped for a while
                row(
                        CloseStrategy.FULL,
                        "close in:10 stopped:31000:10 open 24s open fin",
                        "UNCONFIRMED EOF",
                        "FIN CLOSE",
                        "what came while the process was stopped is read before a silent peer is let go"),
                row(
                        CloseStrategy.FULL,
                        "close in:2000000 stopped:31000:10 open 24s open fin",
                        "UNCONFIRMED EOF",
                        "FIN CLOSE",
                        "the same while reading was paused"),
                row(
                        CloseStrategy.FULL,
                        "close in:10 1s stopped:60000:0",
                        "UNCONFIRMED DEADLINE",
                        "FIN CLOSE",
                        "nothing moves the deadline"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 close 100ms stopped:40000:0 open 10s open 9s ack:101 1s",
                        "DELIVERED QUIET",
                        "FIN CLOSE",
                        "the time in which the process was stopped is nobody's stall"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 close 100ms asked:31500 1s open 10s open 9s ack:101 1s",
                        "DELIVERED QUIET",
                        "FIN CLOSE",
                        "not even if it is stopped while it looks at a close"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 close ack:101 100ms stopped:6000:10 open 240ms open 100ms",
                        "DELIVERED QUIET",
                        "FIN CLOSE",
                        "nor is it quiet"),
                row(
                        CloseStrategy.FULL,
                        "room:0 close 2s stopped:40000:0 open room:10 15s open room:90 fin",
                        "UNCONFIRMED EOF",
                        "RST NORST FIN CLOSE",
                        "nor a stall of the flush"),
                row(CloseStrategy.DRAIN, "close in:5 fin", "UNCONFIRMED EOF", "FIN CLOSE", "nginx's way"),
                // epoll and io_uring: the kernel tells
                row(
                        CloseStrategy.FULL,
                        "ack:0 close ack:101 fin",
                        "PEER_CLOSED EOF",
                        "FIN CLOSE",
                        "acknowledged, then EOF"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 close fin open ack:101 1s",
                        "DELIVERED EOF",
                        "FIN CLOSE",
                        "EOF crossed the data"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 close fin open 29s open 2s",
                        "UNDELIVERED STALLED",
                        "FIN CLOSE",
                        "EOF, then silence"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 close ack:101 200ms open 100ms",
                        "DELIVERED QUIET",
                        "FIN CLOSE",
                        "a silent peer that has all"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 close aged:101 240ms open 15ms",
                        "DELIVERED QUIET",
                        "FIN CLOSE",
                        "quiet since the acknowledgement, not since the look that saw it"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 close ack:101 chat:49 open chat:2",
                        "DELIVERED TALKING",
                        "FIN CLOSE",
                        "a talker that has all"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 close 9s ack:10 9s ack:20 9s open 4s",
                        "UNDELIVERED EOF_TIMEOUT",
                        "FIN CLOSE",
                        "acknowledgements are progress, within the limit of the whole wait"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 close ack:10 29s open 2s",
                        "UNDELIVERED EOF_TIMEOUT",
                        "FIN CLOSE",
                        "the limit of the wait counts from the FIN, that of the stall from the last acknowledgement"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 close dead 1s",
                        "RESET_BY_PEER RESET",
                        "FIN CLOSE",
                        "the kernel gave the connection up"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 close ack:50 rst",
                        "RESET_BY_PEER RESET",
                        "FIN CLOSE",
                        "a reset amid the data"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 close ack:100 rst",
                        "DELIVERED RESET",
                        "FIN CLOSE",
                        "a peer that resets when it has everything"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 close gone 1s",
                        "DELIVERED RESET",
                        "FIN CLOSE",
                        "the same, and only the kernel says so"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 close ack:101 rst",
                        "DELIVERED RESET",
                        "FIN CLOSE",
                        "the same behind our FIN"),
                row(CloseStrategy.FULL, "ack:100 rst", "DELIVERED RESET", "CLOSE", "the same while open"),
                row(
                        CloseStrategy.FULL,
                        "ack:50 rst",
                        "RESET_BY_PEER RESET",
                        "CLOSE",
                        "a reset amid the data while open"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 close dead now",
                        "RESET_BY_PEER RESET",
                        "FIN CLOSE",
                        "a reset learnt of when the wait is over already"),
                row(
                        CloseStrategy.HALF_CLOSE,
                        "ack:0 dead close",
                        "RESET_BY_PEER RESET",
                        "FIN CLOSE",
                        "the same where nothing is waited for"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 close ack:101 in:70000000 1s",
                        "DELIVERED BYTE_LIMIT",
                        "FIN CLOSE",
                        "an endless upload after delivery"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 close in:70000000 1s open ack:101 2s",
                        "DELIVERED BYTE_LIMIT",
                        "FIN CLOSE",
                        "at the byte limit the data still counts"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 close dead fin",
                        "RESET_BY_PEER RESET",
                        "FIN CLOSE",
                        "a false EOF after a reset"),
                row(
                        CloseStrategy.FULL,
                        "ack:100 fin",
                        "DELIVERED EOF",
                        "CLOSE",
                        "the peer ends first, with everything"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 room:0 close 20s ack:5 20s open 11s",
                        "ABORTED FLUSH_STALLED",
                        "RST CLOSE",
                        "what the peer takes from the kernel is progress of the flush"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 close fin open abort",
                        "ABORTED ABORTED",
                        "FIN RST CLOSE",
                        "aborted while lingering"),
                row(
                        CloseStrategy.FULL,
                        "ack:0 close closing:50 fin open abort",
                        "UNDELIVERED ABORTED",
                        "FIN CLOSE",
                        "both sides have ended and all is sent: the kernel sends no reset"),
                row(
                        CloseStrategy.DRAIN,
                        "ack:0 close ack:101 6s open 1s",
                        "DELIVERED STALLED",
                        "FIN CLOSE",
                        "DRAIN waits for EOF"),
                row(
                        CloseStrategy.DRAIN,
                        "ack:0 close fin",
                        "UNCONFIRMED EOF",
                        "FIN CLOSE",
                        "DRAIN does not wait for acknowledgements"),
                row(CloseStrategy.DRAIN, "ack:0 close ack:101 fin", "PEER_CLOSED EOF", "FIN CLOSE", "but sees them"),
                row(
                        CloseStrategy.LINGER,
                        "ack:0 close open ack:100 1s",
                        "DELIVERED ACKNOWLEDGED",
                        "CLOSE",
                        "SO_LINGER's promise"),
                row(
                        CloseStrategy.LINGER,
                        "ack:0 close 4s ack:50 25s open 2s",
                        "UNDELIVERED EOF_TIMEOUT",
                        "CLOSE",
                        "SO_LINGER's limit"),
                row(
                        CloseStrategy.HALF_CLOSE_LINGER,
                        "ack:0 close ack:100 1s open ack:101 1s",
                        "DELIVERED ACKNOWLEDGED",
                        "FIN CLOSE",
                        "the FIN must be acknowledged too"),
                row(CloseStrategy.HALF_CLOSE, "ack:0 close", "UNCONFIRMED NOT_AWAITED", "FIN CLOSE", "does not wait"));
    }

    @ParameterizedTest
    @MethodSource("rows")
    void script_closes_asTheRowSays(Row row) {
        FrozenSystem system = new FrozenSystem();
        if (row.script.startsWith("ack:")) {
            system.kernel(1, WRITTEN, 0); // must be known when the handler first asks
        }
        GracefulCloseConfig config =
                GracefulCloseConfig.builder().strategy(row.strategy).build();
        EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel();
        if (row.script.startsWith("zero")) {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
        }
        channel.pipeline().addFirst(new GracefulCloseHandler(config, system));
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                if (!(cause instanceof SocketException)) { // of a reset while open the application hears, as ever
                    ctx.fireExceptionCaught(cause);
                }
            }
        });
        var report = GracefulCloseHandler.report(channel);
        List<ChannelFuture> closes = new ArrayList<>();
        boolean written = false;
        for (String word : row.script.split(" ")) {
            if (!written && !word.matches("zero|(room|ack|table):.*")) {
                channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[WRITTEN]));
                written = true;
            }
            play(word, channel, system, closes);
        }
        assertTrue(report.isDone(), "not closed: " + row);
        CloseReport result = report.getNow();
        assertEquals(row.outcome + " " + row.cause, result.outcome() + " " + result.cause(), result.toString());
        assertEquals(row.socket, socket(channel), row.why);
        for (ChannelFuture close : closes) {
            assertTrue(close.isSuccess(), "the close promise");
        }
        assertFalse(channel.isOpen());
        system.pass(channel, 1);
        channel.runScheduledPendingTasks();
        assertEquals(-1, channel.runScheduledPendingTasks(), "a timer is left");
        channel.checkException();
    }

    @Test
    void rows_areAllDifferent() {
        Set<String> seen = new HashSet<>();
        rows().forEach(row -> assertTrue(seen.add(row.strategy + row.script), "twice: " + row));
    }

    private static void play(
            String word, EmbeddedDuplexChannel channel, FrozenSystem system, List<ChannelFuture> closes) {
        String[] parts = word.split(":");
        int n = parts.length > 1 ? Integer.parseInt(parts[1]) : 0;
        switch (parts[0]) {
            case "room" -> channel.room(n);
            case "close" -> closes.add(channel.pipeline().close());
            case "abort" -> GracefulCloseHandler.abort(channel);
            case "linger" -> channel.config().setOption(ChannelOption.SO_LINGER, n);
            case "closing" -> system.kernel(TcpInfo.CLOSING, WRITTEN, n);
            case "zero" -> {} // set when the channel is made
            case "now" -> GracefulCloseHandler.closeNow(channel);
            case "fin" -> channel.peerFin();
            case "rst" -> channel.peerRst();
            case "in" -> channel.peerSends(n);
            case "ack" -> system.kernel(4, WRITTEN, n);
            case "table" -> system.table(n);
            case "aged" -> system.kernel(4, WRITTEN, n, 30);
            case "dead" -> system.kernel(TcpInfo.CLOSE, WRITTEN, 10);
            case "gone" -> system.kernel(TcpInfo.CLOSE, WRITTEN, WRITTEN);
            case "open" -> assertTrue(channel.isOpen(), "closed too early");
            case "drip" -> repeat(channel, system, n, 1000);
            case "chat" -> repeat(channel, system, n, 100);
            case "asked" -> system.stopInNextReading(n);
            case "stopped" -> system.stop(channel, n, Integer.parseInt(parts[2]));
            default -> system.pass(channel, millis(word));
        }
        channel.runPendingTasks();
    }

    private static void repeat(EmbeddedDuplexChannel channel, FrozenSystem system, int times, long everyMillis) {
        for (int i = 0; i < times; i++) {
            if (channel.isOpen()) {
                channel.peerSends(1);
            }
            system.pass(channel, everyMillis);
        }
    }

    private static long millis(String word) {
        return word.endsWith("ms")
                ? Long.parseLong(word.substring(0, word.length() - 2))
                : Long.parseLong(word.substring(0, word.length() - 1)) * 1000;
    }

    private static String socket(EmbeddedDuplexChannel channel) {
        List<String> words = new ArrayList<>();
        for (String entry : channel.log()) {
            String word = entry.equals("SO_LINGER 0") ? "RST" : entry.equals("SO_LINGER -1") ? "NORST" : entry;
            if (words.isEmpty() || !words.get(words.size() - 1).equals(word)) {
                words.add(word);
            }
        }
        return String.join(" ", words);
    }

    private static Row row(CloseStrategy strategy, String script, String end, String socket, String why) {
        String[] words = end.split(" ");
        assertNotNull(why);
        return new Row(strategy, script, CloseOutcome.valueOf(words[0]), CloseCause.valueOf(words[1]), socket, why);
    }
}
