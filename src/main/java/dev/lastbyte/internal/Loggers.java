package dev.lastbyte.internal;

import io.netty.util.internal.logging.InternalLoggerFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.helpers.NOPLogger;

/**
 * Gives each class its logger. All of them are children of {@code dev.lastbyte}. Where slf4j has no provider and drops every message,
 * Netty's own logger says so once. Thread-safe.
 */
public final class Loggers {
    private static final AtomicBoolean SILENCE_TOLD = new AtomicBoolean();

    private Loggers() {}

    /** The logger of a class. */
    public static Logger of(Class<?> type) {
        Logger logger = LoggerFactory.getLogger(type);
        if (logger instanceof NOPLogger && SILENCE_TOLD.compareAndSet(false, true)) {
            InternalLoggerFactory.getInstance("dev.lastbyte")
                    .info(
                            "Lastbyte logs through slf4j, which has no provider here: its warnings and drain reports are dropped."
                                    + " Add one, such as logback-classic or slf4j-jdk14");
        }
        return logger;
    }
}
