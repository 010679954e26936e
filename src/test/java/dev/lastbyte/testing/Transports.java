package dev.lastbyte.testing;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.DefaultEventLoopGroup;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.ThreadFactory;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.provider.Arguments;

/** The transports the tests run on; what only Netty 4.2 has is reached by reflection. Immutable. */
@SuppressWarnings("deprecation")
public enum Transports {
    NIO("nio", false),
    EPOLL("epoll", false),
    IO_URING("io_uring", false),
    EPOLL_UNIX("epoll-unix", true),
    NIO_UNIX("nio-unix", true),
    IO_URING_UNIX("io_uring-unix", true);

    private static final String NIO_PACKAGE = "io.netty.channel.socket.nio.";
    private static final String URING_PACKAGE = "io.netty.channel.uring.";

    private final String label;
    private final boolean unix;

    Transports(String label, boolean unix) {
        this.label = label;
        this.unix = unix;
    }

    /** The transports on which a close is graceful in every respect. */
    public static Stream<Transports> graceful() {
        return Arrays.stream(values()).filter(t -> t != NIO_UNIX && t != IO_URING_UNIX);
    }

    /** The TCP transports. */
    public static Stream<Transports> tcp() {
        return Arrays.stream(values()).filter(t -> !t.unix);
    }

    /** The transports that can ask the kernel what the peer has acknowledged. */
    public static Stream<Transports> withTcpInfo() {
        return Stream.of(EPOLL, IO_URING);
    }

    /** The TCP transports, each with the loopback addresses of IPv4 and IPv6. */
    public static Stream<Arguments> tcpOnBothIps() {
        return onBothIps(tcp());
    }

    /** Those of them that can ask the kernel. */
    public static Stream<Arguments> withTcpInfoOnBothIps() {
        return onBothIps(withTcpInfo());
    }

    private static Stream<Arguments> onBothIps(Stream<Transports> transports) {
        try {
            InetAddress four = InetAddress.getByName("127.0.0.1");
            InetAddress six = InetAddress.getByName("::1");
            return transports.flatMap(t -> Stream.of(Arguments.of(t, four), Arguments.of(t, six)));
        } catch (UnknownHostException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String label() {
        return label;
    }

    public boolean isUnix() {
        return unix;
    }

    /** Whether a report of this transport can say that everything was delivered. */
    public boolean tellsDelivery() {
        return this != NIO;
    }

    /** Whether the kernel tells when a connection was last used, and which side used it. */
    public boolean tellsSilence() {
        return this == EPOLL || this == IO_URING;
    }

    /** Skips the test, with the reason, where the transport cannot be used. */
    public Transports assumeAvailable() {
        Optional<String> reason = unavailable();
        Assumptions.assumeTrue(reason.isEmpty(), () -> label + " is not available: " + reason.orElse(""));
        return this;
    }

    /** Why this transport cannot be used here; empty if it can. */
    public Optional<String> unavailable() {
        return switch (this) {
            case NIO -> Optional.empty();
            case EPOLL, EPOLL_UNIX ->
                Epoll.isAvailable() ? Optional.empty() : Optional.of("" + Epoll.unavailabilityCause());
            case NIO_UNIX -> missing(NIO_PACKAGE + "NioServerDomainSocketChannel");
            case IO_URING, IO_URING_UNIX -> missing(URING_PACKAGE + "IoUring").or(Transports::uringUnavailable);
        };
    }

    public EventLoopGroup newGroup(int threads) {
        ThreadFactory factory = new DefaultThreadFactory("test-" + label, true);
        return switch (this) {
            case NIO, NIO_UNIX -> new NioEventLoopGroup(threads, factory);
            case EPOLL, EPOLL_UNIX -> new EpollEventLoopGroup(threads, factory);
            case IO_URING, IO_URING_UNIX -> newUringGroup(threads, factory);
        };
    }

    /** An event loop for channels inside this process. */
    public static EventLoopGroup newLocalGroup() {
        return new DefaultEventLoopGroup(1);
    }

    public Class<? extends ServerChannel> serverChannel() {
        return switch (this) {
            case NIO -> NioServerSocketChannel.class;
            case EPOLL -> EpollServerSocketChannel.class;
            case EPOLL_UNIX -> EpollServerDomainSocketChannel.class;
            case IO_URING -> type(URING_PACKAGE + "IoUringServerSocketChannel").asSubclass(ServerChannel.class);
            case NIO_UNIX -> type(NIO_PACKAGE + "NioServerDomainSocketChannel").asSubclass(ServerChannel.class);
            case IO_URING_UNIX ->
                type(URING_PACKAGE + "IoUringServerDomainSocketChannel").asSubclass(ServerChannel.class);
        };
    }

    public Class<? extends Channel> clientChannel() {
        return switch (this) {
            case NIO -> NioSocketChannel.class;
            case EPOLL -> EpollSocketChannel.class;
            case EPOLL_UNIX -> EpollDomainSocketChannel.class;
            case IO_URING -> type(URING_PACKAGE + "IoUringSocketChannel").asSubclass(Channel.class);
            case NIO_UNIX -> type(NIO_PACKAGE + "NioDomainSocketChannel").asSubclass(Channel.class);
            case IO_URING_UNIX ->
                type(URING_PACKAGE + "IoUringDomainSocketChannel").asSubclass(Channel.class);
        };
    }

    /** Connects, as a client without handlers. */
    public Channel connect(EventLoopGroup group, SocketAddress address) {
        return new Bootstrap()
                .group(group)
                .channel(clientChannel())
                .handler(new ChannelInboundHandlerAdapter())
                .connect(address)
                .syncUninterruptibly()
                .channel();
    }

    /** A loopback address with port 0, or a Unix socket's path that does not exist yet. */
    public SocketAddress newAddress() {
        if (!unix) {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        }
        try {
            Path path = Files.createTempDirectory("lastbyte").resolve("s");
            return this == NIO_UNIX ? UnixDomainSocketAddress.of(path) : new DomainSocketAddress(path.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Removes a Unix socket's file. */
    void deleteAddress(SocketAddress address) {
        if (unix) {
            Path path = Path.of(
                    address instanceof DomainSocketAddress
                            ? ((DomainSocketAddress) address).path()
                            : address.toString());
            try {
                Files.deleteIfExists(path);
                Files.deleteIfExists(path.getParent());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Override
    public String toString() {
        return label;
    }

    private static Optional<String> uringUnavailable() {
        try {
            Class<?> uring = type(URING_PACKAGE + "IoUring");
            boolean available = (boolean) uring.getMethod("isAvailable").invoke(null);
            return available
                    ? Optional.empty()
                    : Optional.of("" + uring.getMethod("unavailabilityCause").invoke(null));
        } catch (ReflectiveOperationException e) {
            return Optional.of(e.toString());
        }
    }

    private static EventLoopGroup newUringGroup(int threads, ThreadFactory factory) {
        try {
            Object handlers = type(URING_PACKAGE + "IoUringIoHandler")
                    .getMethod("newFactory")
                    .invoke(null);
            return (EventLoopGroup) type("io.netty.channel.MultiThreadIoEventLoopGroup")
                    .getConstructor(int.class, ThreadFactory.class, type("io.netty.channel.IoHandlerFactory"))
                    .newInstance(threads, factory, handlers);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("io_uring", e);
        }
    }

    private static Optional<String> missing(String name) {
        try {
            type(name);
            return Optional.empty();
        } catch (IllegalStateException e) {
            return Optional.of("this Netty has no " + name);
        }
    }

    private static Class<?> type(String name) {
        try {
            return Class.forName(name);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(name, e);
        }
    }
}
