package dev.lastbyte.internal.listener;

import dev.lastbyte.internal.Loggers;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.Buffer;
import io.netty.channel.unix.RawUnixChannelOption;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.slf4j.Logger;

/**
 * A socket filter that keeps new connections from a listener and leaves those alone that have begun. No other file knows
 * SO_ATTACH_FILTER (socket(7)) and classic BPF (linux/filter.h).
 *
 * <p>The filter of a TCP socket sees each segment from the TCP header on. This one drops segments with SYN and without ACK. The ACK that
 * completes a handshake goes through the listener's filter too: if it were dropped, the client would believe that it is connected, and
 * be reset when the listener closes. A client repeats a dropped SYN, first after 1 s. A filter that the application had attached is
 * replaced.
 *
 * <p>Connections that are accepted while the filter is attached inherit it. On a connection a SYN without ACK has no meaning, with one
 * exception: a peer that crashed and connects again from the same port is not told that the old connection still exists.
 *
 * <p>Loaded only where the transport is epoll or io_uring. Stateless.
 */
final class SynFilter {
    private static final Logger LOG = Loggers.of(SynFilter.class);
    private static final int SOL_SOCKET = 1;
    private static final int SO_ATTACH_FILTER = 26;

    /** {@code struct sock_fprog}: a 16-bit length, padding, and a pointer of 64 bits; Netty has no 32-bit transports. */
    private static final int PROGRAM_BYTES = 16;

    private static final int POINTER_OFFSET = 8;
    private static final int INSTRUCTION_BYTES = 8;
    private static final RawUnixChannelOption OPTION =
            new RawUnixChannelOption("dev.lastbyte.SO_ATTACH_FILTER", SOL_SOCKET, SO_ATTACH_FILTER, PROGRAM_BYTES);

    private static final int LOAD_BYTE = 0x30;
    private static final int JUMP_IF_BITS = 0x45;
    private static final int RETURN = 0x06;
    private static final int FLAGS_OFFSET = 13;
    private static final int SYN = 0x02;
    private static final int ACK = 0x10;

    /** Each line: code, instructions to skip if true, if false, operand. */
    private static final int[][] DROP_SYN = {
        {LOAD_BYTE, 0, 0, FLAGS_OFFSET},
        {JUMP_IF_BITS, 0, 2, SYN},
        {JUMP_IF_BITS, 1, 0, ACK},
        {RETURN, 0, 0, 0},
        {RETURN, 0, 0, -1},
    };

    private SynFilter() {}

    /** Attaches the filter to a TCP listener of epoll or io_uring; returns whether the kernel took it. */
    static boolean attach(Channel listener) {
        ByteBuffer instructions = instructions();
        ByteBuffer program = ByteBuffer.allocateDirect(PROGRAM_BYTES).order(ByteOrder.nativeOrder());
        program.putShort(0, (short) DROP_SYN.length);
        program.putLong(POINTER_OFFSET, Buffer.memoryAddress(instructions));
        try {
            return listener.config().setOption(OPTION, program);
        } catch (ChannelException e) {
            LOG.debug("{} takes no socket filter", listener, e);
            return false;
        } finally {
            Reference.reachabilityFence(instructions);
        }
    }

    private static ByteBuffer instructions() {
        ByteBuffer code =
                ByteBuffer.allocateDirect(DROP_SYN.length * INSTRUCTION_BYTES).order(ByteOrder.nativeOrder());
        for (int[] instruction : DROP_SYN) {
            code.putShort((short) instruction[0])
                    .put((byte) instruction[1])
                    .put((byte) instruction[2])
                    .putInt(instruction[3]);
        }
        return code.flip();
    }
}
