/** Tells systemd about a server and its drain. Needs netty-transport-native-epoll, and does nothing where systemd does not ask. */
@NullMarked
package dev.lastbyte.systemd;

import org.jspecify.annotations.NullMarked;
