package dev.lastbyte.demo.lab.peer;

import dev.lastbyte.demo.CloseWay;
import dev.lastbyte.demo.Names;
import dev.lastbyte.demo.Transport;

/** Finds transports, ways and peers by their names. Stateless. */
final class Labels {
    private Labels() {}

    static PeerKind peer(String name) {
        return Names.find("peer", name, PeerKind.values(), PeerKind::label);
    }

    static Transport transport(String name) {
        return Names.find("transport", name, Transport.values(), Transport::label);
    }

    static CloseWay way(String name) {
        return Names.find("strategy", name, CloseWay.values(), CloseWay::label);
    }
}
