package dev.lastbyte.demo.lab.peer;

/**
 * One connection that a peer shall make. Immutable.
 *
 * @param run the number by which server and peers name the run
 * @param peer what the peer does
 * @param host the server's address
 * @param port the server's port
 * @param size how many bytes the peer asks for
 */
public record Job(int run, PeerKind peer, String host, int port, int size) {
    Fields toFields() {
        return new Fields("run")
                .with("run", run)
                .with("peer", peer.label())
                .with("host", host)
                .with("port", port)
                .with("size", size);
    }

    static Job from(Fields fields) {
        return new Job(
                fields.number("run"),
                Labels.peer(fields.text("peer")),
                fields.text("host"),
                fields.number("port"),
                fields.number("size"));
    }
}
