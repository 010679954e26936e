/*
 * The least a server can do, as a floor for the others: one thread, epoll, accept4, read, write, and one of two ways to close.
 *
 *   closeserver plain|graceful BODY_BYTES
 *
 * plain: close(). graceful: shutdown(SHUT_WR), read until EOF, close(). Prints its port; ends when its input does.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_FDS = 20000, BUFFER = 8192, BACKLOG = 1024 };

static bool finishing[MAX_FDS];
static char answer[BUFFER];
static size_t answer_length;
static char input[65536];

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void watch(int poller, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) {
        fail("epoll_ctl");
    }
}

static void accept_all(int poller, int listener) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        if (fd >= MAX_FDS) {
            close(fd);
            continue;
        }
        finishing[fd] = false;
        watch(poller, fd);
    }
}

static void serve(int fd, bool graceful) {
    ssize_t n = read(fd, input, sizeof input);
    if (n < 0 && errno == EAGAIN) {
        return;
    }
    if (n <= 0) {
        close(fd);
    } else if (!finishing[fd]) {
        if (write(fd, answer, answer_length) == (ssize_t) answer_length && graceful && shutdown(fd, SHUT_WR) == 0) {
            finishing[fd] = true;
        } else {
            close(fd);
        }
    }
}

int main(int argc, char **argv) {
    if (argc != 3 || atol(argv[2]) < 0 || atol(argv[2]) > BUFFER / 2) {
        fprintf(stderr, "usage: closeserver plain|graceful BODY_BYTES\n");
        return 2;
    }
    bool graceful = strcmp(argv[1], "graceful") == 0;
    size_t body = (size_t) atol(argv[2]);
    answer_length = (size_t) snprintf(answer, sizeof answer,
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: %zu\r\nconnection: close\r\n\r\n", body);
    memset(answer + answer_length, 'x', body);
    answer_length += body;

    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (listener < 0 || bind(listener, (struct sockaddr *) &address, length) != 0 || listen(listener, BACKLOG) != 0
            || getsockname(listener, (struct sockaddr *) &address, &length) != 0) {
        fail("listen");
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);

    int poller = epoll_create1(EPOLL_CLOEXEC);
    watch(poller, listener);
    watch(poller, STDIN_FILENO);
    struct epoll_event events[256];
    for (;;) {
        int n = epoll_wait(poller, events, 256, -1);
        if (n < 0 && errno != EINTR) {
            fail("epoll_wait");
        }
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                accept_all(poller, listener);
            } else if (fd == STDIN_FILENO) {
                return 0;
            } else {
                serve(fd, graceful);
            }
        }
    }
}
