package dev.lastbyte.demo;

import static dev.lastbyte.demo.BuilderOption.time;

import dev.lastbyte.http.HttpFarewellConfig;
import dev.lastbyte.http.HttpFarewellConfig.Builder;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The flags for the end of HTTP connections; what is not given keeps the library's default. A mixin. */
@Command
public final class HttpOptions {
    static final List<BuilderOption<Builder, ?>> OPTIONS = List.of(
            time(
                    "--min-idle-protection",
                    HttpOptions::minIdleProtection,
                    "how long an idle HTTP connection is kept after its last answer; 0s does not keep it (default 1s)"),
            time(
                    "--answer-timeout",
                    Builder::answerTimeout,
                    "longest wait for the answer if a request comes meanwhile (default 30s)"));

    private @Nullable CommandSpec command;

    @Spec(Spec.Target.MIXEE)
    void addTo(CommandSpec mixee) {
        command = mixee;
        BuilderOption.add(mixee, "HTTP connections that are closed while idle:", OPTIONS);
    }

    /**
     * The configuration of these limits.
     *
     * @throws IllegalArgumentException if a value is out of its range
     */
    public HttpFarewellConfig farewell() {
        return BuilderOption.apply(Objects.requireNonNull(command, "command"), OPTIONS, HttpFarewellConfig.builder())
                .build();
    }

    private static void minIdleProtection(Builder builder, Duration time) {
        if (time.isZero()) {
            builder.withoutIdleProtection();
        } else {
            builder.minIdleProtection(time);
        }
    }
}
