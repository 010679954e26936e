package dev.lastbyte.testing;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.FileRegion;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.ChannelOutputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;
import java.io.IOException;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * An embedded channel with two directions and a kernel of its own: it takes only as many bytes as it was given room for,
 * logs what is done to it, and plays the peer's FIN and RST as the real transports do. Time is frozen.
 */
public final class EmbeddedDuplexChannel extends EmbeddedChannel implements DuplexChannel {
    private final List<String> log = new ArrayList<>();
    private Config config;
    private long room = Long.MAX_VALUE;
    private long taken;
    private Channel parent;
    private boolean inputShutdown;
    private boolean outputShutdown;
    private IOException shutdownFailure;
    private RuntimeException queryFailure;
    private int reads;
    private boolean wantsInput;
    private boolean logsSends;

    /** A channel with the given handlers. */
    public EmbeddedDuplexChannel(ChannelHandler... handlers) {
        super(handlers);
        freezeTime();
    }

    @Override
    public ChannelConfig config() {
        if (config == null) {
            config = new Config(this); // asked for while the super constructor runs
        }
        return config;
    }

    @Override
    public Channel parent() {
        return parent;
    }

    /** Makes it a server's connection. */
    public EmbeddedDuplexChannel acceptedBy(Channel listener) {
        parent = listener;
        return this;
    }

    // ---- the kernel ------------------------------------------------------------------------------------------------

    /** How many bytes the kernel takes from here on. */
    public void room(long bytes) {
        room = bytes;
        if (isOpen()) {
            unsafe().flush();
        }
    }

    /** Bytes that have reached the kernel. */
    public long taken() {
        return taken;
    }

    /** What was done to the socket: FIN, SO_LINGER, CLOSE. */
    public List<String> log() {
        return log;
    }

    /** Logs what each write to the socket takes, too. */
    public void logSends() {
        logsSends = true;
    }

    /** How often input was asked for. */
    public int reads() {
        return reads;
    }

    /** Makes SHUT_WR fail. */
    public void failShutdown(IOException failure) {
        shutdownFailure = failure;
    }

    /** Makes questions about the output fail, as a transport with a fault does. */
    public void failQueries(RuntimeException failure) {
        queryFailure = failure;
    }

    /** Moves the frozen time and runs what is due. */
    public void pass(long millis) {
        advanceTimeBy(millis, TimeUnit.MILLISECONDS);
        runScheduledPendingTasks();
        runPendingTasks();
    }

    /** Moves the frozen time at once: what was due meanwhile runs late, and before the event loop reads what has come. */
    public void stop(long millis, Runnable turn) {
        advanceTimeBy(millis, TimeUnit.MILLISECONDS);
        eventLoop().schedule(turn, 0, TimeUnit.NANOSECONDS);
        runScheduledPendingTasks();
        runPendingTasks();
    }

    void deliver(int input) {
        if (input > 0 && wantsInput && isOpen()) {
            wantsInput = false;
            peerSends(input);
        }
    }

    /** Byte buffers go out together; a file takes a call of its own, whether there is room or not. */
    @Override
    protected void doWrite(ChannelOutboundBuffer in) throws Exception {
        long before = taken;
        for (Object message = in.current(); message != null; message = in.current()) {
            if (message instanceof FileRegion file) {
                logSend(taken - before);
                logSend(file.count());
                taken += file.count();
                before = taken;
                in.remove();
                continue;
            }
            ByteBuf bytes = (ByteBuf) message;
            if (!bytes.isReadable()) {
                logSend(taken - before); // a barrier: its listener sees the bytes before it gone
                before = taken;
            }
            int now = (int) Math.min(room, bytes.readableBytes());
            if (now == 0 && bytes.isReadable()) {
                break;
            }
            taken += now;
            room = room == Long.MAX_VALUE ? room : room - now;
            if (now == bytes.readableBytes()) {
                in.remove();
            } else {
                in.removeBytes(now);
            }
        }
        logSend(taken - before);
    }

