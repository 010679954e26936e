package dev.lastbyte.demo.doctor;

import java.util.Locale;

/** How much a value of a setting matters. Immutable. */
enum Level {
    /** As it should be. */
    OK,
    /** Worth knowing. */
    NOTE,
    /** Connections lose data or memory runs out: change it. */
    WARN,
    /** The value cannot be read here. */
    UNKNOWN;

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
