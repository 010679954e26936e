package dev.lastbyte.demo.link;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;

/**
 * A tun device of Linux: what the kernel routes to it can be read as IP packets, what is written to it arrives in the
 * kernel. Made with the C library through JNA, because Java opens no such device. Reading and writing may run on two
 * threads; close it when both have ended.
 *
 * @see <a href="https://docs.kernel.org/networking/tuntap.html">Universal TUN/TAP device driver</a>
 */
final class Tun implements AutoCloseable {
    private static final int O_RDWR = 2;
    private static final int O_NONBLOCK = 0x800;
    private static final long TUNSETIFF = 0x400454ca;
    private static final short IFF_TUN = 1;
    private static final short IFF_NO_PI = 0x1000;
    private static final int IFREQ_BYTES = 40;
    private static final int IFNAMSIZ = 16;
    private static final short POLLIN = 1;

    private final String name;
    private final int descriptor;
    private final Memory pollRequest = new Memory(8);

    private Tun(String name, int descriptor) {
        this.name = name;
        this.descriptor = descriptor;
        pollRequest.setInt(0, descriptor);
        pollRequest.setInt(4, POLLIN);
    }

    /**
     * Makes a device with a name that is free.
     *
     * @throws LinkException if the kernel refuses or knows no tun devices
     */
    static Tun open(String name) throws LinkException {
        if (name.length() >= IFNAMSIZ) {
            throw new IllegalArgumentException("name: " + name + " (expected: fewer than " + IFNAMSIZ + " letters)");
        }
        int descriptor;
        try {
            descriptor = LibC.open("/dev/net/tun", O_RDWR | O_NONBLOCK);
        } catch (LastErrorException e) {
            throw new LinkException(
                    "cannot open /dev/net/tun (" + e.getMessage() + "); load the module with 'modprobe tun',"
                            + " in a container add '--device /dev/net/tun --cap-add NET_ADMIN'",
                    e);
        } catch (UnsatisfiedLinkError e) {
            throw new LinkException("JNA does not run on this system: " + e.getMessage(), e);
        }
        try (Memory request = new Memory(IFREQ_BYTES)) {
            request.clear();
            request.setString(0, name, "US-ASCII");
            request.setShort(IFNAMSIZ, (short) (IFF_TUN | IFF_NO_PI));
            LibC.ioctl(descriptor, TUNSETIFF, request);
        } catch (LastErrorException e) {
            LibC.close(descriptor);
            throw new LinkException("cannot make the tun device " + name + " (" + e.getMessage() + ")", e);
        }
        return new Tun(name, descriptor);
    }

    String name() {
        return name;
    }

    /** Waits until a packet can be read, at most the given time. */
    void awaitReadable(int millis) {
        LibC.poll(pollRequest, 1, millis);
    }

    /** Reads one packet; 0 or less if there is none now. */
    int read(Pointer into, int capacity) {
        return (int) LibC.read(descriptor, into, capacity);
    }

    /** Hands one packet to the kernel, which drops it if the device is down. */
    void write(Pointer from, int length) {
        LibC.write(descriptor, from, length);
    }

    @Override
    public void close() {
        LibC.close(descriptor);
    }

    /** The few C functions, mapped directly: a call costs well under a microsecond. */
    private static final class LibC {
        static {
            Native.register(LibC.class, "c");
        }

        private LibC() {}

        static native int open(String path, int flags) throws LastErrorException;

        static native int ioctl(int descriptor, long request, Pointer argument) throws LastErrorException;

        static native long read(int descriptor, Pointer buffer, long count);

        static native long write(int descriptor, Pointer buffer, long count);

        static native int poll(Pointer descriptors, long count, int millis);

        static native int close(int descriptor);
    }
}
