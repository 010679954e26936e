package dev.lastbyte.demo.lab.server;

import dev.lastbyte.demo.CloseWay;
import dev.lastbyte.demo.Transport;

/** The server's end of the lab. Reports each closed connection to the consumer it was made with. Thread-safe. */
public interface Server extends AutoCloseable {
    /** The address that peers connect to. */
    String host();

    /** The port of the listener with a transport and a way to close. */
    int port(Transport transport, CloseWay way);

    @Override
    void close();
}
