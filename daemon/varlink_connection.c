/* One client's connection: bytes in, requests one at a time, replies out.
 *
 * Everything happens in on_io(): a turn reads once, does one thing (takes up a request, or has a
 * stream produce a batch), writes once, and arms the watcher for what is left to do.  EV_WRITE
 * stands also for "there is work": it brings us back in the next iteration, after everybody else.
 */
#include "daemon/varlink_private.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    READ_SIZE = 64 << 10, /* bytes at a time, and ahead of the request in hand */
    KEEP_SIZE = 16 << 10, /* an empty buffer of at most this size is kept */
    FIRST_SIZE = 4 << 10,
};

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

bool varlink_connection_peer_is_gone(const struct varlink_connection *conn)
{
    struct pollfd fd = {.fd = conn->io.fd};

    return poll(&fd, 1, 0) == 1 && (fd.revents & (POLLHUP | POLLERR)) != 0;
}

size_t varlink_connection_pending(const struct varlink_connection *conn)
{
    return conn->output.size - conn->output.head;
}

void varlink_connection_lose(struct varlink_connection *conn)
{
    conn->lost = true;
    if (!conn->in_turn) {
        varlink_server_nudge(conn->server, conn);
    }
}

/* Looks for the end of the request at head. */
static void find_frame(struct varlink_connection *conn)
{
    const char *end;

    if (conn->input.frame != 0 || conn->input.scanned == conn->input.size) {
        return;
    }
    end = memchr(conn->input.bytes + conn->input.scanned, '\0',
                 conn->input.size - conn->input.scanned);
    if (end != NULL) {
        conn->input.frame = (size_t)(end - conn->input.bytes) + 1 - conn->input.head;
    } else {
        conn->input.scanned = conn->input.size;
    }
}

/* How much more may be read now.  During a call, or with a request at hand, only so much that we
 * notice when the client goes. */
static size_t read_allowance(const struct varlink_connection *conn)
{
    size_t waiting = conn->input.size - conn->input.head;
    size_t limit = conn->server->max_request + 1;

    if ((conn->call.active || conn->input.frame != 0) && limit > READ_SIZE) {
        limit = READ_SIZE;
    }
    if (conn->eof || waiting >= limit) {
        return 0;
    }
    return limit - waiting < READ_SIZE ? limit - waiting : READ_SIZE;
}

/* Makes room for some bytes of input, up to wanted. */
static size_t make_input_room(struct varlink_connection *conn, size_t wanted)
{
    size_t capacity = conn->input.capacity;
    char *bytes;

    if (conn->input.head > 0) {
        memmove(conn->input.bytes, conn->input.bytes + conn->input.head,
                conn->input.size - conn->input.head);
        conn->input.scanned -= conn->input.head;
        conn->input.size -= conn->input.head;
        conn->input.head = 0;
    }
    if (conn->input.size == capacity) {
        capacity = capacity == 0 ? FIRST_SIZE : 2 * capacity;
        bytes = realloc(conn->input.bytes, capacity);
        if (bytes == NULL) {
            return 0;
        }
        conn->input.bytes = bytes;
        conn->input.capacity = capacity;
    }
    return wanted < capacity - conn->input.size ? wanted : capacity - conn->input.size;
}

static void connection_read(struct varlink_connection *conn)
{
    size_t room = read_allowance(conn);
    ssize_t got;

    if (room == 0) {
        return;
    }
    room = make_input_room(conn, room);
    if (room == 0) {
        conn->lost = true;
        return;
    }
    got = recv(conn->io.fd, conn->input.bytes + conn->input.size, room, 0);
    if (got == -1) {
        if (errno != EAGAIN && errno != EINTR) {
            conn->lost = true;
        }
        return;
    }
    if (got == 0) {
        conn->eof = true;
        conn->hup = varlink_connection_peer_is_gone(conn);
        return;
    }
    conn->input.size += (size_t)got;
    find_frame(conn);
    if (conn->input.frame == 0 && conn->input.size - conn->input.head > conn->server->max_request) {
        conn->lost = true; /* whatever this is, it is too long for a request */
    }
}

static void connection_write(struct varlink_connection *conn)
{
    size_t pending = varlink_connection_pending(conn);
    ssize_t sent;

    if (pending == 0 || conn->lost) {
        return;
    }
    sent = send(conn->io.fd, conn->output.bytes + conn->output.head, pending,
                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent == -1) {
        if (errno != EAGAIN && errno != EINTR) {
            conn->lost = true;
        }
        return;
    }
    conn->output.head += (size_t)sent;
    if (conn->output.head < conn->output.size) {
        return;
    }
    conn->output.head = 0;
    conn->output.size = 0;
    if (conn->output.capacity > KEEP_SIZE) {
        free(conn->output.bytes);
        conn->output.bytes = NULL;
        conn->output.capacity = 0;
    }
}

/* Takes up the request at head.  It stays where it is until the handler has seen it. */
static void take_request(struct varlink_connection *conn)
{
    size_t size = conn->input.frame - 1;

    if (size > conn->server->max_request ||
        !varlink_dispatch(conn, conn->input.bytes + conn->input.head, size)) {
        conn->lost = true;
        return;
    }
    conn->input.head += conn->input.frame;
    conn->input.scanned = conn->input.head;
    conn->input.frame = 0;
    if (conn->input.head == conn->input.size) {
        conn->input.head = 0;
        conn->input.scanned = 0;
        conn->input.size = 0;
        if (conn->input.capacity > KEEP_SIZE) {
            free(conn->input.bytes);
            conn->input.bytes = NULL;
            conn->input.capacity = 0;
        }
    }
    find_frame(conn);
}

