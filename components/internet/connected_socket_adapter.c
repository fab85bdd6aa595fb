/* ConnectedSocketAdapter: one connected stream socket as a component.
 *
 *     handler --> [inbox]    ConnectedSocketAdapter    [outbox] --> handler
 *     handler --> [control]                            [signal] --> handler
 *                                             [CreatorFeedback] --> TCPServer
 *
 *     inbox goes to the peer, outbox comes from it.
 *
 * 1. A new connection is read before it is watched for: who connects has mostly sent by then.  A
 *    short read means that the socket is empty: there is no second read to see EAGAIN.  What waits
 *    in inbox goes out in one gathered write.  Writing is only watched for after a short one.
 * 2. While the handler's inbox is full, nothing is read: the peer's window fills, and nothing else.
 *    A peer that is gone meanwhile is noticed, about a second later (breaks.h).
 * 3. The peer's FIN is producerFinished on signal, after its last byte; the answer still goes out.
 *    producerFinished on control: all that waits is written, then our FIN is sent; when the peer's
 *    has come as well, or nobody reads any more and it does not come for a while, the connection is
 *    over.  shutdownMicroprocess on control: it is over at once.
 * 4. The creator is told when our FIN is out and the peer's is not here yet (producerFinished), and
 *    when it is over (socketShutdown, with the errno); it then closes the socket. */
#include "components/internet/connected_socket_adapter.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "components/internet/bulk.h"
#include "graph/connection.h"
#include "graph/loop.h"
#include "graph/parcel.h"
#include "graph/pipe.h"
#include "graph/readiness.h"

enum { GATHERED = 64 }; /* messages in one write */

#define LINGER 10.0 /* seconds for a peer that does not close after we did */

enum {
    CAN_READ = 1 << 0,    /* told so or likely, and not read since */
    WATCHES = 1 << 1,     /* newReader was sent */
    AWAITS_SEND = 1 << 2, /* newWriter was sent */
    HAS_ENDED = 1 << 3,   /* the peer has finished */
    FINISHED = 1 << 4,    /* we have, and our FIN is out */
    OVER = 1 << 5,        /* the creator was told */
    MAY_BREAK = 1 << 6,   /* newExceptional was sent */
};

/* A peer's address, no larger than it must be: there may be a hundred thousand. */
struct peer {
    uint16_t family;
    uint16_t port;
    uint8_t address[16];
};

struct connected_socket_adapter {
    struct readiness readiness;
    struct peer peer;
    uint32_t last_active; /* ms of the loop's clock */
    int error;
    uint8_t flags;
    struct bulk bulk;
    bool has_socket;
};

static void watch(struct connected_socket_adapter *csa, enum message_kind kind)
{
    readiness_ask(&csa->readiness, CSA_SELECTOR_SIGNAL, kind);
}

/* Whether it is to be told if the connection breaks, since it watches for nothing else. */
static void set_may_break(struct component *self, bool may_break)
{
    struct connected_socket_adapter *csa = component_state(self);

    if (may_break != ((csa->flags & MAY_BREAK) != 0)) {
        csa->flags ^= MAY_BREAK;
        watch(csa, may_break ? NEW_EXCEPTIONAL : REMOVE_EXCEPTIONAL);
    }
}

static void set_reading(struct component *self, bool reading)
{
    struct connected_socket_adapter *csa = component_state(self);

    if (reading != ((csa->flags & WATCHES) != 0)) {
        set_may_break(self, false);
        csa->flags ^= WATCHES;
        watch(csa, reading ? NEW_READER : REMOVE_READER);
    }
}

static void set_awaiting(struct component *self, bool awaiting)
{
    struct connected_socket_adapter *csa = component_state(self);

    if (awaiting != ((csa->flags & AWAITS_SEND) != 0)) {
        csa->flags ^= AWAITS_SEND;
        watch(csa, awaiting ? NEW_WRITER : REMOVE_WRITER);
    }
}

/* Nothing is read until somebody takes what was. */
static void pause_reading(struct component *self)
{
    set_reading(self, false);
    set_may_break(self, true);
}

static void stop_watching(struct component *self)
{
    const struct connected_socket_adapter *csa = component_state(self);

    if ((csa->flags & (WATCHES | AWAITS_SEND | MAY_BREAK)) != 0) {
        set_reading(self, false);
        set_may_break(self, false);
        set_awaiting(self, false);
    }
}

/* Functions on the path of messages are given csa: to find it anew in each took 8 instructions of a
 * turn's 125. */
static void note_activity(struct component *self, struct connected_socket_adapter *csa)
{
    csa->last_active = loop_ms(component_loop(self));
}

