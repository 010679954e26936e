package dev.lastbyte.demo.lab;

import dev.lastbyte.demo.CloseWay;
import dev.lastbyte.demo.Transport;
import dev.lastbyte.demo.lab.peer.Lane;
import dev.lastbyte.demo.lab.peer.PeerKind;
import dev.lastbyte.demo.lab.server.LabLimits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;

/**
 * What a lab shall measure. Immutable.
 *
 * @param transports the tables
 * @param ways the columns
 * @param peers the rows
 * @param runs runs per cell, or empty for each lane's own number
 * @param size bytes of an answer
 * @param roundTrip the link's round trip; zero for loopback
 */
record LabPlan(
        List<Transport> transports,
        List<CloseWay> ways,
        List<PeerKind> peers,
        OptionalInt runs,
        int size,
        Duration roundTrip) {
    /** One connection to make: a cell and a number that no other run has. */
    record Run(int number, Cell cell) {}

    private static final long SHUFFLE_SEED = 1;

    LabPlan {
        transports = List.copyOf(transports);
        ways = List.copyOf(ways);
        peers = List.copyOf(peers);
    }

    int runsOf(PeerKind peer) {
        return runs.orElse(peer.lane().defaultRuns(isDelayed()));
    }

    boolean isDelayed() {
        return !roundTrip.isZero();
    }

    public LabLimits limits() {
        return LabLimits.of(size, roundTrip);
    }

    /** All runs of a lane, mixed so that a disturbance does not hit one cell alone; the order is always the same. */
    List<Run> runs(Lane lane) {
        List<Run> all = new ArrayList<>();
        for (Run run : allRuns()) {
            if (run.cell().peer().lane() == lane) {
                all.add(run);
            }
        }
        Collections.shuffle(all, new Random(SHUFFLE_SEED));
        return all;
    }

    List<Run> allRuns() {
        List<Run> all = new ArrayList<>();
        for (Cell cell : cells()) {
            for (int i = 0; i < runsOf(cell.peer()); i++) {
                all.add(new Run(all.size(), cell));
            }
        }
        return all;
    }

    /** Runs before those that count, with numbers of their own. */
    List<Run> warmUpRuns() {
        List<Run> all = new ArrayList<>();
        for (Transport transport : transports) {
            for (CloseWay way : ways) {
                all.add(new Run(-1 - all.size(), new Cell(transport, way, PeerKind.CHATTY)));
            }
        }
        return all;
    }

    List<Cell> cells() {
        List<Cell> cells = new ArrayList<>();
        for (Transport transport : transports) {
            for (PeerKind peer : peers) {
                for (CloseWay way : ways) {
                    cells.add(new Cell(transport, way, peer));
                }
            }
        }
        return cells;
    }
}
