package dev.lastbyte.drain;

import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.internal.SocketTable;
import dev.lastbyte.internal.SystemView;
import dev.lastbyte.internal.TcpInfo;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.util.Attribute;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/**
 * An event loop without a thread: the actor that plays it is in it, what others give it waits until {@link #run}. Its
 * channels are open, silent for no time, and count how often they are told of a drain.
 */
final class FakeLoop implements InvocationHandler {
    /** Time stands still, and the kernel does not answer. */
    static final SystemView SYSTEM = new SystemView() {
        @Override
        public long nanoTime() {
            return 0;
        }

        @Override
        public boolean hasTcpInfo(Channel channel) {
            return true;
        }

        @Override
        public TcpInfo tcpInfo(Channel channel) {
            return null;
        }

        @Override
        public boolean askTable(Channel channel, Consumer<SocketTable.Row> answer) {
            return false;
        }

        @Override
        public boolean leavesAcksToData(Channel channel) {
            return false;
        }

        @Override
        public boolean hasUnreadInput(Channel channel) {
            return false;
        }
    };

    final ConnectionRegistry registry;
    final Channel channel = proxy(Channel.class);
    final ChannelHandlerContext ctx = proxy(ChannelHandlerContext.class);
    private final EventLoop loop = proxy(EventLoop.class);
    private final ChannelPipeline pipeline = proxy(ChannelPipeline.class);
    private final Channel.Unsafe unsafe = proxy(Channel.Unsafe.class);
    private final ChannelConfig config = proxy(ChannelConfig.class);
    private final Attribute<?> attribute = proxy(Attribute.class);
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private int told;

    FakeLoop(ConnectionRegistry registry) {
        this.registry = registry;
    }

    LoopConnections connections() {
        return registry.of(loop);
    }

    ManagedConnection connection() {
        return new ManagedConnection(GracefulCloseConfig.defaults(), registry);
    }

    /** Runs what has been asked for; timers never come. */
    void run() {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
    }

    int tasks() {
        return tasks.size();
    }

    /** How often the channel was told of a drain. */
    int told() {
        return told;
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] arguments) {
        return switch (method.getName()) {
            case "inEventLoop", "isOpen", "isActive", "isRegistered" -> true;
            case "isShutdown" -> false;
            case "execute" -> tasks.add((Runnable) arguments[0]) ? null : null;
            case "schedule" -> throw new RejectedExecutionException();
            case "channel" -> channel;
            case "eventLoop", "executor" -> loop;
            case "pipeline" -> pipeline;
            case "unsafe" -> unsafe;
            case "config" -> config;
            case "attr" -> attribute;
            case "hasAttr" -> false;
            case "getWriteBufferHighWaterMark" -> 0;
            case "setIfAbsent" -> { // the channel's listeners, which keep the drain that they are told of
                told++;
                yield null;
            }
            case "bytesBeforeUnwritable" -> 1L << 20;
            case "hashCode" -> System.identityHashCode(proxy);
            case "equals" -> proxy == arguments[0];
            case "toString" -> "fake";
            default -> null;
        };
    }

    private <T> T proxy(Class<T> type) {
        return type.cast(Proxy.newProxyInstance(FakeLoop.class.getClassLoader(), new Class<?>[] {type}, this));
    }
}