/* The connection is over: the creator is told, and nothing more is done here. */
static void end(struct component *self, int error)
{
    struct connected_socket_adapter *csa = component_state(self);

    if ((csa->flags & OVER) != 0) {
        return;
    }
    csa->flags |= OVER;
    csa->error = error;
    stop_watching(self);
    if (outbox_is_linked(self, CSA_CREATOR_FEEDBACK)) {
        outbox_notify(self, CSA_CREATOR_FEEDBACK, SOCKET_SHUTDOWN, self, error);
    } else {
        component_finish(self);
    }
}

/* It may be broken: ends it if so.  Kept out of csa_run(): whatever has an array there, or the
 * address of a variable, gives each turn a guard of the stack, 7 of its 131 instructions. */
static __attribute__((noinline)) void look_for_error(struct component *self)
{
    const struct connected_socket_adapter *csa = component_state(self);
    int error = 0;
    socklen_t size = sizeof(error);

    if (getsockopt(readiness_fd(&csa->readiness), SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
        error != 0) {
        end(self, error);
    }
}

/* ---- to the peer ---- */

/* What one call has written, or -1 with errno set; and of how much. */
struct sent {
    ssize_t written;
    size_t size;
};

/* As send(2), of as many messages as go into one call.  Kept out of csa_run() as well. */
static __attribute__((noinline)) struct sent write_gathered(struct component *self, int fd)
{
    struct iovec parts[GATHERED];
    struct msghdr header = {.msg_iov = parts};
    size_t size;

    header.msg_iovlen = (size_t)inbox_gather(self, CSA_INBOX, parts, GATHERED, &size);
    return (struct sent){sendmsg(fd, &header, MSG_NOSIGNAL), size};
}

/* Writes what goes into one call. */
static struct sent write_waiting(struct component *self, struct connected_socket_adapter *csa)
{
    const int fd = readiness_fd(&csa->readiness);
    const struct message *last = component_common_inbox(self, CSA_INBOX)->box.last;
    const struct message *first = last->next;
    struct sent sent;

    do {
        if (first->kind == PIPED) {
            sent = (struct sent){bulk_send(&csa->bulk, first, fd), first->size};
        } else if (first == last) {
            sent = (struct sent){send(fd, first->data, first->size, MSG_NOSIGNAL), first->size};
        } else {
            sent = write_gathered(self, fd);
        }
    } while (sent.written == -1 && errno == EINTR);
    return sent;
}

/* Writes what waits in inbox. */
static void handle_sending(struct component *self, struct connected_socket_adapter *csa)
{
    while (!inbox_is_empty(self, CSA_INBOX)) {
        const struct sent sent = write_waiting(self, csa);

        if (sent.written == -1 && errno != EAGAIN && errno != EWOULDBLOCK) {
            end(self, errno);
            return;
        }
        if (sent.written >= 0) {
            inbox_consume(self, CSA_INBOX, (size_t)sent.written);
            note_activity(self, csa);
        }
        if (sent.written != (ssize_t)sent.size) {
            inbox_compact(self, CSA_INBOX);
            set_awaiting(self, true);
            return;
        }
    }
}

/* ---- from the peer ---- */

static void handle_end(struct component *self)
{
    struct connected_socket_adapter *csa = component_state(self);

    csa->flags |= HAS_ENDED;
    note_activity(self, csa);
    set_reading(self, false);
    outbox_notify(self, CSA_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    if ((csa->flags & FINISHED) != 0) {
        end(self, 0);
    }
}

/* As recv(2), into memory that goes on as a message. */
static ssize_t receive_copied(struct component *self, struct connected_socket_adapter *csa)
{
    struct pool *pool = component_pool(self);
    size_t room;
    unsigned char *bytes = message_reserve(pool, 1, &room);
    ssize_t received;

    do {
        received = recv(readiness_fd(&csa->readiness), bytes, room, 0);
    } while (received == -1 && errno == EINTR);
    if (received > 0) {
        bulk_note(&csa->bulk, self, (size_t)received);
        outbox_send(self, CSA_OUTBOX, message_commit(pool, (size_t)received));
    }
    return received;
}

/* Reads once; libev says so if there is more. */
static void handle_receive(struct component *self, struct connected_socket_adapter *csa)
{
    ssize_t received;

    if (!outbox_has_room(self, CSA_OUTBOX)) {
        pause_reading(self);
        return;
    }
    if (pool_is_short(component_pool(self))) {
        pause_reading(self);
        component_wait_for_memory(self);
        return;
    }
    if (!bulk_goes_by_pipes(&csa->bulk, self, CSA_OUTBOX)) {
        received = receive_copied(self, csa);
    } else if (outbox_has_room_for_pipe(self, CSA_OUTBOX)) {
        received = bulk_receive(&csa->bulk, self, CSA_OUTBOX, readiness_fd(&csa->readiness));
    } else {
        pause_reading(self);
        return;
    }
    csa->flags = (uint8_t)(csa->flags & ~CAN_READ);
    if (received > 0) {
        if ((csa->flags & FINISHED) == 0 || outbox_is_linked(self, CSA_OUTBOX)) {
            note_activity(self, csa); /* else nobody reads it, and it does not keep us */
        }
        if ((csa->flags & WATCHES) == 0) {
            set_reading(self, true);
        }
    } else if (received == 0) {
        handle_end(self);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        set_reading(self, true);
    } else {
        end(self, errno);
    }
}

/* ---- life ---- */

/* producerFinished: everything is written, so our FIN goes out. */
static void finish_sending(struct component *self)
{
    struct connected_socket_adapter *csa = component_state(self);

    if ((csa->flags & FINISHED) != 0) {
        outbox_notify(self, CSA_CREATOR_FEEDBACK, PRODUCER_FINISHED, self, 0); /* told once more */
        return;
    }
    csa->flags |= FINISHED;
    note_activity(self, csa);
    if ((csa->flags & HAS_ENDED) != 0) {
        end(self, 0);
    } else if (shutdown(readiness_fd(&csa->readiness), SHUT_WR) == -1) {
        end(self, errno == ENOTCONN ? 0 : errno);
    } else {
        outbox_notify(self, CSA_CREATOR_FEEDBACK, PRODUCER_FINISHED, self, 0);
    }
}

static void heed_control(struct component *self)
{
    struct message *msg;

    while (inbox_is_empty(self, CSA_INBOX) && (msg = inbox_take(self, CSA_CONTROL)) != NULL) {
        if (msg->kind == PRODUCER_FINISHED || msg->kind == SOCKET_SHUTDOWN) {
            finish_sending(self);
        }
        message_release(msg);
    }
}

/* Reads if there is something to read, or has it watched for again once there is room. */
static void attend_reading(struct component *self, struct connected_socket_adapter *csa)
{
    if ((csa->flags & CAN_READ) != 0) {
        handle_receive(self, csa);
    } else if ((csa->flags & WATCHES) == 0 && !pool_is_short(component_pool(self)) &&
               outbox_has_room(self, CSA_OUTBOX)) {
        set_reading(self, true);
    }
}

static void csa_run(struct component *self)
{
    struct connected_socket_adapter *csa = component_state(self);

    if (self->ready != 0) {
        if (inbox_is_ready(self, CSA_READ_READY)) {
            csa->flags |= CAN_READ;
        }
        if (inbox_is_ready(self, CSA_SEND_READY)) {
            if ((csa->flags & (MAY_BREAK | OVER)) == MAY_BREAK) {
                look_for_error(self);
            }
            set_awaiting(self, false);
        }
    }
    if (component_is_told_to_stop(self) && csa_is_told_to_stop(self, CSA_CONTROL)) {
        end(self, 0);
    }
    if ((csa->flags & (OVER | AWAITS_SEND)) == 0) {
        handle_sending(self, csa);
        if ((self->flags & COMPONENT_TOLD) != 0) {
            heed_control(self);
        }
    }
    if ((csa->flags & (OVER | HAS_ENDED)) == 0) {
        attend_reading(self, csa);
    }
}

/* A connection that comes from another process may be closed in one way already. */
static int csa_start(struct component *self)
{
    struct connected_socket_adapter *csa = component_state(self);

    note_activity(self, csa);
    if ((csa->flags & CAN_READ) != 0) {
        component_wake(self);
    } else if ((csa->flags & HAS_ENDED) == 0) {
        set_reading(self, true);
    }
    if ((csa->flags & FINISHED) != 0) {
        outbox_notify(self, CSA_CREATOR_FEEDBACK, PRODUCER_FINISHED, self, 0);
    }
    return 0;
}

void csa_init(struct component *self, int fd, const struct sockaddr_storage *peer)
{
    struct connected_socket_adapter *csa = component_state(self);

    readiness_init(&csa->readiness, self, fd, CSA_READ_READY, CSA_SEND_READY);
    csa->has_socket = true;
    csa->peer.family = (uint16_t)peer->ss_family;
    if (peer->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)peer;

        csa->peer.port = in->sin_port;
        memcpy(csa->peer.address, &in->sin_addr, sizeof(in->sin_addr));
    } else if (peer->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)peer;

        csa->peer.port = in6->sin6_port;
        memcpy(csa->peer.address, &in6->sin6_addr, sizeof(in6->sin6_addr));
    }
}

