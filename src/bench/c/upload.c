/*
 * A client that uploads as fast as it can and listens only afterwards.
 *
 *   upload PORT BYTES
 *
 * Sends an HTTP/1.1 request whose body has BYTES bytes, ends its side, reads to the end, and prints "sent BYTES NANOS" (up to the
 * server's end of the connection), or "failed" with why.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 262144, LIFE_SECONDS = 300 };

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int failed(const char *what) {
    printf("failed %s: %s\n", what, strerror(errno));
    return 1;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fputs("usage: upload PORT BYTES\n", stderr);
        return 2;
    }
    alarm(LIFE_SECONDS);
    static char chunk[CHUNK];
    char head[256];
    long long left = atoll(argv[2]), begin = now();
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(fd, (struct sockaddr *)&to, sizeof to)) return failed("connect");
    int length = snprintf(
        head, sizeof head, "POST / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nContent-Length: %lld\r\n\r\n", left);
    if (send(fd, head, length, MSG_NOSIGNAL) != length) return failed("head");
    while (left > 0) {
        ssize_t n = send(fd, chunk, left < CHUNK ? left : CHUNK, MSG_NOSIGNAL);
        if (n < 0) return failed("body");
        left -= n;
    }
    shutdown(fd, SHUT_WR);
    ssize_t n;
    do n = recv(fd, chunk, CHUNK, 0);
    while (n > 0);
    if (n < 0) return failed("answer");
    printf("sent %s %lld\n", argv[2], now() - begin);
    return 0;
}
