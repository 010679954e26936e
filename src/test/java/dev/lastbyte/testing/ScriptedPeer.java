package dev.lastbyte.testing;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** The peers of the matrix: how each reads an answer, what it sends meanwhile, and how it ends. Immutable. */
public enum ScriptedPeer {
    /** Reads everything and closes at EOF. */
    WELL_BEHAVED {
        @Override
        void play(PeerRun run) {
            run.request();
            run.readAll();
        }
    },
    /** Sends 13 bytes per 32 KB read and 31 bytes at EOF, as HTTP/2 and TLS do. */
    CHATTY {
        @Override
        void play(PeerRun run) {
            run.request();
            boolean talks = true;
            for (long next = 32 * 1024; run.read(32 * 1024) >= 0; ) {
                if (talks && run.bytes() >= next) {
                    talks = run.send(new byte[13]);
                    next += 32 * 1024;
                }
            }
            if (talks) {
                run.send(new byte[31]);
            }
        }
    },
    /** Reads 16 KB every 2 ms into a small receive buffer. */
    SLOW_READER(true, 16 * 1024) {
        @Override
        void play(PeerRun run) {
            run.request();
            while (run.read(16 * 1024) >= 0) {
                run.pause(2);
            }
        }
    },
    /** Has sent 64 KB behind its request that the application never asks for. */
    UNREAD_64K {
        @Override
        void play(PeerRun run) {
            run.requestAndBody(64 * 1024);
            run.readAll();
        }
    },
    /** Uploads while it reads, until EOF. */
    UPLOADS_UNTIL_EOF {
        @Override
        void play(PeerRun run) {
            upload(run, run::isEof);
        }
    },
    /** Uploads 4 MB while it reads. */
    UPLOADS_4MB {
        @Override
        void play(PeerRun run) {
            int[] chunks = {0};
            upload(run, () -> chunks[0]++ == 256);
        }
    },
    /** Uploads for 2 s while it reads, EOF or not. */
    UPLOADS_2S {
        @Override
        void play(PeerRun run) {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
            upload(run, () -> System.nanoTime() - end >= 0);
        }
    },
    /** Writes a body of 16 MB and reads only then. */
    UPLOADS_FIRST {
        @Override
        void play(PeerRun run) {
            run.request();
            byte[] chunk = new byte[64 * 1024];
            for (int i = 0; i < 256 && run.send(chunk); i++) {
                // as fast as the server takes it
            }
            run.readAll();
        }
    },
    /** Sends FIN right behind its request, then reads. */
    HALF_CLOSES_FIRST {
        @Override
        void play(PeerRun run) {
            run.request();
            run.shutdownOutput();
            run.readAll();
        }
    },
    /** Reads everything, then stays silent and open. */
    NEVER_CLOSES {
        @Override
        void play(PeerRun run) {
            run.request();
            run.readAll();
            run.awaitServer();
        }
    },
    /** Reads everything, then sends a byte every 50 ms. */
    DRIPS {
        @Override
        void play(PeerRun run) {
            run.request();
            run.readAll();
            while (!run.isServerDone() && run.send(new byte[1])) {
                run.pause(50);
            }
            run.awaitServer();
        }
    },
    /** Reads nothing for 1 s, then everything. */
    STALLS {
        @Override
        void play(PeerRun run) {
            run.request();
            run.pause(1000);
            run.readAll();
        }
    },
    /** Reads 100 KB and resets the connection. */
    RESETS(false, 0) {
        @Override
        void play(PeerRun run) throws IOException {
            run.request();
            while (run.bytes() < 100 * 1024 && run.read(16 * 1024) >= 0) {
                // reads on
            }
            run.socket().reset();
        }
    },
    /** Reads nothing at all. */
    NEVER_READS(false, 0) {
        @Override
        void play(PeerRun run) {
            run.request();
            run.awaitServer();
        }
    };

    private final boolean readsOn;
    private final int receiveBuffer;

    ScriptedPeer() {
        this(true, 0);
    }

    ScriptedPeer(boolean readsOn, int receiveBuffer) {
        this.readsOn = readsOn;
        this.receiveBuffer = receiveBuffer;
    }

    abstract void play(PeerRun run) throws IOException;

    /** Whether it reads until the connection ends, so that nothing but the server can cut its answer. */
    public boolean readsOn() {
        return readsOn;
    }

    /** SO_RCVBUF, 0 for the system's. */
    public int receiveBuffer() {
        return receiveBuffer;
    }

    /** Plays the script and says what was seen. */
    public PeerResult run(PeerRun run) throws IOException {
        try {
            play(run);
        } finally {
            run.socket().close();
        }
        return run.result();
    }

    private static void upload(PeerRun run, BooleanSupplier over) {
        run.request();
        Thread uploader = new Thread(
                () -> {
                    byte[] chunk = new byte[16 * 1024];
                    while (!over.getAsBoolean() && run.send(chunk)) {
                        run.pause(1);
                    }
                },
                "uploader");
        uploader.start();
        run.readAll();
        try {
            uploader.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
