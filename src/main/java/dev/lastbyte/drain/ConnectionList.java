package dev.lastbyte.drain;

import org.jspecify.annotations.Nullable;

/**
 * The connections of one event loop that are in the same state, in the order in which they entered it. They are linked through their own
 * fields, so a list needs no memory per connection. One pass over the list may be under way, in portions, while connections come and go.
 * Confined to the event loop.
 */
final class ConnectionList<E extends ConnectionList.Node<E>> {
    /** The links of a connection, which is in one list at a time. Only the list writes them. */
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

    /** Appends a connection that is in no list. A pass that has reached the end does not see it. */
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

    /** Removes one of its connections. */
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

    /** The next connection of the pass, or null at its end. It may be removed before the next call. */
    @Nullable
    E next() {
        E found = cursor;
        if (found != null) {
            cursor = found.next;
        }
        return found;
    }
}
