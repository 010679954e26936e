package dev.lastbyte.demo.link;

/** Says why a link with a delay cannot be had here, and what would help. */
public final class LinkException extends Exception {
    private static final long serialVersionUID = 1;

    LinkException(String message) {
        super(message);
    }

    LinkException(String message, Throwable cause) {
        super(message, cause);
    }
}
