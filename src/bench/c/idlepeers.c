/*
 * Thousands of loopback clients that cost next to nothing: each sends one byte, reads one byte, and then waits for the end of
 * its connection.
 *
 *   idlepeers PORT COUNT close|hold|deaf [RCVBUF]
 *
 * close: closes when the server does. hold: reads to the end and never closes. deaf: reads nothing more at all.
 * Prints "connected", then "ended NANOS RESETS" when all have seen their end, NANOS being CLOCK_MONOTONIC's, which is that of
 * System.nanoTime(). Obeys on standard input: "send" (a byte on each open connection), "close" (all). Ends with its input.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

enum { BATCH = 128, SOURCES = 32, EVENTS = 512, LIFE_SECONDS = 900 };

static int *sockets; /* -1 once closed */
static int count, ended, resets;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void say_ended(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    printf("ended %lld %d\n", now.tv_sec * 1000000000LL + now.tv_nsec, resets);
}

static int connect_one(int i, int port, int rcvbuf) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + i % SOURCES)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd < 0) die("socket");
    if (rcvbuf > 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof rcvbuf)) die("SO_RCVBUF");
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on); /* else a source port serves one connection only */
    if (bind(fd, (struct sockaddr *)&from, sizeof from)) die("bind");
    if (connect(fd, (struct sockaddr *)&to, sizeof to)) die("connect");
    if (send(fd, "?", 1, MSG_NOSIGNAL) != 1) die("send");
    return fd;
}

/* In batches, so that the server's accept queue never overflows: each batch has been answered before the next begins. */
static void connect_all(int port, int rcvbuf) {
    char byte;
    for (int begin = 0; begin < count; begin += BATCH) {
        int end = begin + BATCH < count ? begin + BATCH : count;
        for (int i = begin; i < end; i++) sockets[i] = connect_one(i, port, rcvbuf);
        for (int i = begin; i < end; i++)
            if (recv(sockets[i], &byte, 1, 0) != 1) die("no answer");
    }
}

/* Returns whether the connection has ended. */
static int drain(int fd) {
    static char buffer[65536];
    for (;;) {
        ssize_t n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
        if (n > 0) continue;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return 0;
        resets += n < 0;
        return 1;
    }
}

static void each(int closing) {
    for (int i = 0; i < count; i++) {
        if (sockets[i] < 0) continue;
        if (closing) {
            close(sockets[i]);
            sockets[i] = -1;
        } else {
            send(sockets[i], "!", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        }
    }
    puts(closing ? "closed" : "sent");
}

static void obey(void) {
    char line[256];
    ssize_t n = read(0, line, sizeof line - 1);
    if (n <= 0) exit(0);
    line[n] = 0;
    for (char *word = strtok(line, "\n"); word; word = strtok(NULL, "\n")) {
        if (!strcmp(word, "send")) each(0);
        if (!strcmp(word, "close")) each(1);
    }
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fputs("usage: idlepeers PORT COUNT close|hold|deaf [RCVBUF]\n", stderr);
        return 2;
    }
    alarm(LIFE_SECONDS); /* whatever happens, it does not stay behind */
    setvbuf(stdout, NULL, _IOLBF, 0);
    count = atoi(argv[2]);
    int closes = !strcmp(argv[3], "close");
    int reads = closes || !strcmp(argv[3], "hold");
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    sockets = calloc(count, sizeof *sockets);
    connect_all(atoi(argv[1]), argc > 4 ? atoi(argv[4]) : 0);
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = count};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event)) die("epoll");
    for (int i = 0; reads && i < count; i++) {
        event.data.u32 = i;
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, sockets[i], &event)) die("epoll");
    }
    puts("connected");
    for (;;) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(epoll, events, EVENTS, -1);
        for (int e = 0; e < n; e++) {
            int i = events[e].data.u32;
            if (i == count) {
                obey();
            } else if (sockets[i] >= 0 && drain(sockets[i])) {
                epoll_ctl(epoll, EPOLL_CTL_DEL, sockets[i], NULL);
                if (closes) {
                    close(sockets[i]);
                    sockets[i] = -1;
                }
                if (++ended == count) say_ended();
            }
        }
    }
}