void csa_expect(struct component *self)
{
    struct connected_socket_adapter *csa = component_state(self);

    csa->flags |= CAN_READ;
}

/* The socket, and which of its ways are closed, unless the connection is over. */
static bool csa_save(struct component *self, struct parcel *to)
{
    const struct connected_socket_adapter *csa = component_state(self);

    if (!csa->has_socket || (csa->flags & OVER) != 0) {
        return false;
    }
    parcel_put(to, &csa->peer, sizeof(csa->peer));
    parcel_put_number(to, csa->flags & (HAS_ENDED | FINISHED));
    parcel_put_fd(to, readiness_fd(&csa->readiness));
    return true;
}

static bool csa_restore(struct component *self, struct parcel *from)
{
    struct connected_socket_adapter *csa = component_state(self);
    const void *peer = parcel_get(from, sizeof(csa->peer));
    const uint64_t closed = parcel_get_number(from);
    const int fd = parcel_get_fd(from);

    if (fd == -1) {
        return false;
    }
    readiness_init(&csa->readiness, self, fd, CSA_READ_READY, CSA_SEND_READY);
    csa->has_socket = true;
    if (peer != NULL) {
        memcpy(&csa->peer, peer, sizeof(csa->peer));
    }
    csa->flags = (uint8_t)(closed & (HAS_ENDED | FINISHED));
    return !from->is_bad && csa->flags != (HAS_ENDED | FINISHED);
}

