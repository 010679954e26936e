package dev.lastbyte.demo.serve;

import dev.lastbyte.demo.Colour;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.receipt.DrainReceipt;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A drain as sentences for a person at a terminal: its receipt in colours. Immutable. */
final class DrainProse {
    private final Colour colour;

    DrainProse(Colour colour) {
        this.colour = colour;
    }

    String of(Optional<DrainReport> report) {
        return report.map(this::known)
                .orElseGet(() -> colour.warn("closed at once: a plain close does not know who lost an answer"));
    }

    private String known(DrainReport report) {
        List<String> sentences = DrainReceipt.of(report).sentences();
        List<String> lines = new ArrayList<>();
        lines.add(verdict(report, sentences.get(0)));
        sentences.stream().skip(1).forEach(sentence -> lines.add("  " + painted(sentence)));
        return String.join(System.lineSeparator(), lines);
    }

    private String verdict(DrainReport report, String sentence) {
        return switch (report.outcome()) {
            case COMPLETE -> colour.good(sentence);
            case UNCONFIRMED, CANCELLED -> colour.warn(sentence);
            case INTERRUPTED, FORCED, UNFINISHED -> colour.bad(sentence);
        };
    }

    private String painted(String sentence) {
        if (sentence.matches(".* (was not stopped|waited to be accepted|open for) ?.*")) {
            return colour.bad(sentence);
        }
        return sentence.startsWith("listener ") ? colour.faint(sentence) : sentence;
    }
}
