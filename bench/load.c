/* The load generator: very many clients in one process, so cheap that the server is what is measured.
 *
 * It knows no protocol. The plan (a file, a line a statement) says what bytes each connection sends
 * and which bytes it waits for, and what marks a delivery; so one program drives WebSocket, NATS and
 * MQTT alike. Statements, their bytes in hex:
 *
 *   target HOST PORT              where to connect (IPv4)
 *   tls NAME                      speak TLS 1.3, without verifying: it is our own machine
 *   group COUNT ROOMS             connections; the i-th is in room i % ROOMS, the first of each room sends
 *   step SEND WAIT                what each sends next, and the bytes that it waits for then; - for none
 *   marker BYTES                  each occurrence in what a connection receives is one delivery;
 *                                 words replaced as in what it sends
 *   message BYTES                 what a sender sends
 *   echo BYTES SIZE REPLY         whenever BYTES come, the SIZE bytes behind them go back behind REPLY
 *                                 (a ping, in a protocol that tells bytes and text apart)
 *   values FILE                   words of line i replace $$1$$, $$2$$ … in what connection i sends
 *   at_once COUNT                 how many connections are set up at the same time
 *
 * $$ID$$ becomes 22 characters that are new each time, and valid as base64url of 128 bits.
 *
 * Then commands on standard input, one answer a line on standard output (JSON):
 *
 *   run WINDOW MESSAGES SECONDS   each sender keeps WINDOW messages under way, MESSAGES in all
 *   close AT_ONCE                 drop all connections, and set all up again, so many at the same time
 *   end of file                   exit
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#ifdef WITH_TLS
#include <openssl/ssl.h>
#endif

enum { MOST_STEPS = 16, MOST_WORDS = 4, WORD = 256, CHUNK = 1 << 16, MOST_SAMPLES = 1 << 22 };
enum { RING = 1 << 12 };

typedef struct { char *bytes; size_t size; } Bytes;
typedef struct { Bytes send, wait; } Step;
typedef struct {
    int size, sender;
    uint64_t sent, delivered, goal;
    double sent_at[RING];
} Room;
typedef struct {
    int fd, step, room, waits_to_write;
    uint64_t delivered;
    Bytes marker;
    char *tail;
    size_t tail_size;
    char *out;
    size_t out_size;
#ifdef WITH_TLS
    SSL *tls;
#endif
    char words[MOST_WORDS][WORD];
} Connection;

static Step steps[MOST_STEPS];
static int step_count, connection_count, room_count, at_once = 64, epoll, ready_count;
static Bytes marker, message, ping, pong;
static size_t ping_size;
static struct sockaddr_in target;
static char *tls_name;
static Connection *connections;
static Room *rooms;
static float *samples;
static size_t sample_count;
static uint64_t next_id, lost_connections;
static int next_to_set_up, being_set_up, told_of;
#ifdef WITH_TLS
static SSL_CTX *tls_context;
#endif

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void die(const char *why)
{
    fprintf(stderr, "load: %s: %s\n", why, strerror(errno));
    exit(1);
}

static Bytes from_hex(const char *text)
{
    Bytes found = {NULL, 0};
    if (!strcmp(text, "-")) return found;
    found.size = strlen(text) / 2;
    found.bytes = malloc(found.size + 1);
    for (size_t i = 0; i < found.size; i++) {
        unsigned byte;
        if (sscanf(text + 2 * i, "%2x", &byte) != 1) die("bad hex in the plan");
        found.bytes[i] = (char)byte;
    }
    return found;
}

/* The template with its words filled in; to be freed. */
static Bytes filled(const Connection *c, Bytes template)
{
    Bytes out = {malloc(template.size + 8 * WORD), 0};
    for (size_t i = 0; i < template.size;) {
        const char *at = template.bytes + i;
        size_t left = template.size - i;
        if (left >= 6 && !memcmp(at, "$$ID$$", 6)) {
            out.size += (size_t)sprintf(out.bytes + out.size, "%021llu", (unsigned long long)next_id++);
            out.bytes[out.size++] = 'A';
            i += 6;
        } else if (left >= 5 && !memcmp(at, "$$", 2) && at[2] >= '1' && at[2] <= '0' + MOST_WORDS) {
            const char *word = c->words[at[2] - '1'];
            memcpy(out.bytes + out.size, word, strlen(word));
            out.size += strlen(word);
            i += 5;
        } else out.bytes[out.size++] = template.bytes[i++];
    }
    return out;
}

