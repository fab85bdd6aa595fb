/* ConnectedSocketAdapter: one connected stream socket as a component.
 *
 *     handler --> [inbox]   ConnectedSocketAdapter [outbox] --> handler      inbox goes to the
 * peer, handler --> [control]                        [signal] --> handler      outbox comes from it
 *                                         [CreatorFeedback] --> TCPServer
 *
 * 1. A short read means that the socket is empty: there is no second read to see EAGAIN.  What
 * waits in inbox goes out in one gathered write.  Writing is only watched for after a short write.
 * 2. While the handler's inbox is full, nothing is read: the peer's window fills, and nothing else.
 * 3. The peer's FIN is producerFinished on signal, after its last byte; the answer still goes out.
 *    producerFinished on control: all that waits is written, then our FIN is sent; when the peer's
 *    has come as well, or nobody reads any more and it does not come for a while, the connection is
 *    over.  shutdownMicroprocess on control: it is over at once.
 * 4. The creator is told when our FIN is out and the peer's is not here yet (producerFinished), and
 *    when it is over (socketShutdown, with the errno); it then closes the socket. */
#include "components/internet/connected_socket_adapter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "graph/loop.h"
#include "graph/readiness.h"

enum { GATHERED = 64 }; /* messages in one write */

#define LINGER 10.0 /* seconds for a peer that does not close after we did */

enum {
    CAN_READ = 1 << 0,    /* told so, and not read since */
    WATCHES = 1 << 1,     /* newReader was sent */
    AWAITS_SEND = 1 << 2, /* newWriter was sent */
    HAS_ENDED = 1 << 3,   /* the peer has finished */
    FINISHED = 1 << 4,    /* we have, and our FIN is out */
    OVER = 1 << 5,        /* the creator was told */
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
    bool has_socket;
};

static void watch(struct component *self, enum message_kind kind)
{
    struct connected_socket_adapter *csa = component_state(self);
    struct message *msg = message_notice(component_pool(self), kind, NULL, 0);

    msg->readiness = &csa->readiness;
    outbox_send(self, CSA_SELECTOR_SIGNAL, msg);
}

static void set_reading(struct component *self, bool reading)
{
    struct connected_socket_adapter *csa = component_state(self);

    if (reading != ((csa->flags & WATCHES) != 0)) {
        csa->flags ^= WATCHES;
        watch(self, reading ? NEW_READER : REMOVE_READER);
    }
}

static void set_awaiting(struct component *self, bool awaiting)
{
    struct connected_socket_adapter *csa = component_state(self);

    if (awaiting != ((csa->flags & AWAITS_SEND) != 0)) {
        csa->flags ^= AWAITS_SEND;
        watch(self, awaiting ? NEW_WRITER : REMOVE_WRITER);
    }
}

static void note_activity(struct component *self)
{
    struct connected_socket_adapter *csa = component_state(self);

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
    set_reading(self, false);
    set_awaiting(self, false);
    if (outbox_is_linked(self, CSA_CREATOR_FEEDBACK)) {
        outbox_notify(self, CSA_CREATOR_FEEDBACK, SOCKET_SHUTDOWN, self, error);
    } else {
        component_finish(self);
    }
}

/* ---- to the peer ---- */

static int gather(struct component *self, struct iovec *parts, size_t *size)
{
    const struct message *last = component_common_inbox(self, CSA_INBOX)->box.last;
    const struct message *msg = last;
    int count = 0;

    *size = 0;
    do {
        msg = msg->next;
        parts[count].iov_base = (void *)(uintptr_t)msg->data;
        parts[count].iov_len = msg->size;
        *size += msg->size;
        count++;
    } while (msg != last && count < GATHERED);
    return count;
}

/* Writes the messages that wait, as many as go into one call; *size is their size. */
static ssize_t write_waiting(struct component *self, int fd, size_t *size)
{
    const struct message *last = component_common_inbox(self, CSA_INBOX)->box.last;
    struct iovec parts[GATHERED];
    struct msghdr header = {.msg_iov = parts};
    ssize_t written;

    if (last->next == last) {
        *size = last->size;
        do {
            written = send(fd, last->data, last->size, MSG_NOSIGNAL);
        } while (written == -1 && errno == EINTR);
        return written;
    }
    header.msg_iovlen = (size_t)gather(self, parts, size);
    do {
        written = sendmsg(fd, &header, MSG_NOSIGNAL);
    } while (written == -1 && errno == EINTR);
    return written;
}

