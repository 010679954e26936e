package dev.lastbyte.bench.drain;

import dev.lastbyte.bench.process.ChildProcess;
import dev.lastbyte.bench.process.NativeProgram;
import dev.lastbyte.bench.report.BenchOptions;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.Locale;

/** Thousands of loopback clients in a process of their own, because of the descriptors they take. Not thread-safe. */
final class IdlePeers implements AutoCloseable {
    /** The least that Linux grants is about twice that. */
    private static final int SMALL_RECEIVE_BUFFER = 1152;

    private final ChildProcess process;

    /**
     * What a server answers them: one byte to whatever comes, so that each connection has been read from and written to before
     * anything is measured. Stateless.
     */
    @ChannelHandler.Sharable
    static final class Answer extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
            ctx.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {'!'}));
        }
    }

    /** What they do after their first answer. */
    enum Kind {
        /** They close when the server does. */
        CLOSE,
        /** They read to the end, and never close. */
        HOLD,
        /** They read nothing more, and have next to no room for it. */
        DEAF
    }

    /** Connects them, and returns when each has had an answer. */
    IdlePeers(NativeProgram program, int port, int count, Kind kind) throws IOException {
        int receiveBuffer = kind == Kind.DEAF ? SMALL_RECEIVE_BUFFER : 0;
        process = program.start(port, count, kind.name().toLowerCase(Locale.ROOT), receiveBuffer);
        process.await("connected");
    }

    /** The same program, whatever it is to do. */
    static NativeProgram compile(BenchOptions options) throws IOException {
        return NativeProgram.compile("idlepeers", options.directory());
    }

    /** Waits until each has seen the end of its connection, and returns when the last one did, as {@link System#nanoTime()}. */
    long awaitEnded() throws IOException {
        return Long.parseLong(process.await("ended").get(0));
    }

    @Override
    public void close() {
        process.close();
    }
}
