package dev.lastbyte.demo.lab.peer;

/**
 * A group of runs that may happen side by side, sized so that they do not distort each other on two cores. Lanes run at
 * the same time as each other. Over a link with a delay most of a run is waiting, so more fit; each also takes longer, so
 * fewer are made unless the user says otherwise. Immutable.
 */
public enum Lane {
    /** Peers that are done in a moment. */
    QUICK(4, 8, 10, 5),
    /** Peers that upload megabytes: more than two at once would measure the machine. */
    HEAVY(2, 2, 3, 2),
    /** Peers that mostly wait. */
    PATIENT(24, 24, 3, 2);

    private final int width;
    private final int delayedWidth;
    private final int runs;
    private final int delayedRuns;

    Lane(int width, int delayedWidth, int runs, int delayedRuns) {
        this.width = width;
        this.delayedWidth = delayedWidth;
        this.runs = runs;
        this.delayedRuns = delayedRuns;
    }

    /** How many runs of this lane happen at once. */
    public int width(boolean delayed) {
        return delayed ? delayedWidth : width;
    }

    /** Runs per cell unless the user says otherwise. */
    public int defaultRuns(boolean delayed) {
        return delayed ? delayedRuns : runs;
    }
}
