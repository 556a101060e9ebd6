// A provider that costs next to nothing: Chat Completions on 127.0.0.1, one thread, keep-alive.
// Contenders that share it are compared by what they do themselves. Ends when its standard input does.
//   provider [MILLISECONDS]   answers that long after a request (0); prints its port; at the end one JSON line: requests
//                             answered, CPU seconds
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "workload.h"

enum { most_connections = 4096, largest_request = 1 << 20 };

typedef struct {
    char *bytes;
    size_t count, room;
    // Of the connections that had this socket, which one this is.
    unsigned generation;
} buffer_t;

// A response that waits until it is due. All wait equally long, so that a queue in order of arrival is one of due times.
typedef struct {
    double due;
    int socket;
    unsigned generation;
    char *bytes;
    size_t count;
} later_t;

static buffer_t connections[most_connections];
static size_t answered;
static double latency;
static later_t *queue;
static size_t queue_head, queue_count, queue_room;

static void deliver(int socket, const char *bytes, size_t count) {
    for (size_t sent = 0; sent < count;) {
        ssize_t done = send(socket, bytes + sent, count - sent, MSG_NOSIGNAL);
        if (done < 0 && errno == EAGAIN) continue;
        if (done <= 0) return;
        sent += (size_t)done;
    }
    answered++;
}

static void deliver_later(int socket, const char *bytes, size_t count) {
    if (queue_count == queue_room) {
        size_t room = queue_room ? queue_room * 2 : 1024;
        later_t *longer = malloc(room * sizeof(later_t));
        if (!longer) fail("memory for waiting responses");
        for (size_t i = 0; i < queue_count; i++) longer[i] = queue[(queue_head + i) % queue_room];
        free(queue);
        queue = longer;
        queue_head = 0;
        queue_room = room;
    }
    later_t later = {seconds() + latency, socket, connections[socket].generation, malloc(count), count};
    if (!later.bytes) fail("memory for a response");
    memcpy(later.bytes, bytes, count);
    queue[(queue_head + queue_count++) % queue_room] = later;
}

// Sends what is due; answers the milliseconds until more is, -1 when nothing waits.
static int deliver_due(void) {
    for (double now = seconds(); queue_count > 0; queue_count--, queue_head = (queue_head + 1) % queue_room) {
        later_t *next = &queue[queue_head];
        if (next->due > now) return (int)((next->due - now) * 1000) + 1;
        if (connections[next->socket].generation == next->generation)
            deliver(next->socket, next->bytes, next->count);
        free(next->bytes);
    }
    return -1;
}

// A judge is known by what Cairn tells it; its score is a function of the request.
static int content(const char *body, size_t length, char *into, size_t room) {
    if (!memmem(body, length, "impartial judge", 15))
        return snprintf(into, room,
            "The harbour wakes before the gulls do, and the boats lean on their ropes as if the night had been long. "
            "Somebody has swept the quay, and left one line of salt where the broom gave up.");
    uint64_t sum = 1469598103934665603u;
    for (size_t i = 0; i < length; i++) sum = (sum ^ (uint8_t)body[i]) * 1099511628211u;
    return snprintf(into, room, "{\\\"criteria\\\": {\\\"quality\\\": {\\\"score\\\": %u, \\\"reason\\\": \\\"Concrete.\\\"}}}",
        (unsigned)(sum % 5 + 1));
}

static void answer(int socket, const char *body, size_t length) {
    char text[1024], json[2048], response[4096];
    content(body, length, text, sizeof text);
    int size = snprintf(json, sizeof json,
        "{\"id\":\"chatcmpl-%zu\",\"object\":\"chat.completion\",\"created\":1767225600,\"model\":\"tiny-1\",\"choices\":[{"
        "\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"%s\"},\"finish_reason\":\"stop\"}],\"usage\":{"
        "\"prompt_tokens\":%zu,\"completion_tokens\":42,\"total_tokens\":%zu}}",
        answered, text, length / 4, length / 4 + 42);
    int all = snprintf(response, sizeof response,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", size, json);
    if (latency > 0) deliver_later(socket, response, (size_t)all);
    else deliver(socket, response, (size_t)all);
}

// The length of the first complete request; 0 when more must come, -1 when it is no request.
static ssize_t complete(const buffer_t *buffer, size_t *body) {
    char *end = memmem(buffer->bytes, buffer->count, "\r\n\r\n", 4);
    if (!end) return buffer->count < 65536 ? 0 : -1;
    *body = (size_t)(end - buffer->bytes) + 4;
    size_t length = 0;
    for (char *line = buffer->bytes; line < end; line = (char *)memchr(line, '\n', (size_t)(end + 2 - line)) + 1)
        if (strncasecmp(line, "content-length:", 15) == 0) length = strtoul(line + 15, NULL, 10);
    if (length > largest_request) return -1;
    return buffer->count >= *body + length ? (ssize_t)(*body + length) : 0;
}

static void drop(int socket) {
    close(socket);
    connections[socket].count = 0;
    connections[socket].generation++;
}

static void receive(int socket) {
    buffer_t *buffer = &connections[socket];
    if (buffer->room - buffer->count < 65536) {
        buffer->room += 131072;
        buffer->bytes = realloc(buffer->bytes, buffer->room + 1);
        if (!buffer->bytes) fail("memory for a request");
    }
    ssize_t got = recv(socket, buffer->bytes + buffer->count, buffer->room - buffer->count, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return drop(socket);
    buffer->count += (size_t)got;
    buffer->bytes[buffer->count] = 0;
    size_t body;
    ssize_t length;
    while ((length = complete(buffer, &body)) > 0) {
        answer(socket, buffer->bytes + body, (size_t)length - body);
        buffer->count -= (size_t)length;
        memmove(buffer->bytes, buffer->bytes + length, buffer->count + 1);
    }
    if (length < 0) drop(socket);
}

static int listening(void) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, most_connections) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        fail("listening on 127.0.0.1");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

static void watch(int poll, int file) {
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = file};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, file, &wanted) != 0) fail("epoll_ctl");
}

static void greet(int poll, int listener) {
    int socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK), yes = 1;
    if (socket < 0) return;
    if (socket >= most_connections) {
        close(socket);
        return;
    }
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    watch(poll, socket);
}

int main(int count, char **arguments) {
    latency = count > 1 ? strtod(arguments[1], NULL) / 1000 : 0;
    int listener = listening(), poll = epoll_create1(0);
    moment_t from = moment();
    watch(poll, listener);
    watch(poll, 0);
    for (;;) {
        struct epoll_event happened[64];
        int count = epoll_wait(poll, happened, 64, deliver_due());
        for (int i = 0; i < count; i++) {
            int file = happened[i].data.fd;
            if (file == 0) {
                report(from, answered);
                return 0;
            }
            if (file == listener) greet(poll, listener);
            else receive(file);
        }
    }
}