static void want(Connection *c, int write)
{
    struct epoll_event event = {EPOLLIN | (write ? EPOLLOUT : 0), {.ptr = c}};
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event)) die("epoll_ctl");
    c->waits_to_write = write;
}

static ssize_t put(Connection *c, const char *bytes, size_t size)
{
#ifdef WITH_TLS
    if (c->tls) {
        int n = SSL_write(c->tls, bytes, (int)size);
        if (n > 0) return n;
        errno = EAGAIN;
        return -1;
    }
#endif
    return send(c->fd, bytes, size, MSG_NOSIGNAL);
}

static void flush_out(Connection *c)
{
    while (c->out_size) {
        ssize_t n = put(c, c->out, c->out_size);
        if (n <= 0) break;
        memmove(c->out, c->out + n, c->out_size - (size_t)n);
        c->out_size -= (size_t)n;
    }
    if ((c->out_size > 0) != c->waits_to_write) want(c, c->out_size > 0);
}

static void send_bytes(Connection *c, const char *bytes, size_t size)
{
    c->out = realloc(c->out, c->out_size + size);
    memcpy(c->out + c->out_size, bytes, size);
    c->out_size += size;
}

static void send_filled(Connection *c, Bytes template)
{
    Bytes whole = filled(c, template);
    send_bytes(c, whole.bytes, whole.size);
    free(whole.bytes);
    flush_out(c);
}

/* A ping lies in one piece of what comes, nearly always: nobody is cut for missing one. */
static void answer_pings(Connection *c, const char *at, size_t left)
{
    const char *end = at + left;
    while ((at = memmem(at, (size_t)(end - at), ping.bytes, ping.size))) {
        at += ping.size;
        if ((size_t)(end - at) < ping_size) return;
        send_bytes(c, pong.bytes, pong.size);
        send_bytes(c, at, ping_size);
        flush_out(c);
        at += ping_size;
    }
}

static void next_step(Connection *c);

static void set_up(Connection *c)
{
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) die("socket");
    int yes = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    /* One address has 28,000 ports to dial from; loopback has more addresses. */
    struct sockaddr_in from = {.sin_family = AF_INET};
    from.sin_addr.s_addr = htonl(0x7f000001u + (uint32_t)((c - connections) / 20000));
    if ((c - connections) >= 20000 && bind(c->fd, (struct sockaddr *)&from, sizeof from)) die("bind");
    if (connect(c->fd, (struct sockaddr *)&target, sizeof target) && errno != EINPROGRESS) die("connect");
    struct epoll_event event = {EPOLLIN | EPOLLOUT, {.ptr = c}};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event)) die("epoll_ctl");
    c->waits_to_write = 1;
    c->step = -1;
    c->tail_size = c->out_size = 0;
    c->delivered = 0;
#ifdef WITH_TLS
    if (tls_name) {
        c->tls = SSL_new(tls_context);
        SSL_set_fd(c->tls, c->fd);
        SSL_set_tlsext_host_name(c->tls, tls_name);
        SSL_set_connect_state(c->tls);
    }
#endif
    being_set_up++;
}

static void set_up_more(void)
{
    while (being_set_up < at_once && next_to_set_up < connection_count) set_up(&connections[next_to_set_up++]);
}

static void next_step(Connection *c)
{
    while (++c->step < step_count) {
        if (steps[c->step].send.size) send_filled(c, steps[c->step].send);
        if (steps[c->step].wait.size) return;
    }
    ready_count++;
    being_set_up--;
    c->tail_size = 0;
    set_up_more();
}

static void drop(Connection *c)
{
    if (c->fd < 0) return;
#ifdef WITH_TLS
    if (c->tls) SSL_free(c->tls);
    c->tls = NULL;
#endif
    close(c->fd);
    c->fd = -1;
}

static void deliver(Connection *c, double at)
{
    Room *room = &rooms[c->room];
    uint64_t number = c->delivered++;
    room->delivered++;
    if (sample_count < MOST_SAMPLES && number < room->sent)
        samples[sample_count++] = (float)(at - room->sent_at[number % RING]);
}

static void post(Room *room)
{
    room->sent_at[room->sent++ % RING] = now();
    send_filled(&connections[room->sender], message);
}

