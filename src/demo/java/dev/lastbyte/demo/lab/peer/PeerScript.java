package dev.lastbyte.demo.lab.peer;

import java.io.IOException;

/** What one kind of peer does on its connection, from the first byte of its request on. Blocks; stateless. */
@FunctionalInterface
interface PeerScript {
    /**
     * Plays the peer. The socket notes what is read and seen; it is closed afterwards.
     *
     * @throws IOException if the connection cannot be used as planned; a reset is no exception but a finding
     * @throws InterruptedException if the lab is being stopped
     */
    void play(PeerSocket socket) throws IOException, InterruptedException;
}