void csa_close(struct component *self)
{
    struct connected_socket_adapter *csa = component_state(self);

    if (!csa->has_socket) {
        return;
    }
    csa->has_socket = false;
    csa->flags |= OVER;
    bulk_stop(&csa->bulk, self);
    stop_watching(self);
    ev_clear_pending(component_ev(self), &csa->readiness.io);
    (void)close(readiness_fd(&csa->readiness));
}

double csa_quiet(const struct component *self)
{
    const struct connected_socket_adapter *csa =
        component_state((struct component *)(uintptr_t)self);

    return (loop_ms(component_loop(self)) - csa->last_active) / 1000.0;
}

double csa_expire(struct component *self, double idle)
{
    const struct connected_socket_adapter *csa = component_state(self);
    const double quiet = csa_quiet(self);
    const bool is_lingering = (csa->flags & FINISHED) != 0 && !outbox_is_linked(self, CSA_OUTBOX);
    double left = idle;

    if (self->state != RUNNING || (csa->flags & OVER) != 0) {
        return 0;
    }
    if (idle > 0 && quiet >= idle) {
        end(self, ETIMEDOUT);
        return 0;
    }
    if (is_lingering && quiet >= LINGER) {
        end(self, 0);
        return 0;
    }
    if (is_lingering && (idle <= 0 || idle > LINGER)) {
        left = LINGER;
    }
    return left > 0 ? left - quiet : 0;
}

int csa_error(const struct component *self)
{
    const struct connected_socket_adapter *csa =
        component_state((struct component *)(uintptr_t)self);

    return csa->error;
}

bool csa_has_finished(const struct component *self)
{
    const struct connected_socket_adapter *csa =
        component_state((struct component *)(uintptr_t)self);

    return (csa->flags & FINISHED) != 0;
}

bool csa_is_told_to_stop(struct component *component, unsigned control)
{
    const struct message *last;
    const struct message *msg;

    if (!component_is_told_to_stop(component) || inbox_is_empty(component, control)) {
        return false;
    }
    last = component_inbox(component, control)->box.last;
    msg = last;
    do {
        msg = msg->next;
        if (msg->kind == SHUTDOWN_MICROPROCESS ||
            (msg->kind == SOCKET_SHUTDOWN && msg->error != 0)) {
            return true;
        }
    } while (msg != last);
    return false;
}

/* The peer, as accept4(2) had it. */
static void get_peer(const struct connected_socket_adapter *csa, struct sockaddr_storage *peer)
{
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)peer;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)peer;

    *peer = (struct sockaddr_storage){.ss_family = csa->peer.family};
    if (csa->peer.family == AF_INET) {
        in->sin_port = csa->peer.port;
        memcpy(&in->sin_addr, csa->peer.address, sizeof(in->sin_addr));
    } else if (csa->peer.family == AF_INET6) {
        in6->sin6_port = csa->peer.port;
        memcpy(&in6->sin6_addr, csa->peer.address, sizeof(in6->sin6_addr));
    }
}

