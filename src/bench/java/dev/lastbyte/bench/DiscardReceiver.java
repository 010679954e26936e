package dev.lastbyte.bench;

import java.io.IOException;
import java.util.List;

/** A server that answers an upload at once, and then discards it. Not thread-safe. */
interface DiscardReceiver extends AutoCloseable {
    int port();

    /** What the upload that has just ended took. */
    DiscardCost cost(long bytes) throws IOException;

    @Override
    void close() throws IOException;

    /** A loop in C. */
    final class Native implements DiscardReceiver {
        private final NativeChild process;
        private final int port;

        Native(NativeProgram program, String way, int buffer) throws IOException {
            process = new NativeChild(program, way, buffer);
            port = Integer.parseInt(process.await("listening").get(0));
        }

        @Override
        public int port() {
            return port;
        }

        @Override
        public DiscardCost cost(long bytes) throws IOException {
            return DiscardCost.parse(process.await("done"));
        }

        @Override
        public void close() {
            process.close();
        }
    }

    /** Our close sequence, in a JVM of its own. */
    final class Jvm implements DiscardReceiver {
        private final JvmChild process;
        private final int port;

        Jvm(List<String> arguments) throws IOException {
            process = new JvmChild(List.of("-Xmx1g"), arguments);
            port = Integer.parseInt(process.read().split(" ")[1]);
        }

        @Override
        public int port() {
            return port;
        }

        @Override
        public DiscardCost cost(long bytes) throws IOException {
            List<String> words = List.of(process.read().split(" "));
            return DiscardCost.parse(words.subList(1, words.size()));
        }

        @Override
        public void close() throws IOException {
            process.close();
        }
    }
}
