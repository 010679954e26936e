/*
 * Many short HTTP exchanges, one per connection, from one thread: connect, send 100 bytes, read until EOF, check, close.
 *
 *   closeclient PORT BODY_BYTES CONCURRENT MILLIS
 *
 * The server ends each connection; an answer counts only if it is "200" with a body of exactly BODY_BYTES, followed by EOF.
 * Prints one line of key=value. Connections are begun for MILLIS, then those in progress are given two seconds.
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/*
 * Source ports are dealt in turn from a small range on an address of their own, outside the ephemeral ports: the server
 * keeps a TIME_WAIT entry for each, so the kernel's table cannot overflow however long the bench runs, and each entry is old
 * enough when its port comes again.
 */
enum { FIRST_PORT = 20000, PORTS = 10000, PORT_TRIES = 100, BUFFER = 8192, LATENCIES = 200000, TAIL_MILLIS = 2000 };

struct slot {
    int fd;
    bool sent;
    int64_t start;
    size_t length;
    char buffer[BUFFER];
};

static struct sockaddr_in server;
static struct sockaddr_in source;
static char request[101];
static size_t body;
static int poller;
static unsigned next_port;
static uint32_t latencies[LATENCIES + 1];
static long done, short_answers, resets, errors, active;
static int64_t last_done;

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int open_connection(void) {
    for (int i = 0; i < PORT_TRIES; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        int on = 1;
        if (fd < 0) {
            fail("socket");
        }
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        source.sin_port = htons(FIRST_PORT + next_port++ % PORTS);
        if (bind(fd, (struct sockaddr *) &source, sizeof source) == 0
                && (connect(fd, (struct sockaddr *) &server, sizeof server) == 0 || errno == EINPROGRESS)) {
            return fd;
        }
        int cause = errno;
        close(fd);
        if (cause != EADDRINUSE && cause != EADDRNOTAVAIL) {
            errno = cause;
            break;
        }
    }
    fail("connect");
    return -1;
}

static bool try_send(struct slot *slot) {
    slot->sent = send(slot->fd, request, sizeof request - 1, MSG_NOSIGNAL) == sizeof request - 1;
    return slot->sent || errno == EAGAIN || errno == ENOTCONN;
}

/* On loopback the handshake is over when connect() returns, so that the request can be sent at once, as a rule. */
static void begin(struct slot *slot) {
    slot->start = now();
    slot->length = 0;
    slot->fd = open_connection();
    active++;
    try_send(slot);
    struct epoll_event event = {.events = slot->sent ? EPOLLIN : EPOLLOUT, .data.ptr = slot};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, slot->fd, &event) != 0) {
        fail("epoll_ctl");
    }
}

static bool is_complete(const struct slot *slot) {
    const char *head = memmem(slot->buffer, slot->length, "\r\n\r\n", 4);
    return head != NULL && slot->length > 12 && memcmp(slot->buffer + 9, "200", 3) == 0
            && slot->length - (size_t) (head + 4 - slot->buffer) == body;
}

static void end(struct slot *slot, long *fault) {
    close(slot->fd);
    active--;
    if (fault != NULL) {
        (*fault)++;
        return;
    }
    done++;
    last_done = now();
    int64_t micros = (last_done - slot->start) / 1000;
    latencies[micros < LATENCIES ? micros : LATENCIES]++;
}

/* Returns whether the slot is free again. */
static bool advance(struct slot *slot) {
    if (!slot->sent) {
        if (!try_send(slot)) {
            end(slot, &errors);
            return true;
        }
        if (slot->sent) {
            struct epoll_event event = {.events = EPOLLIN, .data.ptr = slot};
            epoll_ctl(poller, EPOLL_CTL_MOD, slot->fd, &event);
        }
        return false;
    }
    ssize_t n = read(slot->fd, slot->buffer + slot->length, BUFFER - slot->length);
    if (n > 0) {
        slot->length += (size_t) n;
        return false;
    }
    if (n < 0 && errno == EAGAIN) {
        return false;
    }
    end(slot, n < 0 ? &resets : is_complete(slot) ? NULL : &short_answers);
    return true;
}

static long percentile(double part) {
    long rank = (long) (part * (double) done), seen = 0;
    for (long i = 0; i <= LATENCIES; i++) {
        seen += latencies[i];
        if (seen > rank) {
            return i;
        }
    }
    return LATENCIES;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: closeclient PORT BODY_BYTES CONCURRENT MILLIS\n");
        return 2;
    }
    server = (struct sockaddr_in) {.sin_family = AF_INET, .sin_port = htons((uint16_t) atoi(argv[1]))};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    source = (struct sockaddr_in) {.sin_family = AF_INET};
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 256);
    body = (size_t) atol(argv[2]);
    long concurrent = atol(argv[3]);
    int64_t millis = atol(argv[4]);
    if (body > BUFFER / 2 || concurrent < 1 || concurrent > PORTS / 4 || millis < 1) {
        fprintf(stderr, "closeclient: an argument is out of range\n");
        return 2;
    }
    const char head[] = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Padding: ";
    memset(request, 'x', sizeof request - 1);
    memcpy(request, head, sizeof head - 1);
    memcpy(request + sizeof request - 5, "\r\n\r\n", 4);
    poller = epoll_create1(EPOLL_CLOEXEC);
    struct slot *slots = calloc((size_t) concurrent, sizeof *slots);
    if (poller < 0 || slots == NULL) {
        fail("start");
    }
    next_port = (unsigned) getpid() * 101;
    int64_t start = now(), stop = start + millis * 1000000, limit = stop + TAIL_MILLIS * 1000000LL;
    for (long i = 0; i < concurrent; i++) {
        begin(&slots[i]);
    }
    struct epoll_event events[64];
    int64_t t = start;
    while (active > 0 && t < limit) {
        int n = epoll_wait(poller, events, 64, 100);
        t = now();
        for (int i = 0; i < n; i++) {
            if (advance(events[i].data.ptr) && t < stop) {
                begin(events[i].data.ptr);
            }
        }
    }
    errors += active;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    printf("connections=%ld seconds=%.6f short=%ld resets=%ld errors=%ld p50=%ld p99=%ld cpu=%.6f\n", done,
            (double) (last_done - start) / 1e9, short_answers, resets, errors, percentile(0.5), percentile(0.99), cpu);
    return 0;
}
