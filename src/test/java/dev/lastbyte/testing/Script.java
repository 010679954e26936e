package dev.lastbyte.testing;

import java.util.Arrays;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * What happens in a test, as words with a space between: {@code "get drain 200ms open"}. A word is a name, or a name and its
 * arguments, as {@code room:10}; what the names mean is up to the test's own vocabulary. Stateless.
 */
public final class Script {
    private Script() {}

    /** Plays the words in their order. A failure tells at which word it happened. */
    public static void play(String script, Consumer<Word> vocabulary) {
        String[] words = script.split(" ");
        for (int i = 0; i < words.length; i++) {
            try {
                vocabulary.accept(Word.of(words[i]));
            } catch (AssertionError e) {
                String soFar = Arrays.stream(words).limit(i + 1).collect(Collectors.joining(" "));
                throw new AssertionError("at the end of \"" + soFar + "\": " + e.getMessage(), e);
            }
        }
    }

    /**
     * One word of a script. A time, as {@code 200ms} or {@code 5s}, is the word {@code pass} with milliseconds. Immutable.
     *
     * @param argument what follows the first colon, or the empty string
     */
    public record Word(String name, String argument) {
        private static Word of(String text) {
            if (text.matches("\\d+ms")) {
                return new Word("pass", text.substring(0, text.length() - 2));
            }
            if (text.matches("\\d+s")) {
                return new Word("pass", text.substring(0, text.length() - 1) + "000");
            }
            int colon = text.indexOf(':');
            return colon < 0 ? new Word(text, "") : new Word(text.substring(0, colon), text.substring(colon + 1));
        }

        /** The argument, a number. */
        public int number() {
            return Integer.parseInt(argument);
        }

        /** The argument, or what it is if there is none. */
        public int numberOr(int otherwise) {
            return argument.isEmpty() ? otherwise : number();
        }

        /** One of several arguments with a colon between, or the empty string if there are fewer. */
        public String part(int index) {
            String[] parts = argument.split(":", -1);
            return index < parts.length ? parts[index] : "";
        }

        /** For a word that the vocabulary does not have. */
        public IllegalArgumentException unknown() {
            return new IllegalArgumentException("no such word: " + name);
        }
    }
}
