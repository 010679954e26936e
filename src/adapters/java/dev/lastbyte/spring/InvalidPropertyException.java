package dev.lastbyte.spring;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Stops the start of an application: a value of {@code lastbyte.*} that cannot be used. Immutable. */
@SuppressWarnings("serial")
final class InvalidPropertyException extends IllegalArgumentException {
    private final String action;

    InvalidPropertyException(String description, String action, @Nullable Throwable cause) {
        super(description, cause);
        this.action = action;
    }

    /** Hands on a value, if there is one. */
    static <T> void set(String property, @Nullable T value, Consumer<T> setter) {
        if (value == null) {
            return;
        }
        try {
            setter.accept(value);
        } catch (IllegalArgumentException e) {
            throw new InvalidPropertyException(
                    property + " cannot be used: " + e.getMessage(),
                    "Change the value, or remove " + property + " to get its default.",
                    e);
        }
    }

    /** What Spring Boot prints in place of a stack trace. Stateless. */
    static final class Analyzer extends AbstractFailureAnalyzer<InvalidPropertyException> {
        @Override
        protected FailureAnalysis analyze(Throwable root, InvalidPropertyException cause) {
            return new FailureAnalysis(cause.getMessage(), cause.action, cause);
        }
    }
}
