package dev.lastbyte.testing;

import dev.lastbyte.testing.Http2Frames.Frame;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * An HTTP/2 client of frames, without Netty: asks as fast as it is answered, on a few streams at once, until the connection ends, and
 * says afterwards what was not as it must be. A polite one opens no stream after a GOAWAY and closes when its last is answered; a
 * rude one goes on until the end of input. Thread-safe.
 */
public final class Http2Peer implements AutoCloseable {
    /** How it behaves. Immutable. */
    public enum Manners {
        /** Heeds GOAWAY. */
        POLITE,
        /** Opens streams until the end, whatever it is told. */
        RUDE,
        /** As rude, and acknowledges no PING. */
        DEAF
    }

    private static final int STREAMS = 8;
    private static final long PATIENCE_MILLIS = 30_000;
    private static final int UPLOAD = 700;

    private final PeerSocket socket;
    private final Manners manners;
    private final int bytes;
    private final String path;
    private final Semaphore room = new Semaphore(STREAMS);
    private final Map<Integer, Answer> answers = new HashMap<>();
    private final List<Frame> goAways = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();
    private final ByteBuffer unread = ByteBuffer.allocate(1 << 17);
    private final Thread reader = new Thread(this::read, "http2-reader");
    private final Thread asker = new Thread(this::ask, "http2-asker");
    private volatile boolean ended;
    private volatile boolean told;
    private volatile int complete;
    private int opened;

    private static final class Answer {
        private int bytes;
        private boolean begun;
        private boolean whole;
        private int resetCode = -1;

        boolean isOpen() {
            return !whole && resetCode < 0;
        }
    }

    /** A peer that wants so many bytes as an answer, after so many milliseconds. */
    public Http2Peer(SocketAddress address, Manners manners, int bytes, int millis) throws IOException {
        this.manners = manners;
        this.bytes = bytes;
        path = "/" + bytes + "/" + millis;
        socket = PeerSocket.connect(address);
        byte[] preface = Http2Frames.prefaceWithOpenWindows();
        socket.write(preface, preface.length);
        reader.start();
        asker.start();
    }

    /** How many whole answers have come. */
    public int complete() {
        return complete;
    }

    /** How many streams were refused by a reset. */
    public synchronized long refused() {
        return answers.values().stream()
                .filter(answer -> answer.resetCode == Http2Frames.REFUSED_STREAM)
                .count();
    }

    /** The last stream of each GOAWAY, in order. */
    public synchronized List<Integer> goAways() {
        return goAways.stream().map(Frame::number).toList();
    }

    /** Waits for the end; returns what a server that says farewell properly must not have done. */
    public List<String> problemsAtTheEnd() throws InterruptedException {
        List<String> found = losses();
        synchronized (this) {
            checkGoAways(found);
        }
        return found;
    }

    /** Waits for the end; returns what was lost on the way: GOAWAY, the answers of the streams that it promised, the end itself. */
    public List<String> losses() throws InterruptedException {
        reader.join(PATIENCE_MILLIS);
        asker.join(PATIENCE_MILLIS);
        synchronized (this) {
            List<String> found = new ArrayList<>(problems);
            if (reader.isAlive() || asker.isAlive()) {
                found.add("still connected");
            }
            if (unread.position() > 0) {
                found.add("half a frame at the end");
            }
            if (goAways.isEmpty()) {
                found.add("no GOAWAY");
                return found;
            }
            int last = goAways.get(goAways.size() - 1).number();
            answers.forEach((stream, answer) -> {
                if (stream <= last && !answer.whole) {
                    found.add("stream " + stream + " of " + last + " has " + answer.bytes + " bytes, reset "
                            + answer.resetCode);
                } else if (stream > last && answer.begun) {
                    found.add("stream " + stream + ", behind " + last + ", was answered");
                }
            });
            return found;
        }
    }

