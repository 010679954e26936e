package dev.lastbyte;

/**
 * User event, fired only with {@link GracefulCloseConfig.Builder#withUserEvents}, that tells the handlers of a pipeline that its graceful close has begun. What a handler writes while it is told
 * is still sent; afterwards the channel takes no more writes and delivers no more input, although {@code isActive()} stays true until the sequence is over: a pool
 * should stop handing the channel out now. Immutable.
 */
public final class CloseStartedEvent {
    /** The only instance. */
    public static final CloseStartedEvent INSTANCE = new CloseStartedEvent();

    private CloseStartedEvent() {}

    @Override
    public String toString() {
        return "CloseStartedEvent";
    }
}
