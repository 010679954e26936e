package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseOutcome;
import dev.lastbyte.CloseReport;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A server whose initializer adds a handler of its own, and that is then drained. */
@RealSockets
class AdoptionIT {
    private static final int LENGTH = 1 << 20;

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#graceful")
    void childHandler_initializerAddsItsOwn_connectionsAreServedAndDrained(Transports transport) throws Exception {
        Collection<CloseReport> heard = new ConcurrentLinkedQueue<>();
        CountDownLatch answering = new CountDownLatch(1);
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .closeListener((channel, report) -> heard.add(report))
                .build();
        try (ManagedServer server = ManagedServer.on(transport)
                .handlers(ch -> {
                    ch.pipeline().addFirst(new GracefulCloseHandler(config));
                    ch.pipeline().addLast(new Answer(ctx -> {
                        GracefulCloseHandler.exchangeStarted(ctx.channel());
                        Answer.write(ctx, LENGTH);
                        ctx.flush();
                        answering.countDown();
                        GracefulCloseHandler.exchangeEnded(ctx.channel());
                    }));
                })
                .start()) {
            PeerRun idle = server.connect();
            PeerRun busy = server.connect();
            server.awaitOpen(2);
            busy.request();
            assertTrue(answering.await(ManagedServer.PATIENCE_SECONDS, TimeUnit.SECONDS));
            CompletableFuture<DrainReport> drain = server.manager.drain();
            busy.readAll();
            idle.readAll();
            busy.close();
            idle.close();
            DrainReport report = Drained.await(drain);
            assertTrue(busy.result().isWhole(LENGTH), () -> busy.result().toString());
            assertTrue(idle.isEof());
            assertEquals(2, Drained.closed(report), report::toString);
            assertEquals(0, report.forced() + report.released(), report::toString);
            assertEquals(2, heard.size());
            assertTrue(heard.stream().noneMatch(r -> r.outcome() == CloseOutcome.UNDELIVERED), heard::toString);
        }
    }
}
