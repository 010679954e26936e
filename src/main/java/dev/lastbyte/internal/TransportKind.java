package dev.lastbyte.internal;

import io.netty.channel.Channel;

/**
 * Which of Netty's transports a connection or a listener belongs to, and what follows from it. Told by class names, so that
 * transports that are not on the class path need not be. Immutable.
 */
public enum TransportKind {
    NIO("nio", "io.netty.channel.socket.nio.NioSocketChannel", "io.netty.channel.socket.nio.NioServerSocketChannel"),
    NIO_UNIX(
            "nio-unix",
            "io.netty.channel.socket.nio.NioDomainSocketChannel",
            "io.netty.channel.socket.nio.NioServerDomainSocketChannel"),
    EPOLL("epoll", "io.netty.channel.epoll.EpollSocketChannel", "io.netty.channel.epoll.EpollServerSocketChannel"),
    EPOLL_UNIX(
            "epoll-unix",
            "io.netty.channel.epoll.EpollDomainSocketChannel",
            "io.netty.channel.epoll.EpollServerDomainSocketChannel"),
    IO_URING(
            "io_uring",
            "io.netty.channel.uring.IoUringSocketChannel",
            "io.netty.channel.uring.IoUringServerSocketChannel"),
    IO_URING_UNIX(
            "io_uring-unix",
            "io.netty.channel.uring.IoUringDomainSocketChannel",
            "io.netty.channel.uring.IoUringServerDomainSocketChannel"),
    KQUEUE(
            "kqueue",
            "io.netty.channel.kqueue.KQueueSocketChannel",
            "io.netty.channel.kqueue.KQueueServerSocketChannel"),
    KQUEUE_UNIX(
            "kqueue-unix",
            "io.netty.channel.kqueue.KQueueDomainSocketChannel",
            "io.netty.channel.kqueue.KQueueServerDomainSocketChannel"),
    OTHER("", "", "");

    private static final ClassValue<TransportKind> KINDS = new ClassValue<>() {
        @Override
        protected TransportKind computeValue(Class<?> type) {
            for (Class<?> c = type; c != null; c = c.getSuperclass()) {
                for (TransportKind kind : values()) {
                    if (kind.channelClass.equals(c.getName()) || kind.serverClass.equals(c.getName())) {
                        return kind;
                    }
                }
            }
            return OTHER;
        }
    };

    private final String label;
    private final String channelClass;
    private final String serverClass;

    TransportKind(String label, String channelClass, String serverClass) {
        this.label = label;
        this.channelClass = channelClass;
        this.serverClass = serverClass;
    }

    public static TransportKind of(Channel channel) {
        return of(channel.getClass());
    }

    public static TransportKind of(Class<? extends Channel> type) {
        return KINDS.get(type);
    }

    /** The name for reports: {@code epoll}, or the class where the transport is not one of Netty's stream sockets. */
    public static String label(Channel channel) {
        return label(channel.getClass());
    }

    public static String label(Class<? extends Channel> type) {
        TransportKind kind = of(type);
        return kind == OTHER ? type.getSimpleName() : kind.label;
    }

    /** Whether TCP_INFO and other Linux TCP options can be read and set. */
    public boolean hasTcpOptions() {
        return this == EPOLL || this == IO_URING;
    }

    public boolean isUnixSocket() {
        return this == NIO_UNIX || this == EPOLL_UNIX || this == IO_URING_UNIX || this == KQUEUE_UNIX;
    }

    /** Whether it is Linux that listens, on a Unix socket whose descriptor can be asked for. */
    public boolean isLinuxUnixSocket() {
        return this == EPOLL_UNIX || this == IO_URING_UNIX;
    }

    /** NIO's Unix sockets do not know ALLOW_HALF_CLOSURE, those of io_uring take it and ignore it. */
    public boolean ignoresHalfClosure() {
        return this == NIO_UNIX || this == IO_URING_UNIX;
    }
}