static bool wants_to_produce(const struct varlink_connection *conn)
{
    return conn->call.active && conn->call.produce != NULL && varlink_call_has_room(&conn->call);
}

static bool wants_to_take_request(const struct varlink_connection *conn)
{
    return !conn->call.active && conn->input.frame != 0 && varlink_connection_pending(conn) == 0;
}

static void do_one_thing(struct varlink_connection *conn)
{
    bool produces = wants_to_produce(conn);
    double start;

    if (conn->lost || (!produces && !wants_to_take_request(conn)) || !varlink_turn_admits(conn)) {
        return;
    }
    start = now();
    if (produces) {
        conn->call.produce(&conn->call);
    } else {
        take_request(conn);
    }
    conn->server->turn.spent += now() - start;
}

static bool is_over(const struct varlink_connection *conn)
{
    if (conn->lost) {
        return true;
    }
    if (conn->call.active) {
        return conn->hup;
    }
    return conn->eof && conn->input.frame == 0 && varlink_connection_pending(conn) == 0;
}

/* Arms the watcher for what there is to do. */
static void arm(struct varlink_connection *conn)
{
    struct varlink_server *server = conn->server;
    int events = 0;

    if (read_allowance(conn) > 0) {
        events |= EV_READ;
    }
    if (varlink_connection_pending(conn) > 0 || wants_to_produce(conn) ||
        wants_to_take_request(conn)) {
        events |= EV_WRITE;
    }
    conn->deaf = conn->call.active && (events & EV_READ) == 0;
    if (conn->deaf && !ev_is_active(&server->patrol)) {
        ev_timer_again(server->loop, &server->patrol);
    }
    if (events != (conn->io.events & (EV_READ | EV_WRITE))) {
        ev_io_stop(server->loop, &conn->io);
        ev_io_set(&conn->io, conn->io.fd, events);
        if (events != 0) {
            ev_io_start(server->loop, &conn->io);
        }
    }
}

static void take_turn(struct varlink_connection *conn, int revents)
{
    conn->in_turn = true;
    if ((revents & EV_READ) != 0 && !conn->lost) {
        connection_read(conn);
    }
    connection_write(conn);
    do_one_thing(conn);
    connection_write(conn);
    conn->in_turn = false;

    if (is_over(conn)) {
        varlink_connection_destroy(conn);
    } else {
        arm(conn);
    }
}

static void on_io(struct ev_loop *loop, ev_io *watcher, int revents)
{
    struct varlink_connection *conn = watcher->data;
    const struct varlink_service *service = conn->server->service;
    void *context = conn->server->context;

    if (service->enter != NULL) {
        service->enter(context);
    }
    take_turn(conn, revents);
    if (service->leave != NULL) {
        service->leave(context);
    }
}

/* Makes room for size more bytes of output. */
static bool make_output_room(struct varlink_connection *conn, size_t size)
{
    size_t capacity = conn->output.capacity == 0 ? FIRST_SIZE : conn->output.capacity;
    char *bytes;

    if (conn->output.head > 0 && conn->output.size + size > conn->output.capacity) {
        conn->output.size -= conn->output.head;
        memmove(conn->output.bytes, conn->output.bytes + conn->output.head, conn->output.size);
        conn->output.head = 0;
    }
    while (capacity - conn->output.size < size) {
        capacity *= 2;
    }
    if (capacity != conn->output.capacity) {
        bytes = realloc(conn->output.bytes, capacity);
        if (bytes == NULL) {
            return false;
        }
        conn->output.bytes = bytes;
        conn->output.capacity = capacity;
    }
    return true;
}

static int append(const char *bytes, size_t size, void *data)
{
    struct varlink_connection *conn = data;

    if (!make_output_room(conn, size)) {
        return -1;
    }
    memcpy(conn->output.bytes + conn->output.size, bytes, size);
    conn->output.size += size;
    return 0;
}

void varlink_connection_send(struct varlink_connection *conn, json_t *message)
{
    if (conn->lost) {
        return;
    }
    if (json_dump_callback(message, append, conn, JSON_COMPACT) == -1 ||
        append("", 1, conn) == -1) {
        varlink_connection_lose(conn); /* out of memory, with half a message written */
        return;
    }
    if (!conn->in_turn) {
        varlink_server_nudge(conn->server, conn);
    }
}

struct varlink_connection *varlink_connection_create(struct varlink_server *server, int fd,
                                                     const struct varlink_peer *peer)
{
    struct varlink_connection *conn = calloc(1, sizeof(*conn));

    if (conn == NULL) {
        close(fd);
        return NULL;
    }
    conn->server = server;
    conn->peer = *peer;
    ev_io_init(&conn->io, on_io, fd, EV_READ);
    conn->io.data = conn;
    ev_io_start(server->loop, &conn->io);
    return conn;
}

void varlink_connection_destroy(struct varlink_connection *conn)
{
    struct varlink_server *server = conn->server;

    connection_write(conn); /* what fits: the server may be going, with answers unsent */
    conn->in_turn = true;   /* a hook that replies in spite of all changes nothing */
    conn->lost = true;
    varlink_call_end(&conn->call);

    if (conn->next != NULL) {
        conn->next->previous = conn->previous;
    }
    if (conn->previous != NULL) {
        conn->previous->next = conn->next;
    } else {
        server->connections = conn->next;
    }
    server->clients--;
    ev_io_stop(server->loop, &conn->io);
    close(conn->io.fd);
    free(conn->input.bytes);
    free(conn->output.bytes);
    free(conn);
    varlink_server_resume(server);
}
