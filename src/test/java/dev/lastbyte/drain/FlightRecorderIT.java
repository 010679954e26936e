package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseReport;
import dev.lastbyte.internal.jfr.Recording;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What Flight Recorder keeps of closes and of a drain, switched on by its settings alone. */
@RealSockets
class FlightRecorderIT {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#graceful")
    void recording_readBack_tellsEachCloseAndEachPhase(Transports transport) throws Exception {
        Path file = directory.resolve("drain.jfr");
        DrainReport report;
        CloseReport close;
        try (jdk.jfr.Recording recording = new jdk.jfr.Recording();
                ManagedServer server = ManagedServer.on(transport).start();
                PeerRun peer = server.connect()) {
            recording.enable("dev.lastbyte.ConnectionClose");
            recording.enable("dev.lastbyte.DrainPhase");
            recording.start();
            server.accepted();
            server.awaitOpen(1);
            var drain = server.manager.drain();
            peer.readAll();
            peer.socket().close();
            report = Drained.await(drain);
            close = server.reports.iterator().next();
            recording.stop();
            recording.dump(file);
        }
        List<RecordedEvent> events = RecordingFile.readAllEvents(file);
        List<RecordedEvent> closes = named(events, "dev.lastbyte.ConnectionClose");
        assertEquals(1, closes.size(), events::toString);
        RecordedEvent story = closes.get(0);
        assertEquals(close.code(), story.getString("code"));
        assertEquals(close.outcome().name(), story.getString("outcome"));
        assertEquals(close.cause().name(), story.getString("cause"));
        assertEquals(close.transport(), story.getString("transport"));
        assertEquals(close.flushTime(), story.getDuration("flushTime"));
        Duration steps = Duration.ZERO;
        for (String step : List.of("flushTime", "halfCloseTime", "discardTime", "lingerTime", "socketCloseTime")) {
            steps = steps.plus(story.getDuration(step));
        }
        assertTrue(steps.compareTo(close.totalTime()) <= 0, story::toString);
        assertEquals(
                report.phaseTimes().keySet().stream().map(DrainPhase::name).toList(),
                named(events, "dev.lastbyte.DrainPhase").stream()
                        .map(event -> event.getString("phase"))
                        .toList());
        assertEquals(
                1,
                named(events, "dev.lastbyte.DrainPhase").stream()
                        .mapToLong(event -> event.getLong("closed"))
                        .sum());
    }

    private static List<RecordedEvent> named(List<RecordedEvent> events, String name) {
        return events.stream()
                .filter(event -> event.getEventType().getName().equals(name))
                .toList();
    }

    @Test
    void events_withoutASetting_areOff() {
        try (jdk.jfr.Recording recording = new jdk.jfr.Recording()) {
            recording.start();
            assertNull(Recording.beginClose());
            assertNull(Recording.endClose());
            assertNull(Recording.beginPhase());
        }
        assertFalse(jdk.jfr.FlightRecorder.getFlightRecorder().getRecordings().stream()
                .anyMatch(recording -> recording.getSettings().containsKey("dev.lastbyte.ConnectionClose#enabled")));
    }
}
