package dev.lastbyte.internal;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The library's one logger, {@code dev.lastbyte}: DEBUG for the steps of a close, WARN only if somebody must act. Stateless.
 */
public final class CloseLog {
    public static final Logger LOG = LoggerFactory.getLogger("dev.lastbyte");

    private CloseLog() {}
}
