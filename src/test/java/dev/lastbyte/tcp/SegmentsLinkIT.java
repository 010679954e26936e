package dev.lastbyte.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.lastbyte.demo.link.DelayedLink;
import dev.lastbyte.demo.link.LinkException;
import dev.lastbyte.testing.ChildJvm;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The policies over a link with a round trip of 50 ms: segments as the peer's kernel has counted them, IPv4 and IPv6. */
@RealSockets
class SegmentsLinkIT {
    private static final int PAYLOAD = SegmentChild.HEADER + SegmentChild.BODY;

    @Test
    void segments_overALongLink_areWhatEachPolicySays() throws Exception {
        Transports.EPOLL.assumeAvailable(); // the peer counts with TCP_INFO
        List<String> wrong = new ArrayList<>();
        try (DelayedLink link = open();
                ChildJvm peer = new ChildJvm(link.atPeers(), SegmentPeerChild.class)) {
            for (Transports transport : Transports.tcp().toList()) {
                if (transport.unavailable().isPresent()) {
                    continue;
                }
                try (ChildJvm server = new ChildJvm(link.atServer(), SegmentChild.class, transport.name())) {
                    for (String host : List.of(DelayedLink.SERVER_HOST, DelayedLink.SERVER_HOST_6)) {
                        String port = server.ask("bind " + host, "bound");
                        boolean nio = transport == Transports.NIO;
                        Cells cells = new Cells(peer, transport + " " + host, host + " " + port, wrong);
                        cells.expect(SegmentPolicy.NO_DELAY, SegmentChild.Act.SIX_SENDS, 6, 6);
                        cells.expect(SegmentPolicy.NAGLE, SegmentChild.Act.SIX_SENDS, 6, 2);
                        cells.expect(SegmentPolicy.CORK, SegmentChild.Act.SIX_SENDS, 6, 1);
                        cells.expect(SegmentPolicy.NO_DELAY, SegmentChild.Act.HEADER_AND_FILE, PAYLOAD, 2);
                        cells.expect(SegmentPolicy.NAGLE, SegmentChild.Act.HEADER_AND_FILE, PAYLOAD, 2);
                        cells.expect(SegmentPolicy.CORK, SegmentChild.Act.HEADER_AND_FILE, PAYLOAD, nio ? 2 : 1);
                        if (!nio) { // why CORK sets TCP_NODELAY: the last two messages would wait for an ACK
                            cells.expect(SegmentPolicy.CORK, SegmentChild.Act.THREE_MESSAGES, 6, 3);
                            cells.expect(SegmentPolicy.NAGLE, SegmentChild.Act.THREE_MESSAGES, 6, 2);
                        }
                    }
                }
            }
        }
        assertTrue(wrong.isEmpty(), () -> String.join("\n", wrong));
    }

    private record Cells(ChildJvm peer, String label, String target, List<String> wrong) {
        void expect(SegmentPolicy policy, SegmentChild.Act act, int bytes, int segments) throws Exception {
            String said = peer.ask("ask " + target + " " + policy + " " + act, "got"); // bytes, segments, microseconds
            System.out.println(label + " " + policy + " " + act + ": bytes, segments, us: " + said);
            String[] words = said.split(" ");
            assertEquals(bytes, Integer.parseInt(words[0]), said);
            if (Integer.parseInt(words[1]) != segments) {
                wrong.add(label + " " + policy + " " + act + ": " + words[1] + " segments, not " + segments);
            }
        }
    }

    private static DelayedLink open() {
        try {
            return DelayedLink.open(Duration.ofMillis(50));
        } catch (LinkException e) {
            return abort("no link to be had: " + e.getMessage());
        }
    }
}