/* Looks for `wanted` in what came, behind what is left of before; each find is one call. */
static void received(Connection *c, const char *bytes, size_t size)
{
    int setting_up = c->step < step_count;
    Bytes wanted = setting_up ? steps[c->step].wait : c->marker;
    size_t whole = c->tail_size + size;
    static char joined[2 * CHUNK + WORD];
    memcpy(joined, c->tail, c->tail_size);
    memcpy(joined + c->tail_size, bytes, size);
    const char *at = joined, *end = joined + whole, *hit;
    double when = setting_up ? 0 : now();
    while (wanted.size && (hit = memmem(at, (size_t)(end - at), wanted.bytes, wanted.size))) {
        at = hit + wanted.size;
        if (!setting_up) deliver(c, when);
        else {
            next_step(c);
            if (c->step >= step_count) return;
            wanted = steps[c->step].wait;
        }
    }
    size_t keep = wanted.size ? wanted.size - 1 : 0;
    if ((size_t)(end - at) < keep) keep = (size_t)(end - at);
    memcpy(c->tail, end - keep, keep);
    c->tail_size = keep;
}

static void readable(Connection *c)
{
    static char chunk[CHUNK];
    for (;;) {
        ssize_t n;
#ifdef WITH_TLS
        if (c->tls) {
            n = SSL_read(c->tls, chunk, CHUNK);
            if (n <= 0) {
                int why = SSL_get_error(c->tls, (int)n);
                if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return;
                n = 0;
            }
        } else
#endif
            n = recv(c->fd, chunk, CHUNK, 0);
        if (n > 0) {
            if (ping.size && c->step >= step_count) answer_pings(c, chunk, (size_t)n);
            received(c, chunk, (size_t)n);
            if (!tls_name && n < CHUNK) return;
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (c->step < step_count) {
            if (told_of++ < 3)
                fprintf(stderr, "load: connection %ld ended in step %d\n", (long)(c - connections), c->step);
            being_set_up--;
        } else ready_count--;
        lost_connections++;
        drop(c);
        set_up_more();
        return;
    }
}

static void writable(Connection *c)
{
    if (c->step < 0) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error) {
            errno = error;
            die("connect");
        }
#ifdef WITH_TLS
        if (c->tls) {
            int n = SSL_do_handshake(c->tls);
            if (n != 1) {
                int why = SSL_get_error(c->tls, n);
                if (why == SSL_ERROR_WANT_READ) want(c, 0);
                else if (why != SSL_ERROR_WANT_WRITE) die("TLS handshake");
                return;
            }
        }
#endif
        want(c, 0);
        next_step(c);
        return;
    }
    flush_out(c);
}

