package dev.lastbyte.demo.lab.peer;

/**
 * The 100 bytes that a peer sends first: which run it plays, how many bytes it wants and how long the server shall wait
 * before it answers. Immutable.
 *
 * @param run the run's number
 * @param size bytes of answer wanted
 * @param delayMillis the server's pause before the answer
 */
public record Request(int run, int size, int delayMillis) {
    public static final int LENGTH = 100;

    static Request of(Job job) {
        return new Request(job.run(), job.size(), job.peer().answerDelayMillis());
    }

    public static Request decode(String text) {
        Fields fields = Fields.parse(text);
        return new Request(fields.number("run"), fields.number("size"), fields.number("delay"));
    }

    String encode() {
        String line = new Fields("answer")
                .with("run", run)
                .with("size", size)
                .with("delay", delayMillis)
                .toString();
        return line + " ".repeat(LENGTH - 1 - line.length()) + "\n";
    }
}
