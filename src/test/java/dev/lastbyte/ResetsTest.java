package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Errors;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whose fault an exception is. */
class ResetsTest {
    /** What the same errors are called elsewhere. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "Connection reset",
                "Die Verbindung wurde vom Kommunikationspartner zur\u00fcckgesetzt",
                "Eine vorhandene Verbindung wurde vom Remotehost geschlossen",
                "An existing connection was forcibly closed by the remote host",
                "No route to host"
            })
    void exceptionOfASocket_isTheConnections_whateverItSays(String message) {
        assertTrue(Resets.isConnectionLost(new SocketException(message)));
        IOException plain = new IOException(message);
        plain.setStackTrace(trace("FileDispatcherImpl.writev0", "SocketDispatcher.writev", "IOUtil.write"));
        assertTrue(Resets.isConnectionLost(plain));
    }

    @ParameterizedTest
    @CsvSource({
        "-104, true",
        "-32, true",
        "-107, true",
        "-103, true",
        "-110, true",
        "-113, true",
        "-101, true",
        "-5, false",
        "-12, false",
        "-22, false",
        "-105, false",
        "-1, false"
    })
    void errorOfANativeTransport_isToldByItsNumber(int error, boolean lost) {
        Assumptions.assumeTrue(Epoll.isAvailable());
        assertTrue(Resets.isConnectionLost(new Errors.NativeIoException("write", error)) == lost);
    }

    @Test
    void writeToAResetSocket_isTheConnections() throws Exception {
        try (ServerSocketChannel listener = ServerSocketChannel.open();
                SocketChannel ours = SocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            ours.connect(listener.getLocalAddress());
            SocketChannel peer = listener.accept();
            peer.setOption(StandardSocketOptions.SO_LINGER, 0);
            peer.close();
            ByteBuffer[] bytes = {ByteBuffer.allocate(1), ByteBuffer.allocate(1)};
            IOException first = assertThrows(IOException.class, () -> ours.write(bytes));
            assertTrue(Resets.isConnectionLost(first), first::toString);
            IOException second = assertThrows(IOException.class, () -> ours.write(bytes));
            assertTrue(Resets.isConnectionLost(second), second::toString);
        }
    }

    @Test
    void readOfAFileThatFails_isOurs(@TempDir Path directory) throws Exception {
        IOException failed = new IOException("Input/output error");
        failed.setStackTrace(trace(
                "FileDispatcherImpl.pread0",
                "IOUtil.read",
                "FileChannelImpl.readInternal",
                "FileChannelImpl.transferToArbitraryChannel",
                "SocketChannelImpl.write"));
        assertFalse(Resets.isConnectionLost(failed));
        failed.setStackTrace(trace("FileChannelImpl.transferTo0", "FileChannelImpl.transferToDirectly"));
        assertFalse(Resets.isConnectionLost(failed));
        IOException directoryIsNoFile = assertThrows(IOException.class, () -> {
            try (FileChannel file = FileChannel.open(directory, StandardOpenOption.READ)) {
                file.read(ByteBuffer.allocate(1));
            }
        });
        assertFalse(Resets.isConnectionLost(directoryIsNoFile), directoryIsNoFile::toString);
    }

    @Test
    void anythingElse_isOurs() {
        assertFalse(Resets.isConnectionLost(new FileNotFoundException("body.bin")));
        assertFalse(Resets.isConnectionLost(new IOException("Connection reset by peer")));
        assertFalse(Resets.isConnectionLost(new ClosedChannelException()));
        assertFalse(Resets.isConnectionLost(new IllegalStateException("Broken pipe")));
        assertFalse(Resets.isConnectionLost(null));
    }

    private static StackTraceElement[] trace(String... frames) {
        StackTraceElement[] trace = new StackTraceElement[frames.length + 1];
        for (int i = 0; i < frames.length; i++) {
            String[] frame = frames[i].split("\\.");
            trace[i] = new StackTraceElement("sun.nio.ch." + frame[0], frame[1], null, -2);
        }
        trace[frames.length] =
                new StackTraceElement("io.netty.channel.socket.nio.NioSocketChannel", "doWrite", null, -1);
        return trace;
    }
}
