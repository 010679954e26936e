package dev.lastbyte.demo.lab.peer;

/** What the lab's peers do with an answer: the rows of its tables. Immutable. */
public enum PeerKind {
    /** Reads, and closes at EOF. */
    WELL("well", "reads all, closes at EOF", Lane.QUICK, Readers::well),
    /** Sends a little while it reads. */
    CHATTY("chatty", "sends 13 bytes per 32 KiB read and 31 at EOF, as HTTP/2 and TLS do", Lane.QUICK, Readers::chatty),
    /** Reads slowly through a small receive buffer. */
    SLOW("slow", "receive buffer of 16 KiB, reads 16 KiB every 2 ms", Lane.QUICK, Readers::slow),
    /** Has sent more than the server reads. */
    UNREAD("unread-64k", "its 64 KiB body waits unread when the server closes", Lane.QUICK, Readers::unread) {
        @Override
        public int answerDelayMillis() {
            return 100;
        }
    },
    /** Sends FIN right after its request. */
    HALF_CLOSE("half-close-first", "sends FIN right after its request, then reads", Lane.QUICK, Readers::halfClose),
    /** Uploads until it sees EOF. */
    UPLOAD_TO_EOF(
            "upload-to-eof", "uploads 16 KiB per ms while reading, stops at EOF", Lane.HEAVY, Uploaders::untilEof),
    /** Uploads 4 MB. */
    UPLOAD_4MB("upload-4mb", "uploads 4 MB at 16 KiB per ms while reading", Lane.HEAVY, Uploaders::fourMegabytes),
    /** Uploads for two seconds. */
    UPLOAD_2S("upload-2s", "uploads 16 KiB per ms for 2 s while reading", Lane.HEAVY, Uploaders::twoSeconds),
    /** Uploads everything before it reads. */
    UPLOAD_FIRST("upload-first", "uploads 16 MB, reads only then", Lane.HEAVY, Uploaders::everythingFirst),
    /** Never closes. */
    NEVER_CLOSES("never-closes", "reads all, then keeps the connection", Lane.PATIENT, Holders::neverCloses),
    /** Drips after EOF. */
    DRIP("drip", "reads all, then sends 1 byte per 100 ms", Lane.PATIENT, Holders::drip),
    /** Pauses before it reads. */
    STALL("stall-2s", "reads nothing for 2 s, then all", Lane.PATIENT, Holders::stall),
    /** Resets the connection. */
    RESET("reset", "reads 100 KB, then resets the connection", Lane.QUICK, Readers::reset) {
        @Override
        public boolean wantsAll() {
            return false;
        }
    },
    /** Never reads. */
    NEVER_READS("never-reads", "reads nothing and keeps the connection", Lane.PATIENT, Holders::neverReads) {
        @Override
        public boolean wantsAll() {
            return false;
        }
    };

    private final String label;
    private final String description;
    private final Lane lane;
    private final PeerScript script;

    PeerKind(String label, String description, Lane lane, PeerScript script) {
        this.label = label;
        this.description = description;
        this.lane = lane;
        this.script = script;
    }

    /** The name on the command line and in tables. */
    public String label() {
        return label;
    }

    /** What it does, in a few words. */
    public String description() {
        return description;
    }

    public Lane lane() {
        return lane;
    }

    PeerScript script() {
        return script;
    }

    /** Whether it goes on reading until the end, so that missing bytes are the server's fault. */
    public boolean wantsAll() {
        return true;
    }

    /** How long the server waits between the request and its answer. */
    int answerDelayMillis() {
        return 0;
    }

    @Override
    public String toString() {
        return label;
    }
}
