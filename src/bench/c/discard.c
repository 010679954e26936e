/*
 * The floor of discarding an upload: answers the first bytes of each connection, sends FIN, then reads and drops until EOF.
 *
 *   discard blocking|epoll BUFFER
 *
 * Prints "listening PORT", then for each connection "done BYTES READS CPU_NANOS", the CPU time being this thread's from the
 * answer to the EOF. Serves one connection at a time; ends with its standard input.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LIFE_SECONDS = 900, READS_PER_WAKEUP = 16 }; /* as many as Netty does */

static void die(const char *what) {
    perror(what);
    exit(1);
}

static long long cpu(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void *end_with_parent(void *unused) {
    char byte;
    while (read(0, &byte, 1) > 0) {
    }
    exit(0);
    return unused;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fputs("usage: discard blocking|epoll BUFFER\n", stderr);
        return 2;
    }
    alarm(LIFE_SECONDS);
    setvbuf(stdout, NULL, _IOLBF, 0);
    int polls = !strcmp(argv[1], "epoll");
    size_t size = atoi(argv[2]);
    char *buffer = malloc(size);
    pthread_t parent;
    pthread_create(&parent, NULL, end_with_parent, NULL);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 16)) die("listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("listening %d\n", ntohs(address.sin_port));
    int epoll = epoll_create1(0);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) die("accept");
        ssize_t n = recv(fd, buffer, size, 0);
        long long begin = cpu(), bytes = 0, reads = 0;
        if (n > 0) bytes += n;
        send(fd, "no\n", 3, MSG_NOSIGNAL);
        shutdown(fd, SHUT_WR);
        if (polls) {
            struct epoll_event event = {.events = EPOLLIN};
            fcntl(fd, F_SETFL, O_NONBLOCK);
            epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        }
        for (int open = 1; open;) {
            if (polls) {
                struct epoll_event event;
                epoll_wait(epoll, &event, 1, -1);
            }
            for (int i = 0; i < READS_PER_WAKEUP; i++) {
                n = recv(fd, buffer, size, 0);
                reads++;
                if (n > 0) {
                    bytes += n;
                    if (polls && (size_t)n < size) break; /* nothing is left: as Netty, do not ask for EAGAIN */
                } else {
                    open = n < 0 && (errno == EAGAIN || errno == EINTR);
                    break;
                }
            }
        }
        long long spent = cpu() - begin;
        close(fd);
        printf("done %lld %lld %lld\n", bytes, reads, spent);
    }
}