/* What has to wait for a slow peer keeps no more memory than its bytes. */
static void compact_waiting(struct component *self)
{
    struct message *last = component_common_inbox(self, CSA_INBOX)->box.last;
    struct message *msg = last;

    while (msg != NULL) {
        msg = msg->next;
        message_compact(msg);
        if (msg == last) {
            break;
        }
    }
}

/* Writes what waits in inbox. */
static void handle_sending(struct component *self)
{
    struct connected_socket_adapter *csa = component_state(self);

    while (!inbox_is_empty(self, CSA_INBOX)) {
        size_t size;
        const ssize_t written = write_waiting(self, readiness_fd(&csa->readiness), &size);

        if (written == -1 && errno != EAGAIN && errno != EWOULDBLOCK) {
            end(self, errno);
            return;
        }
        if (written >= 0) {
            inbox_consume(self, CSA_INBOX, (size_t)written);
            note_activity(self);
        }
        if (written != (ssize_t)size) {
            compact_waiting(self);
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
    note_activity(self);
    set_reading(self, false);
    outbox_notify(self, CSA_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    if ((csa->flags & FINISHED) != 0) {
        end(self, 0);
    }
}

/* Reads once; libev says so if there is more. */
static void handle_receive(struct component *self)
{
    struct connected_socket_adapter *csa = component_state(self);
    struct pool *pool = component_pool(self);
    unsigned char *bytes;
    size_t room;
    ssize_t received;

    if (!outbox_has_room(self, CSA_OUTBOX)) {
        set_reading(self, false);
        return;
    }
    if (pool_is_short(pool)) {
        set_reading(self, false);
        component_wait_for_memory(self);
        return;
    }
    bytes = message_reserve(pool, 1, &room);
    do {
        received = recv(readiness_fd(&csa->readiness), bytes, room, 0);
    } while (received == -1 && errno == EINTR);
    csa->flags = (uint8_t)(csa->flags & ~CAN_READ);
    if (received > 0) {
        note_activity(self);
        set_reading(self, true);
        outbox_send(self, CSA_OUTBOX, message_commit(pool, (size_t)received));
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
    note_activity(self);
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
static void attend_reading(struct component *self)
{
    struct connected_socket_adapter *csa = component_state(self);

    if ((csa->flags & CAN_READ) != 0) {
        handle_receive(self);
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
            set_awaiting(self, false);
        }
    }
    if (csa_is_told_to_stop(self, CSA_CONTROL)) {
        end(self, 0);
    }
    if ((csa->flags & (OVER | AWAITS_SEND)) == 0) {
        handle_sending(self);
        if ((self->flags & COMPONENT_TOLD) != 0) {
            heed_control(self);
        }
    }
    if ((csa->flags & (OVER | HAS_ENDED)) == 0) {
        attend_reading(self);
    }
}

static int csa_start(struct component *self)
{
    note_activity(self);
    set_reading(self, true);
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

void csa_close(struct component *self)
{
    struct connected_socket_adapter *csa = component_state(self);

    if (!csa->has_socket) {
        return;
    }
    csa->has_socket = false;
    csa->flags |= OVER;
    set_reading(self, false);
    set_awaiting(self, false);
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

bool csa_describe_peer(struct component *self, char *text, size_t size)
{
    const struct connected_socket_adapter *csa = component_state(self);
    const struct peer *peer = &csa->peer;
    char host[INET6_ADDRSTRLEN] = "";
    const bool is_mapped =
        peer->family == AF_INET6 && memcmp(peer->address, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0;

    if (peer->family == AF_INET || is_mapped) {
        (void)inet_ntop(AF_INET, peer->address + (is_mapped ? 12 : 0), host, sizeof(host));
        (void)snprintf(text, size, "%s:%u", host, ntohs(peer->port));
    } else if (peer->family == AF_INET6) {
        (void)inet_ntop(AF_INET6, peer->address, host, sizeof(host));
        (void)snprintf(text, size, "[%s]:%u", host, ntohs(peer->port));
    } else {
        (void)snprintf(text, size, "unix");
    }
    return true;
}

static const struct box_spec inboxes[] = {
    [CSA_INBOX] = {.name = "inbox", .carries = BYTES, .main = true, .doc = "goes to the peer"},
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
                             .doc = "newReader, removeReader, newWriter, removeWriter"},
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
    .start = csa_start,
    .run = csa_run,
    .stop = csa_close,
    .describe_peer = csa_describe_peer,
};