static int turn(int wait_ms)
{
    static struct epoll_event events[1024];
    int n = epoll_wait(epoll, events, 1024, wait_ms);
    for (int i = 0; i < n; i++) {
        Connection *c = events[i].data.ptr;
        if (c->fd < 0) continue;
        if (c->step < 0) writable(c);
        else {
            if (events[i].events & EPOLLOUT) writable(c);
            if (c->fd >= 0 && events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) readable(c);
        }
    }
    return n;
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static double percentile(double part)
{
    return sample_count ? samples[(size_t)(part * (double)(sample_count - 1))] * 1e3 : 0;
}

static void connect_all(double within_s)
{
    double began = now();
    ready_count = being_set_up = next_to_set_up = told_of = 0;
    lost_connections = 0;
    set_up_more();
    while (ready_count + (int)lost_connections < connection_count && now() - began < within_s) turn(100);
    double took = now() - began;
    /* What a server replays to newcomers is no delivery of ours. */
    while (turn(300) > 0 && now() - began < within_s) continue;
    printf("{\"ready\": %d, \"of\": %d, \"seconds\": %.4f}\n", ready_count, connection_count, took);
    fflush(stdout);
}

static void run(int window, uint64_t messages, double seconds)
{
    double began = now(), last = began;
    sample_count = 0;
    lost_connections = 0;
    uint64_t sent = 0, expected = 0, delivered = 0, before = 0;
    /* Whatever is late from before counts for nothing. */
    for (int i = 0; i < connection_count; i++) connections[i].delivered = 0;
    for (int i = 0; i < room_count; i++) rooms[i].sent = rooms[i].delivered = 0;
    for (;;) {
        delivered = expected = 0;
        double at = now();
        for (int i = 0; i < room_count; i++) {
            Room *room = &rooms[i];
            uint64_t whole = room->delivered / (uint64_t)room->size;
            while (sent < messages && at - began < seconds && room->sent < whole + (uint64_t)window) {
                post(room);
                sent++;
            }
            delivered += room->delivered;
            expected += room->sent * (uint64_t)room->size;
        }
        if (delivered != before) last = now();
        before = delivered;
        if (delivered >= expected && (sent >= messages || at - began >= seconds)) break;
        if (now() - last > 5) break;
        turn(100);
    }
    double took = last - began;
    qsort(samples, sample_count, sizeof *samples, by_size);
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("{\"messages\": %llu, \"deliveries\": %llu, \"lost\": %lld, \"seconds\": %.4f, \"p50_ms\": %.3f, "
           "\"p99_ms\": %.3f, \"cut\": %llu}\n",
           (unsigned long long)sent, (unsigned long long)delivered, (long long)(expected - delivered), took,
           percentile(0.5), percentile(0.99), (unsigned long long)lost_connections);
    fflush(stdout);
}

static void read_values(const char *path)
{
    FILE *file = fopen(path, "r");
    char line[MOST_WORDS * WORD];
    if (!file) die(path);
    for (int i = 0; i < connection_count && fgets(line, sizeof line, file); i++) {
        char *rest = line, *word;
        for (int n = 0; n < MOST_WORDS && (word = strtok_r(rest, " \n", &rest)); n++)
            snprintf(connections[i].words[n], WORD, "%s", word);
    }
    fclose(file);
}

static void make_group(int count, int in_rooms)
{
    connection_count = count;
    room_count = in_rooms;
    connections = calloc((size_t)count, sizeof *connections);
    rooms = calloc((size_t)in_rooms, sizeof *rooms);
    for (int i = 0; i < count; i++) {
        connections[i].fd = -1;
        connections[i].room = i % in_rooms;
        connections[i].tail = malloc(4096);
        if (!rooms[i % in_rooms].size++) rooms[i % in_rooms].sender = i;
    }
}

static void read_plan(const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    if (!file) die(path);
    while (getline(&line, &size, file) > 0) {
        char *rest = line, *kind = strtok_r(rest, " \n", &rest);
        char *a = strtok_r(rest, " \n", &rest), *b = strtok_r(rest, " \n", &rest);
        char *last = strtok_r(rest, " \n", &rest);
        if (!kind || !a) continue;
        if (!strcmp(kind, "target") && b) {
            target.sin_family = AF_INET;
            target.sin_port = htons((uint16_t)atoi(b));
            if (inet_pton(AF_INET, a, &target.sin_addr) != 1) die("target");
        } else if (!strcmp(kind, "tls")) tls_name = strdup(a);
        else if (!strcmp(kind, "group") && b) make_group(atoi(a), atoi(b));
        else if (!strcmp(kind, "step") && b && step_count < MOST_STEPS)
            steps[step_count++] = (Step){from_hex(a), from_hex(b)};
        else if (!strcmp(kind, "marker")) marker = from_hex(a);
        else if (!strcmp(kind, "message")) message = from_hex(a);
        else if (!strcmp(kind, "echo") && b && last) {
            ping = from_hex(a);
            ping_size = (size_t)atoi(b);
            pong = from_hex(last);
        } else if (!strcmp(kind, "values")) read_values(a);
        else if (!strcmp(kind, "at_once")) at_once = atoi(a);
        else die("a statement of the plan is unknown");
    }
    free(line);
    fclose(file);
    for (int i = 0; i < connection_count; i++)
        connections[i].marker = memmem(marker.bytes, marker.size, "$$", 2) ? filled(&connections[i], marker) : marker;
}

/* The next line of standard input; until it comes, pings are answered. */
static char *next_command(char *line, int size)
{
    struct pollfd ready[2] = {{STDIN_FILENO, POLLIN, 0}, {epoll, POLLIN, 0}};
    while (poll(ready, 2, -1) >= 0 && !ready[0].revents) turn(0);
    return fgets(line, size, stdin);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: load PLAN\n");
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    next_id = (uint64_t)time(NULL) * 1000000000ull;
    samples = malloc(MOST_SAMPLES * sizeof *samples);
    epoll = epoll_create1(0);
    read_plan(argv[1]);
#ifdef WITH_TLS
    tls_context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(tls_context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
#else
    if (tls_name) die("built without TLS");
#endif
    connect_all(120);
    char line[256];
    while (next_command(line, sizeof line)) {
        int window;
        unsigned long long messages;
        double seconds;
        if (sscanf(line, "run %d %llu %lf", &window, &messages, &seconds) == 3) run(window, messages, seconds);
        else if (sscanf(line, "close %d", &at_once) == 1) {
            for (int i = 0; i < connection_count; i++) drop(&connections[i]);
            connect_all(120);
        } else die("unknown command");
    }
    return 0;
}
