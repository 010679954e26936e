package dev.lastbyte.bench;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Array;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * {@code recv(socket, NULL, max, MSG_TRUNC | MSG_DONTWAIT)}, with which Linux drops the input of a TCP socket and copies none of
 * it (tcp(7)). Called through java.lang.foreign, and this by reflection, for the benches are compiled for Java 17. To be used by one
 * thread of a process, as there is one place for errno.
 */
final class TruncatingReceive {
    private static final int FIRST_JAVA = 22;
    private static final int MSG_TRUNC = 0x20;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int EINTR = 4;
    private static final int EAGAIN = 11;

    private TruncatingReceive() {}

    /** Why it cannot be called here; empty if it can. */
    static Optional<String> unavailable() {
        int feature = Runtime.version().feature();
        return feature >= FIRST_JAVA
                ? Optional.empty()
                : Optional.of("java.lang.foreign is there since JDK " + FIRST_JAVA + ", this is JDK " + feature);
    }

    /**
     * Drops what the socket has received.
     *
     * @return how many bytes; 0 at the end of the stream; -1 if there is nothing now; -2 for an error, which the socket has forgotten
     *     now, so that a read would claim an end of the stream
     */
    static long drop(int socket, long max) {
        try {
            long n = (long) Foreign.RECV.invokeExact(socket, max, MSG_TRUNC | MSG_DONTWAIT);
            if (n >= 0) {
                return n;
            }
            int errno = Foreign.ERRNO.getInt(0);
            return errno == EAGAIN || errno == EINTR ? -1 : -2;
        } catch (Throwable e) {
            throw new IllegalStateException("recv: " + e.getMessage(), e);
        }
    }

    /** The handle, constant so that it is compiled into its caller. */
    private static final class Foreign {
        private static final String PACKAGE = "java.lang.foreign.";
        private static final MethodHandle RECV;
        private static final ByteBuffer ERRNO;

        static {
            try {
                Object state = errnoPlace();
                ERRNO = ((ByteBuffer)
                                type("MemorySegment").getMethod("asByteBuffer").invoke(state))
                        .order(ByteOrder.nativeOrder());
                Object nothing = type("MemorySegment").getField("NULL").get(null);
                MethodHandle recv = MethodHandles.insertArguments(recv(), 2, nothing);
                RECV = MethodHandles.insertArguments(recv, 0, state);
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        private static Class<?> type(String name) throws ClassNotFoundException {
            return Class.forName(PACKAGE + name);
        }

        private static Object errnoPlace() throws ReflectiveOperationException {
            Object layout =
                    type("Linker$Option").getMethod("captureStateLayout").invoke(null);
            Object arena = type("Arena").getMethod("global").invoke(null);
            return type("SegmentAllocator")
                    .getMethod("allocate", type("MemoryLayout"))
                    .invoke(arena, layout);
        }

        /** (MemorySegment state, int socket, MemorySegment buffer, long size, int flags) to long. */
        private static MethodHandle recv() throws ReflectiveOperationException {
            Object linker = type("Linker").getMethod("nativeLinker").invoke(null);
            Object libraries = type("Linker").getMethod("defaultLookup").invoke(linker);
            Optional<?> symbol = (Optional<?>)
                    type("SymbolLookup").getMethod("find", String.class).invoke(libraries, "recv");
            Object toInt = type("ValueLayout").getField("JAVA_INT").get(null);
            Object toLong = type("ValueLayout").getField("JAVA_LONG").get(null);
            Object toAddress = type("ValueLayout").getField("ADDRESS").get(null);
            Object parameters = array("MemoryLayout", toInt, toAddress, toLong, toInt);
            Object descriptor = type("FunctionDescriptor")
                    .getMethod("of", type("MemoryLayout"), parameters.getClass())
                    .invoke(null, toLong, parameters);
            Object errno = type("Linker$Option")
                    .getMethod("captureCallState", String[].class)
                    .invoke(null, (Object) new String[] {"errno"});
            Object options = array("Linker$Option", errno);
            return (MethodHandle) type("Linker")
                    .getMethod("downcallHandle", type("MemorySegment"), type("FunctionDescriptor"), options.getClass())
                    .invoke(linker, symbol.orElseThrow(), descriptor, options);
        }

        private static Object array(String name, Object... elements) throws ClassNotFoundException {
            Object array = Array.newInstance(type(name), elements.length);
            for (int i = 0; i < elements.length; i++) {
                Array.set(array, i, elements[i]);
            }
            return array;
        }
    }
}
