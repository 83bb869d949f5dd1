/* The limit: a broadcaster that does nothing but what it must, one send() a delivery.
 *
 *   limit PORT BYTES
 *
 * It answers a WebSocket's handshake without looking at it, takes the first frame of a connection as
 * the name of its room, and for every further frame sends BYTES bytes, as a frame, to everybody in
 * the room. Whoever reads too slowly is waited for: this is a measure, not a server.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 1 << 14, MOST_ROOMS = 100000, EVENTS = 1024, MOST_FILES = 1 << 20 };

typedef struct { int count, *fds; } Room;
typedef struct {
    int open, room, place;
    size_t size;
    char *bytes;
} Connection;

static Room rooms[MOST_ROOMS];
static Connection *connections;
static char *frame;
static size_t frame_size;

static void die(const char *why)
{
    perror(why);
    exit(1);
}

static void send_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd wait = {fd, POLLOUT, 0};
            poll(&wait, 1, 1000);
            continue;
        }
        if (n <= 0) return;
        bytes += n;
        size -= (size_t)n;
    }
}

static void enter(int fd, int room)
{
    Room *in = &rooms[room];
    in->fds = realloc(in->fds, sizeof(int) * (size_t)(in->count + 1));
    connections[fd].room = room;
    connections[fd].place = in->count;
    in->fds[in->count++] = fd;
    send_all(fd, "\x81\x06joined", 8);
}

static void leave(int fd)
{
    Connection *c = &connections[fd];
    if (c->room >= 0) {
        Room *in = &rooms[c->room];
        int last = in->fds[--in->count];
        in->fds[c->place] = last;
        connections[last].place = c->place;
    }
    c->room = -1;
    c->open = 0;
    c->size = 0;
    free(c->bytes);
    c->bytes = NULL;
    close(fd);
}

static void broadcast(const Room *in, const char *payload, size_t size)
{
    size_t head = frame_size < 126 + 2 ? 2 : 4;
    memcpy(frame + head, payload, size < frame_size - head ? size : frame_size - head);
    for (int i = 0; i < in->count; i++) send_all(in->fds[i], frame, frame_size);
}

/* One whole masked frame at `at`; its size, or 0 where more must come. */
static size_t take(int fd, char *at, size_t left)
{
    if (left < 6) return 0;
    size_t length = (unsigned char)at[1] & 0x7f, head = 6;
    if (length == 126) {
        if (left < 8) return 0;
        length = (size_t)(unsigned char)at[2] << 8 | (unsigned char)at[3];
        head = 8;
    }
    if (left < head + length) return 0;
    const char *mask = at + head - 4;
    char *payload = at + head;
    for (size_t i = 0; i < length; i++) payload[i] ^= mask[i % 4];
    Connection *c = &connections[fd];
    if (c->room < 0) {
        char name[8] = {0};
        if (length > 5) memcpy(name, payload + 5, length - 5 < 7 ? length - 5 : 7);
        enter(fd, atoi(name) % MOST_ROOMS);
    } else broadcast(&rooms[c->room], payload, length);
    return head + length;
}

static void readable(int fd)
{
    Connection *c = &connections[fd];
    if (!c->bytes) c->bytes = malloc(CHUNK);
    ssize_t n = recv(fd, c->bytes + c->size, CHUNK - c->size, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        leave(fd);
        return;
    }
    c->size += (size_t)n;
    size_t at = 0, whole;
    if (!c->open) {
        char *end = memmem(c->bytes, c->size, "\r\n\r\n", 4);
        if (!end) return;
        static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
        send_all(fd, answer, sizeof answer - 1);
        c->open = 1;
        at = (size_t)(end + 4 - c->bytes);
    }
    while ((whole = take(fd, c->bytes + at, c->size - at))) at += whole;
    c->size -= at;
    memmove(c->bytes, c->bytes + at, c->size);
    if (!c->size) {
        /* Nobody who is idle keeps memory. */
        free(c->bytes);
        c->bytes = NULL;
    }
}

static int listening(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1;
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&here, sizeof here)) die("bind");
    if (listen(fd, 4096)) die("listen");
    return fd;
}

static void accept_all(int epoll, int door)
{
    int fd, yes = 1;
    while ((fd = accept4(door, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct epoll_event event = {EPOLLIN, {.fd = fd}};
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        connections[fd].room = -1;
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) die("epoll_ctl");
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: limit PORT BYTES\n");
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    size_t most = files.rlim_max < MOST_FILES ? files.rlim_max : MOST_FILES;
    files.rlim_cur = most;
    setrlimit(RLIMIT_NOFILE, &files);
    connections = calloc(most, sizeof *connections);
    frame_size = (size_t)atoi(argv[2]);
    frame = malloc(frame_size + CHUNK);
    memset(frame, 'x', frame_size);
    frame[0] = (char)0x81;
    size_t length = frame_size - (frame_size < 126 + 2 ? 2 : 4);
    frame[1] = (char)(length < 126 ? length : 126);
    if (length >= 126) {
        frame[2] = (char)(length >> 8);
        frame[3] = (char)length;
    }
    int epoll = epoll_create1(0), door = listening(atoi(argv[1]));
    struct epoll_event event = {EPOLLIN, {.fd = door}}, events[EVENTS];
    epoll_ctl(epoll, EPOLL_CTL_ADD, door, &event);
    for (;;) {
        int n = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == door) accept_all(epoll, door);
            else readable(events[i].data.fd);
        }
    }
}
