package dev.lastbyte.internal;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;

/**
 * Small read buffers for input that is dropped. NIO and epoll read one connection after the other, so that one buffer is in use at a
 * time. io_uring hands the kernel a buffer for each connection that has input, up to 64 KiB by default, and an allocation that fails
 * there ends the event loop: hundreds of peers that upload would take tens of megabytes for bytes that nobody wants.
 *
 * <p>The size of a read buffer is decided by a handle that Netty keeps from the first read on. But the buffer is taken from the
 * channel's allocator, with {@code directBuffer(int)}, which alone is limited here. Thread-safe.
 */
public final class SmallReads extends AbstractByteBufAllocator {
    /** Half of this costs a tenth more CPU, eight times of it saves next to nothing. */
    static final int BYTES = 8192;

    /** Most processes have one allocator. */
    private static volatile @Nullable SmallReads last;

    private final ByteBufAllocator allocator;

    private SmallReads(ByteBufAllocator allocator) {
        super(true);
        this.allocator = allocator;
    }

    /** From now on the channel's input is dropped. */
    public static void limit(Channel channel) {
        TransportKind kind = TransportKind.of(channel);
        boolean readsMany = kind == TransportKind.IO_URING || kind == TransportKind.IO_URING_UNIX;
        if (!readsMany) {
            return;
        }
        ByteBufAllocator allocator = channel.config().getAllocator();
        if (!(allocator instanceof SmallReads)) {
            channel.config().setAllocator(of(allocator));
        }
    }

    private static SmallReads of(ByteBufAllocator allocator) {
        SmallReads known = last;
        if (known == null || known.allocator != allocator) {
            known = new SmallReads(allocator);
            last = known;
        }
        return known;
    }

    @Override
    public ByteBuf directBuffer(int initialCapacity) {
        return allocator.directBuffer(Math.min(initialCapacity, BYTES));
    }

    @Override
    public ByteBuf buffer(int initialCapacity) {
        return allocator.buffer(initialCapacity);
    }

    @Override
    public ByteBuf ioBuffer(int initialCapacity) {
        return allocator.ioBuffer(initialCapacity);
    }

    @Override
    protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
        return allocator.heapBuffer(initialCapacity, maxCapacity);
    }

    @Override
    protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
        return allocator.directBuffer(initialCapacity, maxCapacity);
    }

    @Override
    public boolean isDirectBufferPooled() {
        return allocator.isDirectBufferPooled();
    }
}
