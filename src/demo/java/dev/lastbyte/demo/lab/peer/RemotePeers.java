package dev.lastbyte.demo.lab.peer;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/** The lab's peers as a process of their own. Thread-safe. */
public final class RemotePeers implements Peers {
    private final Child child;

    public RemotePeers(List<String> before, Duration longestRun, Consumer<PeerResult> results) throws IOException {
        List<String> arguments = List.of("lab-peers", "--longest-run", longestRun.toMillis() + "ms");
        child = new Child("peers", before, arguments, line -> results.accept(PeerResult.from(line)));
    }

    @Override
    public void start(Job job) {
        child.send(job.toFields());
    }

    @Override
    public void release(int run) {
        child.send(new Fields("release").with("run", run));
    }

    @Override
    public void close() {
        child.close();
    }
}
