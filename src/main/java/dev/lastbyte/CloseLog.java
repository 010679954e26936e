package dev.lastbyte;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The library's one logger, {@code dev.lastbyte}: DEBUG for the steps of a close, WARN only if somebody must act. Stateless.
 */
final class CloseLog {
    static final Logger LOG = LoggerFactory.getLogger("dev.lastbyte");

    private CloseLog() {}
}