    private void checkGoAways(List<String> found) {
        boolean isPair = goAways.size() == 2
                && goAways.get(0).number() == Integer.MAX_VALUE
                && goAways.get(1).number() <= opened;
        boolean wasEnough = manners == Manners.POLITE && goAways.size() == 1; // it had closed by then
        boolean isPlain = goAways.stream().allMatch(frame -> frame.goAwayCode() == 0);
        if (!(isPair || wasEnough) || !isPlain) {
            found.add("GOAWAYs: " + goAways);
        }
    }

    // ---- asking ----------------------------------------------------------------------------------------------------

    private void ask() {
        try {
            for (int stream = 1; !ended && !(told && manners == Manners.POLITE); stream += 2) {
                if (!room.tryAcquire(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)) {
                    throw new IOException("no answer for " + PATIENCE_MILLIS + " ms");
                }
                if (!ended && !open(stream)) {
                    return;
                }
            }
        } catch (IOException e) {
            problem("asking: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Every third request has a body, so that it is more than one frame. */
    private boolean open(int stream) throws IOException {
        boolean upload = stream % 3 == 0;
        byte[] request = Http2Frames.request(stream, path, !upload);
        if (upload) {
            byte[] body =
                    Http2Frames.concat(Http2Frames.data(stream, UPLOAD, false), Http2Frames.data(stream, UPLOAD, true));
            request = Http2Frames.concat(request, body);
        }
        synchronized (this) {
            if (told && manners == Manners.POLITE) {
                return false;
            }
            opened = stream;
            answers.put(stream, new Answer());
        }
        send(request);
        return true;
    }

    private void send(byte[] frame) throws IOException {
        synchronized (socket) {
            try {
                socket.write(frame, frame.length);
            } catch (IOException e) {
                if (!ended) {
                    throw e;
                }
            }
        }
    }

    // ---- reading ---------------------------------------------------------------------------------------------------

    private void read() {
        byte[] buffer = new byte[1 << 16];
        try {
            for (int count = socket.read(buffer, buffer.length); count >= 0; ) {
                unread.put(buffer, 0, count);
                Http2Frames.split(unread, this::take);
                if (isDone()) {
                    ended = true;
                    return;
                }
                count = socket.read(buffer, buffer.length);
            }
            ended = true;
        } catch (IOException e) {
            problem("reading: " + e);
        } finally {
            ended = true;
            room.release(STREAMS);
            close();
        }
    }

    private synchronized boolean isDone() {
        return manners == Manners.POLITE
                && told
                && answers.values().stream().noneMatch(Answer::isOpen)
                && !asker.isAlive();
    }

    private void take(Frame frame) {
        try {
            switch (frame.type()) {
                case Http2Frames.SETTINGS -> {
                    if (!frame.isAck()) {
                        send(Http2Frames.settingsAck());
                    }
                }
                case Http2Frames.PING -> {
                    if (!frame.isAck() && manners != Manners.DEAF) {
                        send(Http2Frames.pingAck(frame.payload()));
                    }
                }
                default -> note(frame);
            }
        } catch (IOException e) {
            problem("answering " + frame + ": " + e);
        }
    }

    private synchronized void note(Frame frame) {
        if (frame.type() == Http2Frames.GOAWAY) {
            goAways.add(frame);
            told = true;
            return;
        }
        Answer answer = answers.get(frame.stream());
        if (frame.stream() == 0 || answer == null) {
            return;
        }
        boolean wasOpen = answer.isOpen();
        if (frame.type() == Http2Frames.RST_STREAM && wasOpen) {
            answer.resetCode = frame.number();
        } else if (frame.type() == Http2Frames.HEADERS) {
            answer.begun = true;
        } else if (frame.type() == Http2Frames.DATA) {
            if (!BytePattern.matches(frame.payload(), frame.payload().length, answer.bytes)) {
                problems.add("wrong bytes in " + frame);
            }
            answer.bytes += frame.payload().length;
        }
        if (frame.endsStream()) {
            answer.whole = answer.bytes == bytes;
            complete++;
        }
        if (wasOpen && !answer.isOpen()) {
            room.release();
        }
    }

    private synchronized void problem(String text) {
        problems.add(text);
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            problem("closing: " + e);
        }
    }
}
