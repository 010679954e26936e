package dev.lastbyte.demo.serve;

import dev.lastbyte.demo.BytePattern;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.stream.ChunkedInput;
import org.jspecify.annotations.Nullable;

/** Any number of bytes of the pattern, made one chunk at a time as the connection takes them. Confined to one channel. */
final class PatternStream implements ChunkedInput<ByteBuf> {
    private final long length;
    private long position;

    PatternStream(long length) {
        this.length = length;
    }

    @Override
    public @Nullable ByteBuf readChunk(ByteBufAllocator allocator) {
        if (isEndOfInput()) {
            return null;
        }
        // every chunk but the last is a whole number of alphabets, so each starts with the same letter
        int count = (int) Math.min(BytePattern.CHUNK, length - position);
        position += count;
        return BytePattern.slice(count);
    }

    @Override
    @Deprecated
    public @Nullable ByteBuf readChunk(ChannelHandlerContext ctx) {
        return readChunk(ctx.alloc());
    }

    @Override
    public boolean isEndOfInput() {
        return position == length;
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public long progress() {
        return position;
    }

    @Override
    public void close() {
        // holds nothing
    }
}
