package dev.lastbyte.demo.lab;

import dev.lastbyte.demo.lab.peer.LocalPeers;
import dev.lastbyte.demo.lab.peer.Peers;
import dev.lastbyte.demo.lab.peer.RemotePeers;
import dev.lastbyte.demo.lab.server.LocalServer;
import dev.lastbyte.demo.lab.server.RemoteServer;
import dev.lastbyte.demo.lab.server.Server;
import dev.lastbyte.demo.link.DelayedLink;
import dev.lastbyte.demo.link.LinkException;
import java.io.IOException;

/**
 * The lab's two ends and the link between them. Thread-safe.
 *
 * @param link what the link is, for people
 * @param runner where both ends report to
 * @param server the server's end
 * @param peers the peers' end
 * @param cleanup what {@link #close} undoes
 */
record LabEnds(String link, LabRunner runner, Server server, Peers peers, Cleanup cleanup) implements AutoCloseable {
    /** Both ends in this process, on loopback sockets. */
    static LabEnds loopback(LabPlan plan) {
        LabRunner runner = new LabRunner(plan);
        Cleanup cleanup = new Cleanup();
        try {
            Server server = cleanup.keep(
                    new LocalServer("127.0.0.1", plan.transports(), plan.ways(), plan.limits(), runner::onServer));
            Peers peers = cleanup.keep(new LocalPeers(plan.limits().longestRun(), runner::onPeer));
            return new LabEnds("loopback, in one process", runner, server, peers, cleanup);
        } catch (RuntimeException e) {
            cleanup.close();
            throw e;
        }
    }

    /**
     * The ends in processes of their own, in two network namespaces.
     *
     * @throws LinkException if there can be no such link here
     */
    static LabEnds delayed(LabPlan plan) throws LinkException, IOException, InterruptedException {
        LabRunner runner = new LabRunner(plan);
        Cleanup cleanup = new Cleanup();
        try {
            DelayedLink link = cleanup.keep(DelayedLink.open(plan.roundTrip()));
            Peers peers =
                    cleanup.keep(new RemotePeers(link.atPeers(), plan.limits().longestRun(), runner::onPeer));
            Server server = cleanup.keep(new RemoteServer(
                    link.atServer(),
                    DelayedLink.SERVER_HOST,
                    plan.limits(),
                    plan.transports(),
                    plan.ways(),
                    runner::onServer));
            return new LabEnds(link.describe(), runner, server, peers, cleanup);
        } catch (LinkException | IOException | InterruptedException | RuntimeException e) {
            cleanup.close();
            throw e;
        }
    }

    @Override
    public void close() {
        cleanup.close();
    }
}
