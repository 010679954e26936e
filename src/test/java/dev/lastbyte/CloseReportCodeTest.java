package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.FrozenSystem;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The two letters of a report, and that the documentation lists every one of them. */
class CloseReportCodeTest {
    private static final Pattern ROW = Pattern.compile("\\| `(.)` \\| `(\\w+)` \\|.*\\|");

    @Test
    void letters_areThoseOfTheDocs() throws IOException {
        Map<String, String> expected = new LinkedHashMap<>();
        for (CloseCause cause : CloseCause.values()) {
            expected.put(cause.name(), String.valueOf(cause.letter()));
        }
        assertEquals(expected, rows("first"));
        Map<String, String> steps = new LinkedHashMap<>();
        for (CloseReport.Step step : CloseReport.Step.values()) {
            steps.put(step.name(), String.valueOf((char) step.letter()));
        }
        assertEquals(steps, rows("second"));
    }

    /** The rows of the table whose first column has the given heading. */
    private static Map<String, String> rows(String heading) throws IOException {
        String docs = Files.readString(Path.of("docs", "troubleshooting.md"));
        String table = docs.substring(docs.indexOf("| " + heading + " |")).split("\n\n", 2)[0];
        Map<String, String> rows = new LinkedHashMap<>();
        Matcher row = ROW.matcher(table);
        while (row.find()) {
            rows.put(row.group(2), row.group(1));
        }
        return rows;
    }

    @Test
    void letters_areDifferent_andSmallForLimits() {
        Map<Character, Long> causes = Arrays.stream(CloseCause.values())
                .collect(Collectors.groupingBy(CloseCause::letter, Collectors.counting()));
        assertEquals(CloseCause.values().length, causes.size());
        Map<Byte, Long> steps = Arrays.stream(CloseReport.Step.values())
                .collect(Collectors.groupingBy(CloseReport.Step::letter, Collectors.counting()));
        assertEquals(CloseReport.Step.values().length, steps.size());
        for (CloseCause cause : CloseCause.values()) {
            boolean limit = CloseRecord.isLimit(cause)
                    && cause != CloseCause.FORCED
                    && cause != CloseCause.ABORTED; // somebody asked for these
            assertTrue(!limit || Character.isLowerCase(cause.letter()), cause::name);
        }
    }

    @ParameterizedTest
    @CsvSource({"E,FLUSH,EF", "q,DISCARD,qD", "P,NONE,P-", "X,START,XS", "A,LINGER,AL", "R,HALF_CLOSE,RH"})
    void code_isCauseAndStep(char letter, CloseReport.Step step, String code) {
        CloseReport.Builder report = new CloseReport.Builder(CloseStrategy.FULL, "epoll", null);
        report.outcome = CloseOutcome.DELIVERED;
        report.cause = Arrays.stream(CloseCause.values())
                .filter(cause -> cause.letter() == letter)
                .findFirst()
                .orElseThrow();
        report.step = step;
        assertEquals(code, report.build().code());
        assertTrue(report.build().toString().startsWith(code + " DELIVERED ("));
    }

    @ParameterizedTest
    @CsvSource({
        "FULL, close fin, ED",
        "FULL, close 31s, sD",
        "FULL, now, KS",
        "FULL, room close now, KF",
        "FULL, room close fin 31s, fF",
        "FULL, room close rst, RF",
        "FULL, fin, ES",
        "HALF_CLOSE, close, NH",
        "LINGER, ack close ack:100 1s, AL",
        "LINGER, ack close 31s, sL",
        "FULL, unregistered, P-",
        "FULL, abort, XS"
    })
    void step_isWhereTheEndWasDecided(CloseStrategy strategy, String script, String code) {
        FrozenSystem system = new FrozenSystem();
        EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel();
        if (script.startsWith("ack")) {
            system.kernel(4, 0, 0);
        }
        channel.pipeline()
                .addFirst(new GracefulCloseHandler(
                        GracefulCloseConfig.builder().strategy(strategy).build(), system));
        Future<CloseReport> report = GracefulCloseHandler.report(channel);
        for (String word : script.split(" ")) {
            switch (word) {
                case "room" -> channel.room(0);
                case "ack" -> system.kernel(4, 100, 0);
                case "ack:100" -> system.kernel(4, 100, 100);
                case "close" -> {
                    channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[100]));
                    channel.pipeline().close();
                }
                case "fin" -> channel.peerFin();
                case "rst" -> channel.peerRst();
                case "now" -> GracefulCloseHandler.closeNow(channel);
                case "abort" -> GracefulCloseHandler.abort(channel);
                case "unregistered" -> channel.unsafe().closeForcibly();
                case "1s" -> system.pass(channel, 1000);
                case "31s" -> system.pass(channel, 31_000);
                default -> throw new AssertionError(word);
            }
            channel.runPendingTasks();
        }
        if (!report.isDone()) {
            channel.pipeline().fireChannelInactive(); // which closeForcibly does not tell
        }
        assertEquals(code, report.getNow().code(), report.getNow()::toString);
        channel.close();
    }
}
