package dev.lastbyte.testing;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.slf4j.LoggerFactory;

/** Keeps what one logger, and those below it, say at a level or above. Thread-safe. */
public final class LogRecorder {
    private final Logger logger;
    private final Level level;
    private final ConcurrentLinkedQueue<String> lines = new ConcurrentLinkedQueue<>();
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            if (event.getLevel().isGreaterOrEqual(level)) {
                String trace = event.getThrowableProxy() == null
                        ? ""
                        : "\n" + ThrowableProxyUtil.asString(event.getThrowableProxy());
                lines.add(event.getLevel() + " " + event.getLoggerName() + " " + event.getFormattedMessage() + trace);
            }
        }
    };

    public LogRecorder(String logger, Level level) {
        this.logger = (Logger) LoggerFactory.getLogger(logger);
        this.level = level;
    }

    /** The same, where the run itself does not log that level: it stays quiet. */
    public static LogRecorder quiet(Class<?> type, Level level) {
        LogRecorder recorder = new LogRecorder(type.getName(), level);
        recorder.logger.setAdditive(false);
        recorder.logger.setLevel(level);
        return recorder;
    }

    public void start() {
        lines.clear();
        appender.setContext(logger.getLoggerContext());
        appender.start();
        logger.addAppender(appender);
    }

    /** Stops, and returns what was said. */
    public List<String> stop() {
        logger.detachAppender(appender);
        appender.stop();
        if (!logger.isAdditive()) {
            logger.setAdditive(true);
            logger.setLevel(null);
        }
        return new ArrayList<>(lines);
    }
}
