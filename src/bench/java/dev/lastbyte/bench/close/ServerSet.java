package dev.lastbyte.bench.close;

import dev.lastbyte.bench.process.MeasuredServer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Servers that are measured together and end together. Not thread-safe. */
final class ServerSet implements AutoCloseable {
    private final List<MeasuredServer> servers = new ArrayList<>();

    <S extends MeasuredServer> S add(S server) {
        servers.add(server);
        return server;
    }

    List<MeasuredServer> all() {
        return List.copyOf(servers);
    }

    /** Ends all of them, also when one cannot be ended. */
    @Override
    public void close() throws IOException {
        IOException failure = null;
        for (MeasuredServer server : servers) {
            try {
                server.close();
            } catch (IOException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
