package dev.lastbyte.bench.drain;

import dev.lastbyte.bench.netty.LoopbackServer;
import dev.lastbyte.bench.process.ChildProcess;
import dev.lastbyte.bench.process.ChildProgram;
import dev.lastbyte.demo.Transport;
import io.netty.channel.Channel;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The server of {@code drain}, in a process of its own: two event loops, whose connections all end at once. */
final class DrainServer {
    private static final int LOOPS = 2;

    private @Nullable Channel listener;
    private EndOfAll end = new EndOfAll.Plain();

    private DrainServer() {}

    static ChildProcess start(Transport transport) throws IOException {
        return ChildProcess.jvm(List.of("-Xmx1g"), DrainServer.class, List.of(transport.name()));
    }

    /** Takes the transport. */
    public static void main(String[] arguments) {
        Transport transport = Transport.valueOf(arguments[0]);
        ChildProgram.run(() -> new DrainServer().run(transport));
    }

    private void run(Transport transport) throws Exception {
        try (LoopbackServer server = new LoopbackServer(transport, LOOPS)) {
            ChildProgram.obey(words -> switch (words.get(0)) {
                case "plain" -> listen(server, new EndOfAll.Plain());
                case "drain" -> listen(server, new EndOfAll.Drain());
                case "end" -> end(Long.parseLong(words.get(1)));
                default -> throw ChildProgram.unknown(words);
            });
        }
    }

    private String listen(LoopbackServer server, EndOfAll end) {
        this.end = end;
        if (listener != null) {
            listener.close().syncUninterruptibly();
        }
        listener = server.listen(end.childHandler(new IdlePeers.Answer()));
        return "listening " + LoopbackServer.port(listener);
    }

    /** Ends so many connections; says when it began and when the call was done. */
    private String end(long expected) throws Exception {
        if (end.open() != expected) {
            throw new IOException(end.open() + " connections are open (expected: " + expected + ")");
        }
        long start = System.nanoTime();
        end.run();
        return "done " + start + " " + System.nanoTime();
    }
}
