package dev.lastbyte.http2;

import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.Http2Peer;
import dev.lastbyte.testing.Http2Peer.Manners;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/** HTTP/2 clients as a process, for other network namespaces: says when there is traffic, and how it ended. Stateless. */
final class Http2PeersChild {
    private Http2PeersChild() {}

    public static void main(String[] arguments) throws Exception {
        InetSocketAddress address = new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1]));
        boolean isPlain = arguments[2].equals("plain");
        List<Http2Peer> peers = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            Manners manners = i % 2 == 0 || isPlain ? Manners.RUDE : Manners.POLITE;
            peers.add(new Http2Peer(address, manners, 100_000, 1));
        }
        Eventually.await("traffic", () -> peers.stream().allMatch(peer -> peer.complete() > 5));
        System.out.println("running " + peers.size());
        int hurt = 0;
        int withoutGoAway = 0;
        String first = "";
        for (Http2Peer peer : peers) {
            List<String> problems = isPlain ? peer.losses() : peer.problemsAtTheEnd();
            hurt += problems.isEmpty() ? 0 : 1;
            withoutGoAway += problems.contains("no GOAWAY") ? 1 : 0;
            first = first.isEmpty() && !problems.isEmpty() ? problems.toString() : first;
        }
        System.out.println("ended " + hurt + " hurt, " + withoutGoAway + " without GOAWAY, of " + peers.size() + " "
                + first.substring(0, Math.min(300, first.length())));
    }
}
