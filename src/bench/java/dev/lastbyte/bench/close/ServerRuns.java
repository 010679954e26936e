package dev.lastbyte.bench.close;

import dev.lastbyte.bench.process.MeasuredServer;
import dev.lastbyte.bench.report.BenchOptions;
import dev.lastbyte.bench.report.Rounds;
import dev.lastbyte.bench.report.Samples;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;

/** The runs of a client against several servers, which all live through the whole measurement, in turn. Immutable. */
final class ServerRuns {
    /** Enough for the JIT compilers; counted in connections, since a busy machine makes few of them per second. */
    private static final long WARM_UP_CONNECTIONS = 100_000;

    private static final int WARM_UP_RUNS = 15;
    private static final int ROUND_MILLIS = 2000;
    private static final int SMOKE_MILLIS = 60;
    private static final int ROUNDS = 9;

    private final Map<MeasuredServer, List<CloseClient.Run>> runs;
    private final long wrong;

    private ServerRuns(Map<MeasuredServer, List<CloseClient.Run>> runs, long wrong) {
        this.runs = runs;
        this.wrong = wrong;
    }

    /** Warms each server up, then measures. */
    static ServerRuns measure(CloseClient client, List<? extends MeasuredServer> servers, BenchOptions options)
            throws Exception {
        AtomicLong wrong = new AtomicLong();
        if (!options.smoke()) {
            for (MeasuredServer server : servers) {
                wrong.addAndGet(warmUp(client, server));
            }
        }
        int millis = options.size(ROUND_MILLIS, SMOKE_MILLIS);
        List<MeasuredServer> variants = List.copyOf(servers);
        var runs = Rounds.alternate(variants, options.size(ROUNDS, 1), server -> {
            CloseClient.Run run = client.run(server, millis);
            wrong.addAndGet(run.wrong());
            return run;
        });
        return new ServerRuns(runs, wrong.get());
    }

    private static long warmUp(CloseClient client, MeasuredServer server) throws Exception {
        long connections = 0;
        long wrong = 0;
        for (int i = 0; i < WARM_UP_RUNS && connections < WARM_UP_CONNECTIONS; i++) {
            CloseClient.Run run = client.run(server, ROUND_MILLIS);
            connections += run.connections();
            wrong += run.wrong();
        }
        return wrong;
    }

    /** Connections per second. */
    Samples rate(MeasuredServer server) {
        return samples(server, CloseClient.Run::rate);
    }

    /** CPU time of the server per connection, in microseconds. */
    Samples cpu(MeasuredServer server) {
        return samples(server, CloseClient.Run::serverMicros);
    }

    /** What part of a core the client took. */
    Samples clientLoad(MeasuredServer server) {
        return samples(server, CloseClient.Run::clientLoad);
    }

    /** Short answers, resets and errors of all servers, while they were warmed up too. */
    long wrong() {
        return wrong;
    }

    private Samples samples(MeasuredServer server, ToDoubleFunction<CloseClient.Run> figure) {
        List<CloseClient.Run> own = runs.get(server);
        if (own == null) {
            throw new IllegalArgumentException("server: " + server.label() + " (expected: one that was measured)");
        }
        return Samples.of(own, figure);
    }
}
