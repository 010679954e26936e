package dev.lastbyte.demo;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.lang.reflect.InvocationTargetException;
import java.util.Optional;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * The Netty transports that the demo can run on, and the only file that makes event loops. The old group classes exist in
 * Netty 4.1 and 4.2 alike; io_uring is part of 4.2 alone and is therefore reached by reflection. Immutable.
 */
@SuppressWarnings("deprecation")
public enum Transport {
    /** Linux epoll through Netty's native library. */
    EPOLL("epoll"),
    /** Linux io_uring through Netty's native library, Netty 4.2 or newer. */
    IO_URING("io_uring"),
    /** The JDK's selector; runs everywhere. */
    NIO("nio");

    private static final String URING = "io.netty.channel.uring.";

    private final String label;

    Transport(String label) {
        this.label = label;
    }

    /** Epoll where it runs, because it can ask the kernel what the peer has; else NIO. */
    public static Transport preferred() {
        return EPOLL.unavailable().isEmpty() ? EPOLL : NIO;
    }

    /** The name on the command line and in tables. */
    public String label() {
        return label;
    }

    /** Why this transport cannot be used here; empty if it can. */
    public Optional<String> unavailable() {
        return switch (this) {
            case NIO -> Optional.empty();
            case EPOLL -> Epoll.isAvailable() ? Optional.empty() : Optional.of(reason(Epoll.unavailabilityCause()));
            case IO_URING -> uringUnavailable();
        };
    }

    /** New event loops, as daemon threads. */
    public EventLoopGroup newGroup(int threads) {
        ThreadFactory factory = new DefaultThreadFactory("demo-" + label, true);
        return switch (this) {
            case NIO -> new NioEventLoopGroup(threads, factory);
            case EPOLL -> new EpollEventLoopGroup(threads, factory);
            case IO_URING -> newUringGroup(threads, factory);
        };
    }

    /** The class of this transport's TCP listeners. */
    public Class<? extends ServerChannel> serverChannel() {
        return switch (this) {
            case NIO -> NioServerSocketChannel.class;
            case EPOLL -> EpollServerSocketChannel.class;
            case IO_URING -> uringServerChannel();
        };
    }

    @Override
    public String toString() {
        return label;
    }

    private static Optional<String> uringUnavailable() {
        try {
            Class<?> uring = Class.forName(URING + "IoUring");
            if ((boolean) uring.getMethod("isAvailable").invoke(null)) {
                return Optional.empty();
            }
            return Optional.of(
                    reason((Throwable) uring.getMethod("unavailabilityCause").invoke(null)));
        } catch (ClassNotFoundException e) {
            return Optional.of("this Netty has no io_uring transport, which came with 4.2");
        } catch (ReflectiveOperationException e) {
            return Optional.of(reason(e));
        }
    }

    private static EventLoopGroup newUringGroup(int threads, ThreadFactory factory) {
        try {
            Object handlers = Class.forName(URING + "IoUringIoHandler")
                    .getMethod("newFactory")
                    .invoke(null);
            Class<?> handlerFactory = Class.forName("io.netty.channel.IoHandlerFactory");
            return Class.forName("io.netty.channel.MultiThreadIoEventLoopGroup")
                    .asSubclass(EventLoopGroup.class)
                    .getConstructor(int.class, ThreadFactory.class, handlerFactory)
                    .newInstance(threads, factory, handlers);
        } catch (InvocationTargetException e) {
            throw new IllegalStateException("io_uring: " + reason(e.getCause()), e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("io_uring: " + reason(e), e);
        }
    }

    private static Class<? extends ServerChannel> uringServerChannel() {
        try {
            return Class.forName(URING + "IoUringServerSocketChannel").asSubclass(ServerChannel.class);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("io_uring: " + reason(e), e);
        }
    }

    /** The innermost message: Netty wraps what the kernel said two or three times. */
    private static String reason(@Nullable Throwable cause) {
        if (cause == null) {
            return "unknown";
        }
        Throwable innermost = cause;
        while (innermost.getCause() != null) {
            innermost = innermost.getCause();
        }
        return innermost.getMessage() == null ? innermost.toString() : innermost.getMessage();
    }
}
