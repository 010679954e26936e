package dev.lastbyte;

import io.netty.channel.Channel;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;

/** Closes file descriptors that a peer passed over a Unix domain socket and nobody will take. Stateless. */
final class PassedDescriptor {
    private PassedDescriptor() {}

    static void close(Channel channel, Object message) {
        TransportKind kind = TransportKind.of(channel);
        if (kind.isUnixSocket() && kind != TransportKind.NIO_UNIX && message instanceof FileDescriptor descriptor) {
            try {
                descriptor.close();
            } catch (IOException e) {
                CloseLog.LOG.debug("{} cannot close a passed descriptor", channel, e);
            }
        }
    }
}
