package dev.lastbyte.it.load;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;

/**
 * One cell of the table: a framework, how it stops, and what its clients speak. Immutable.
 *
 * @param protocol {@code h1}, {@code h1-tls}, {@code h2c} or {@code h2}
 * @param mode {@code immediate}, {@code graceful} or {@code lastbyte}
 */
record Cell(Path module, String protocol, String mode) {
    private static final int UPLOADS = 4;

    /** What was seen in one round. */
    record Round(String name, Load.Counts counts, boolean sockets, EarlyReject early, long exitMillis) {
        /** Whether no client lost anything. */
        boolean isWhole() {
            return counts.lost() == 0
                    && counts.fresh() == 0
                    && counts.slow() == Load.SLOW
                    && counts.streams() == Load.STREAMS
                    && (!sockets || counts.sockets() == Load.SOCKETS)
                    && (early == null || early.answered() == early.sent());
        }
    }

    Round run(int round, Path logs, TestTls tls) throws IOException, InterruptedException {
        boolean secure = protocol.equals("h1-tls") || protocol.equals("h2");
        boolean first = protocol.startsWith("h1");
        List<String> arguments = new ArrayList<>(List.of("mode=" + mode, "protocol=" + protocol));
        if (secure) {
            arguments.add("tls=" + tls.keyStore());
        }
        Path log = logs.resolve(module.getFileName() + "-" + protocol + "-" + mode + "-" + round + ".log");
        try (AppProcess app = new AppProcess(module, log, arguments)) {
            int port = app.port();
            SSLContext context = secure ? tls.client() : null;
            if (first) {
                return run(app, () -> Http1Socket.open(port, context), port, context, true);
            }
            try (Http2Wire wire = new Http2Wire(port, secure)) {
                return run(app, wire, port, context, false);
            }
        }
    }

    private static Round run(AppProcess app, Wire wire, int port, SSLContext context, boolean first)
            throws IOException, InterruptedException {
        EarlyReject early = first ? EarlyReject.times(UPLOADS, port, context) : null;
        try (Load load = new Load(wire)) {
            load.startShort();
            load.startLong(port, context, first);
            long exit = app.terminate();
            return new Round(app.name(), load.finish(), first, early, exit);
        }
    }

    @Override
    public String toString() {
        return module.getFileName() + " " + protocol + " " + mode;
    }
}
