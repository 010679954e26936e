package dev.lastbyte.demo.lab;

import dev.lastbyte.demo.CloseWay;
import dev.lastbyte.demo.DemoVersion;
import dev.lastbyte.demo.Json;
import dev.lastbyte.demo.Transport;
import dev.lastbyte.demo.lab.peer.PeerKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes all runs as one JSON object: what was measured, and one entry per run. Stateless. */
final class LabFile {
    private LabFile() {}

    static void write(Path file, LabPlan plan, String link, List<RunResult> results) throws IOException {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("lab", "lastbyte");
        json.put("link", link);
        json.put("limits", plan.limits().describe());
        json.put("java", System.getProperty("java.version"));
        json.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        json.put("netty", DemoVersion.netty().orElse(null));
        json.put("size", plan.size());
        json.put("transports", plan.transports().stream().map(Transport::label).toList());
        json.put("strategies", plan.ways().stream().map(CloseWay::label).toList());
        json.put("peers", plan.peers().stream().map(PeerKind::label).toList());
        json.put("runs", results.stream().map(RunResult::toJson).toList());
        Files.writeString(file, Json.of(json) + "\n");
    }
}
