package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseCause;
import dev.lastbyte.CloseListener;
import dev.lastbyte.CloseReport;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.NoWarnings;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Whom a manager tells of closes and of drains, besides the listeners of its configuration. */
@Timeout(120)
@ExtendWith(NoWarnings.class)
class ManagerListenersTest {
    private final List<String> told = new CopyOnWriteArrayList<>();

    @Test
    void closeListeners_areToldAfterThatOfTheConfiguration_ofTheSameReport() {
        List<CloseReport> reports = new ArrayList<>();
        GracefulCloseManager manager = GracefulCloseManager.builder()
                .connections(GracefulCloseConfig.builder()
                        .closeListener((channel, report) -> {
                            told.add("own");
                            reports.add(report);
                        })
                        .build())
                .build();
        manager.addCloseListener((channel, report) -> {
            told.add("first");
            reports.add(report);
        });
        CloseListener second = (channel, report) -> told.add("second");
        manager.addCloseListener(second);
        closeOne(manager);
        assertEquals(List.of("own", "first", "second"), told);
        assertSame(reports.get(0), reports.get(1));
        assertEquals(CloseCause.FORCED, reports.get(0).cause());

        manager.removeCloseListener(second);
        closeOne(manager);
        assertEquals(List.of("own", "first", "second", "own", "first"), told);
        assertThrows(NullPointerException.class, () -> manager.addCloseListener(null));
    }

    @Test
    void closeListener_throws_othersAreStillTold() {
        NoWarnings.expect("a close listener threw");
        GracefulCloseManager manager = GracefulCloseManager.create();
        manager.addCloseListener((channel, report) -> {
            throw new IllegalStateException("on purpose");
        });
        manager.addCloseListener((channel, report) -> told.add("second"));
        closeOne(manager);
        assertEquals(List.of("second"), told);
        assertEquals(0, manager.openConnections());
    }

    @Test
    void closeListener_channelThatWasNeverActive_isNotTold() {
        GracefulCloseManager manager = GracefulCloseManager.create();
        manager.addCloseListener((channel, report) -> told.add(report.toString()));
        EmbeddedChannel channel = new EmbeddedChannel() {
            @Override
            public boolean isActive() {
                return false;
            }
        };
        channel.pipeline().addFirst(manager.newHandler());
        channel.close();
        channel.runPendingTasks();
        assertEquals(List.of(), told);
    }

    @Test
    void drainListeners_bothHearEverything_beforeTheFutureCompletes() throws Exception {
        GracefulCloseManager manager = GracefulCloseManager.builder()
                .drainListener(new Telling("built"))
                .build();
        Telling added = new Telling("added");
        manager.addDrainListener(added);
        assertEquals(Optional.empty(), manager.drainProgress());
        DrainReport report = manager.drain().get(60, TimeUnit.SECONDS);
        List<String> heard = List.copyOf(told);
        for (String who : List.of("built ", "added ")) {
            List<String> his =
                    heard.stream().filter(line -> line.startsWith(who)).toList();
            assertEquals(who + "ANNOUNCING", his.get(0));
            assertEquals(who + report, his.get(his.size() - 1));
            assertEquals(who + "DRAINED", his.get(his.size() - 2));
        }
        assertEquals(DrainPhase.DRAINED, manager.drainProgress().orElseThrow().phase());
        manager.removeDrainListener(added);
    }

    @Test
    void drainListener_blocks_othersHearEverything_andTheFutureCompletes() throws Exception {
        CountDownLatch held = new CountDownLatch(1);
        GracefulCloseManager manager = GracefulCloseManager.builder()
                .drainListener(new DrainListener() {
                    @Override
                    public void onPhase(DrainPhase phase) {
                        try {
                            held.await();
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                    }
                })
                .build();
        manager.addDrainListener(new Telling("added"));
        DrainReport report = manager.drain().get(60, TimeUnit.SECONDS);
        assertTrue(told.contains("added " + report), told::toString);
        held.countDown();
    }

    @Test
    void busyConnections_areThoseWithAnOpenExchange() {
        GracefulCloseManager manager = GracefulCloseManager.create();
        EmbeddedChannel channel = new EmbeddedChannel(manager.newHandler());
        assertEquals(0, manager.busyConnections());
        GracefulCloseHandler.exchangeStarted(channel);
        assertEquals(1, manager.busyConnections());
        GracefulCloseHandler.exchangeEnded(channel);
        assertEquals(0, manager.busyConnections());
        GracefulCloseHandler.closeNow(channel);
    }

    // ---- what the report counts ------------------------------------------------------------------------------------

    @Test
    void report_countsAnswersOfTheDrain_andThoseThatAreAcknowledged() {
        FrozenDrain drain = new FrozenDrain();
        drain.play("silent connect busy done busy drain 1ms done fin 3s");
        DrainReport report = drain.report();
        assertEquals(1, report.answeredRequests(), report::toString);
        assertEquals(1, report.acknowledgedRequests(), report::toString);
    }

    @Test
    void report_answersOfWhichNobodyKnows_areAnsweredOnly() {
        FrozenDrain drain = new FrozenDrain();
        drain.play("connect busy busy drain 1ms done done fin 3s");
        assertEquals(2, drain.report().answeredRequests());
        assertEquals(0, drain.report().acknowledgedRequests());
    }

    @Test
    void report_connectionThatIsCutOff_hasAnsweredNothing() {
        FrozenDrain drain = new FrozenDrain();
        drain.play("connect busy drain 1ms rst done 3s");
        assertEquals(0, drain.report().answeredRequests());
    }

    private static void closeOne(GracefulCloseManager manager) {
        EmbeddedChannel channel = new EmbeddedChannel(manager.newHandler());
        GracefulCloseHandler.closeNow(channel);
        channel.runPendingTasks();
    }

    /** Keeps phases and the report. Thread-safe. */
    private final class Telling implements DrainListener {
        private final String name;

        private Telling(String name) {
            this.name = name;
        }

        @Override
        public void onPhase(DrainPhase phase) {
            told.add(name + " " + phase);
        }

        @Override
        public void onReport(DrainReport report) {
            told.add(name + " " + report);
        }
    }
}
