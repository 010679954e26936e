package dev.lastbyte.demo.lab.peer;

/** The peers' end of the lab. Reports each run to the consumer it was made with. Thread-safe. */
public interface Peers extends AutoCloseable {
    /**
     * Begins one run.
     *
     * @throws IllegalStateException if this end is gone
     */
    void start(Job job);

    /** Tells the peer of a run that the server has closed its connection. */
    void release(int run);

    @Override
    void close();
}
