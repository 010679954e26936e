package dev.lastbyte.demo.lab;

import dev.lastbyte.demo.CloseWay;
import dev.lastbyte.demo.Transport;
import dev.lastbyte.demo.lab.peer.PeerKind;

/**
 * One cell of the lab's tables. Immutable.
 *
 * @param transport the server's transport
 * @param way how the server closes
 * @param peer what the peer does
 */
record Cell(Transport transport, CloseWay way, PeerKind peer) {}