bool csa_describe_peer(struct component *self, char *text, size_t size)
{
    struct sockaddr_storage peer;

    get_peer(component_state(self), &peer);
    if (!connection_address(&peer, text, size)) {
        (void)snprintf(text, size, "unix");
    }
    return true;
}

static enum waits csa_waits_for(struct component *self, char *text, size_t size)
{
    const struct connected_socket_adapter *csa = component_state(self);
    const struct inbox *in = component_common_inbox(self, CSA_INBOX);

    if ((csa->flags & AWAITS_SEND) != 0) {
        (void)snprintf(text, size, "the peer to read: %u bytes to be sent",
                       in->box.queued_cost - in->box.queued * MESSAGE_COST);
        return WAITS_OUT;
    }
    if ((csa->flags & (WATCHES | HAS_ENDED | OVER)) == 0 && pool_is_short(component_pool(self))) {
        (void)snprintf(text, size, "memory: all of buffer_memory is used");
        return WAITS_OUT;
    }
    if ((csa->flags & (WATCHES | FINISHED)) == (WATCHES | FINISHED)) {
        (void)snprintf(text, size, "the peer to close");
        return WAITS_IN;
    }
    if ((csa->flags & WATCHES) != 0) {
        (void)snprintf(text, size, "the peer to send");
        return WAITS_IN;
    }
    if ((csa->flags & (HAS_ENDED | OVER)) == HAS_ENDED) {
        (void)snprintf(text, size, "the end of the answer: the peer has sent all it had");
        return WAITS_IN;
    }
    return WAITS_NOT;
}

static bool csa_connection_ends(struct component *self, struct connection_ends *ends)
{
    const struct connected_socket_adapter *csa = component_state(self);
    socklen_t size = sizeof(ends->local);

    get_peer(csa, &ends->peer);
    return csa->has_socket &&
           getsockname(readiness_fd(&csa->readiness), (struct sockaddr *)&ends->local, &size) == 0;
}

static const struct box_spec inboxes[] = {
    [CSA_INBOX] = {.name = "inbox",
                   .carries = BYTES,
                   .main = true,
                   .takes_pipes = true,
                   .doc = "goes to the peer"},
    [CSA_CONTROL] = {.name = "control",
                     .carries = NOTICES,
                     .doc = "producerFinished: write the rest, then close; shutdownMicroprocess: "
                            "close"},
    [CSA_MAKESSL] = {.name = "makessl",
                     .carries = NOTICES,
                     .rare = true,
                     .doc = "for TLS; without effect yet"},
    [CSA_READ_READY] = {.name = "ReadReady",
                        .carries = READINESS,
                        .rare = true,
                        .doc = "the Selector: there is something to read"},
    [CSA_SEND_READY] = {.name = "SendReady",
                        .carries = READINESS,
                        .rare = true,
                        .doc = "the Selector: there is room to write"},
    {0},
};
static const struct box_spec outboxes[] = {
    [CSA_OUTBOX] = {.name = "outbox", .carries = BYTES, .main = true, .doc = "came from the peer"},
    [CSA_SIGNAL] = {.name = "signal",
                    .carries = NOTICES,
                    .doc = "producerFinished: the peer has sent all it had"},
    [CSA_CREATOR_FEEDBACK] = {.name = "CreatorFeedback",
                              .carries = NOTICES,
                              .rare = true,
                              .to_maker = true,
                              .doc = "socketShutdown: the connection is over, and why; "
                                     "producerFinished: all is sent, the peer has not closed"},
    [CSA_SELECTOR_SIGNAL] = {.name = "_selectorSignal",
                             .carries = NOTICES,
                             .rare = true,
                             .service = "selector",
                             .doc = "newReader, newWriter, newExceptional, removeReader and its "
                                    "like"},
    [CSA_SSLREADY] = {.name = "sslready",
                      .carries = NOTICES,
                      .rare = true,
                      .doc = "for TLS; says nothing yet"},
    {0},
};

const struct component_type connected_socket_adapter_type = {
    .name = "ConnectedSocketAdapter",
    .summary = "one connected socket, made by TCPServer or TCPClient",
    .size = sizeof(struct connected_socket_adapter),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .heeds_control = true,
    .save = csa_save,
    .restore = csa_restore,
    .start = csa_start,
    .run = csa_run,
    .stop = csa_close,
    .describe_peer = csa_describe_peer,
    .connection_ends = csa_connection_ends,
    .waits_for = csa_waits_for,
};