    private void logSend(long bytes) {
        if (logsSends && bytes > 0) {
            log.add("SEND " + bytes);
        }
    }

    @Override
    protected void doBeginRead() {
        reads++;
        wantsInput = true;
    }

    @Override
    protected void doClose() throws Exception {
        log.add("CLOSE");
        super.doClose();
    }

    // ---- the peer --------------------------------------------------------------------------------------------------

    /** The peer sends bytes. */
    public void peerSends(int bytes) {
        pipeline().fireChannelRead(Unpooled.wrappedBuffer(new byte[bytes]));
        pipeline().fireChannelReadComplete();
        runPendingTasks();
    }

    /** The peer ends its side. */
    public void peerFin() {
        if (config.allowHalfClosure) {
            inputShutdown = true;
            pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
            pipeline().fireUserEventTriggered(ChannelInputShutdownReadComplete.INSTANCE);
        } else {
            unsafe().close(unsafe().voidPromise());
        }
        runPendingTasks();
    }

    /** The peer resets the connection. */
    public void peerRst() {
        pipeline().fireExceptionCaught(new SocketException("Connection reset"));
        peerFin();
    }

    // ---- two directions --------------------------------------------------------------------------------------------

    @Override
    public boolean isInputShutdown() {
        return inputShutdown;
    }

    @Override
    public boolean isOutputShutdown() {
        if (queryFailure != null) {
            throw queryFailure;
        }
        return outputShutdown;
    }

    @Override
    public boolean isShutdown() {
        return inputShutdown && outputShutdown;
    }

    @Override
    public ChannelFuture shutdownOutput() {
        return shutdownOutput(newPromise());
    }

    @Override
    public ChannelFuture shutdownOutput(ChannelPromise promise) {
        ChannelOutboundBuffer buffer = unsafe().outboundBuffer();
        log.add(buffer.isEmpty() ? "FIN" : "FIN AFTER A CUT");
        if (shutdownFailure != null) {
            return promise.setFailure(shutdownFailure);
        }
        outputShutdown = true;
        promise.setSuccess();
        pipeline().fireUserEventTriggered(ChannelOutputShutdownEvent.INSTANCE);
        return promise;
    }

    @Override
    public ChannelFuture shutdownInput() {
        return shutdownInput(newPromise());
    }

    @Override
    public ChannelFuture shutdownInput(ChannelPromise promise) {
        throw new UnsupportedOperationException("SHUT_RD makes the kernel answer input with RST");
    }

    @Override
    public ChannelFuture shutdown() {
        return shutdown(newPromise());
    }

    @Override
    public ChannelFuture shutdown(ChannelPromise promise) {
        throw new UnsupportedOperationException("SHUT_RDWR makes the kernel answer input with RST");
    }

    /** The options that the close sequence uses. */
    private static final class Config extends DefaultChannelConfig {
        private final EmbeddedDuplexChannel owner;
        private boolean allowHalfClosure;
        private int linger = -1;

        Config(EmbeddedDuplexChannel owner) {
            super(owner);
            this.owner = owner;
        }

        @Override
        @SuppressWarnings("unchecked")
        public <T> T getOption(ChannelOption<T> option) {
            if (option == ChannelOption.ALLOW_HALF_CLOSURE) {
                return (T) Boolean.valueOf(allowHalfClosure);
            }
            return option == ChannelOption.SO_LINGER ? (T) Integer.valueOf(linger) : super.getOption(option);
        }

        @Override
        public <T> boolean setOption(ChannelOption<T> option, T value) {
            if (option == ChannelOption.ALLOW_HALF_CLOSURE) {
                allowHalfClosure = (Boolean) value;
                return true;
            }
            if (option == ChannelOption.SO_LINGER) {
                linger = (Integer) value;
                owner.log.add("SO_LINGER " + linger);
                return true;
            }
            if (option instanceof IntegerUnixChannelOption) {
                owner.log.add(option.name().replaceFirst(".*\\.", "") + " " + value);
                return true;
            }
            return super.setOption(option, value);
        }
    }
}
