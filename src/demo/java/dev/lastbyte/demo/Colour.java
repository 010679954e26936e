package dev.lastbyte.demo;

import java.util.Locale;

/** Whether and how text is coloured with ANSI sequences. Immutable. */
public final class Colour {
    /** The values of {@code --color}. */
    public enum When {
        /** If standard output is a terminal and NO_COLOR is not set. */
        AUTO,
        /** Also into files and pipes. */
        ALWAYS,
        /** Plain text. */
        NEVER;

        /** The name on the command line. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final boolean on;

    private Colour(boolean on) {
        this.on = on;
    }

    /** The colours that a choice means for standard output. */
    public static Colour of(When when) {
        boolean wanted = Terminal.stdout() && System.getenv("NO_COLOR") == null;
        return new Colour(when == When.ALWAYS || (when == When.AUTO && wanted));
    }

    /** For what is wrong: something was lost. */
    public String bad(String text) {
        return wrap("1;31", text);
    }

    /** For what is as it should be. */
    public String good(String text) {
        return wrap("32", text);
    }

    /** For what is noteworthy. */
    public String warn(String text) {
        return wrap("33", text);
    }

    /** For what matters less. */
    public String faint(String text) {
        return wrap("2", text);
    }

    /** For headings. */
    public String strong(String text) {
        return wrap("1", text);
    }

    private String wrap(String code, String text) {
        return on ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }
}
