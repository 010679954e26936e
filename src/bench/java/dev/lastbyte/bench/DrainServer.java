package dev.lastbyte.bench;

import dev.lastbyte.demo.Transport;
import io.netty.channel.Channel;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The server of {@code drain}, in a process of its own: two event loops, whose connections all end at once. */
@Command(name = "drain-server", hidden = true, description = "The server of 'drain'.")
public final class DrainServer implements Callable<Integer> {
    private static final int LOOPS = 2;

    @Parameters(index = "0")
    private Transport transport = Transport.NIO;

    private @Nullable Channel listener;
    private EndOfAll end = new EndOfAll.Plain();

    @Override
    public Integer call() throws Exception {
        try (LoopbackServer server = new LoopbackServer(transport, LOOPS)) {
            Orders.obey(words -> switch (words.get(0)) {
                case "plain" -> listen(server, new EndOfAll.Plain());
                case "drain" -> listen(server, new EndOfAll.Drain());
                case "end" -> end(Long.parseLong(words.get(1)));
                default -> throw Orders.unknown(words);
            });
        }
        return 0;
    }

    private String listen(LoopbackServer server, EndOfAll end) {
        this.end = end;
        if (listener != null) {
            listener.close().syncUninterruptibly();
        }
        listener = server.listen(end.childHandler(new OneByteAnswer()));
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
