package dev.lastbyte.demo;

import java.time.Duration;
import java.util.List;
import java.util.function.BiConsumer;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * A flag that sets one value of a builder. What is not given leaves the builder's default alone. Immutable.
 *
 * @param name the flag
 * @param label what stands for the value in the help
 * @param type the class of the value
 * @param converter reads the value
 * @param description the line in the help
 * @param setter what to do with the value
 * @param <B> the builder
 * @param <V> the value
 */
record BuilderOption<B, V>(
        String name,
        String label,
        Class<V> type,
        ITypeConverter<V> converter,
        String description,
        BiConsumer<B, V> setter) {
    static <B> BuilderOption<B, Duration> time(String name, BiConsumer<B, Duration> setter, String description) {
        return new BuilderOption<>(name, "TIME", Duration.class, new Durations(), description, setter);
    }

    static <B> BuilderOption<B, Long> size(String name, BiConsumer<B, Long> setter, String description) {
        return new BuilderOption<>(name, "SIZE", Long.class, new Sizes(), description, setter);
    }

    static <B> BuilderOption<B, Integer> count(String name, BiConsumer<B, Integer> setter, String description) {
        return new BuilderOption<>(name, "COUNT", Integer.class, new WholeNumbers(), description, setter);
    }

    /** Gives a command these flags, under a heading of their own in its help. */
    static void add(CommandSpec command, String heading, List<? extends BuilderOption<?, ?>> options) {
        ArgGroupSpec.Builder group =
                ArgGroupSpec.builder().heading("%n" + heading + "%n").validate(false);
        for (BuilderOption<?, ?> option : options) {
            group.addArg(OptionSpec.builder(option.name)
                    .paramLabel(option.label)
                    .type(option.type)
                    .converters(option.converter)
                    .description(option.description)
                    .build());
        }
        command.addArgGroup(group.build());
    }

    /** Sets what was given to a command, in the order of the list. */
    static <B> B apply(CommandSpec command, List<BuilderOption<B, ?>> options, B builder) {
        options.forEach(option -> option.apply(command, builder));
        return builder;
    }

    private void apply(CommandSpec command, B builder) {
        V value = command.findOption(name).getValue();
        if (value != null) {
            setter.accept(builder, value);
        }
    }
}
