package dev.lastbyte.demo.lab.peer;

/**
 * What the peer's application saw of one run. Immutable.
 *
 * @param run the run's number
 * @param received bytes of the answer that it read
 * @param end how the connection ended for it
 * @param sawReset whether a read or a write told it of a reset
 * @param corrupt whether a byte was not the one expected at its place
 * @param sent bytes that it could send after the request
 * @param nanos from connecting to its end
 * @param error what went wrong in the peer itself, or an empty text
 */
public record PeerResult(
        int run, long received, PeerEnd end, boolean sawReset, boolean corrupt, long sent, long nanos, String error) {
    Fields toFields() {
        return new Fields("done")
                .with("run", run)
                .with("received", received)
                .with("end", end)
                .with("sawReset", sawReset)
                .with("corrupt", corrupt)
                .with("sent", sent)
                .with("nanos", nanos)
                .with("error", error);
    }

    static PeerResult from(Fields fields) {
        return new PeerResult(
                fields.number("run"),
                fields.big("received"),
                PeerEnd.valueOf(fields.text("end")),
                fields.flag("sawReset"),
                fields.flag("corrupt"),
                fields.big("sent"),
                fields.big("nanos"),
                fields.text("error"));
    }
}
