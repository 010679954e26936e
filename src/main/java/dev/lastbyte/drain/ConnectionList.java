package dev.lastbyte.drain;

import org.jspecify.annotations.Nullable;

/**
 * The connections of one event loop that are in the same state, in the order in which they came into it; linked through the
 * connections themselves, which costs no more than their fields. One pass over it may be under way, in portions, while connections come and go. Confined to the event
 * loop.
 */
final class ConnectionList<E extends ConnectionList.Node<E>> {
    /** What can be in one list at a time. The list alone touches these fields. */
    abstract static class Node<E extends Node<E>> {
        @Nullable
        E previous;

        @Nullable
        E next;

        @Nullable
        ConnectionList<E> list;
    }

    private @Nullable E first;
    private @Nullable E last;
    private @Nullable E cursor;
    private int size;

    int size() {
        return size;
    }

    @Nullable
    E first() {
        return first;
    }

    /** Puts a connection that is in no list at the end; a pass that has come to the end does not see it. */
    void add(E connection) {
        assert connection.list == null;
        connection.list = this;
        connection.previous = last;
        if (last == null) {
            first = connection;
        } else {
            last.next = connection;
        }
        last = connection;
        size++;
    }

    /** Takes out one of its connections. */
    void remove(E connection) {
        assert connection.list == this;
        E before = connection.previous;
        E after = connection.next;
        if (cursor == connection) {
            cursor = after;
        }
        if (before == null) {
            first = after;
        } else {
            before.next = after;
        }
        if (after == null) {
            last = before;
        } else {
            after.previous = before;
        }
        connection.previous = null;
        connection.next = null;
        connection.list = null;
        size--;
    }

    /** Begins a pass. */
    void rewind() {
        cursor = first;
    }

    /** The next connection of the pass, or null at its end. It may be taken out before the next call. */
    @Nullable
    E next() {
        E found = cursor;
        if (found != null) {
            cursor = found.next;
        }
        return found;
    }
}
