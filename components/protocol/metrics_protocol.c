/* MetricsProtocol: answers Prometheus over HTTP.
 *
 *     "GET /metrics …" --> [inbox] MetricsProtocol [outbox] --> "HTTP/1.1 200 OK …"
 *                                    │      ▲
 *                      metrics_ask() ▼      │ the text, one for all who have asked
 *                                    the loop (metrics.h)
 *
 * 1. GET and HEAD of /metrics; other paths get 404, other methods 405.  The format follows Accept:
 *    OpenMetrics for who wants it at least as much, else Prometheus' own.
 * 2. One request is read at a time; what comes behind it waits in inbox.  A connection is kept for
 *    more, unless the client would rather not.
 * 3. A head takes at most HEAD_MOST bytes and "timeout", and a body, which is of no use here,
 *    BODY_MOST.  What can't be understood gets an answer that says so, and the connection ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "components/protocol/http_request.h"
#include "components/util/alarm.h"
#include "graph/component.h"
#include "graph/loop.h"
#include "graph/metrics.h"

enum {
    HEAD_MOST = 8192,
    BODY_MOST = 65536,
    REQUESTS = 16, /* answered in a turn */
};

enum state {
    READING = 0, /* a head, or waiting for one */
    SKIPPING,    /* a body */
    WAITING,     /* for the metrics */
    SENDING,     /* them */
};

struct metrics_protocol {
    double timeout; /* parameter, s */
    enum state state;
    char *head; /* NULL: nothing of it has come */
    size_t used;
    struct alarm alarm; /* until when the rest has to come */
    struct http_request request;
    unsigned status; /* of the answer */
    uint64_t body;   /* bytes that are still to be skipped */
    struct metrics_request wish;
    struct metrics_text *text;
    size_t next;       /* part to be sent */
    uint64_t requests; /* statistics */
    uint64_t refused;
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = BYTES, .doc = "requests"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "answer the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "answers"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_DURATION(struct metrics_protocol, timeout), .fallback = "10s", .min = 0.01, .max = 3600,
     .doc = "how long a client may take for a request, once it has begun"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct metrics_protocol, requests), .unit = "requests", .doc = "in all"},
    {STAT(struct metrics_protocol, refused), .unit = "requests", .doc = "not answered with 200"},
    {0},
};

static const char *const content_types[METRICS_FORMATS] = {
    [METRICS_TEXT] = "text/plain; version=0.0.4; charset=utf-8",
    [METRICS_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/* ---- answers ---- */

static void send_text(struct component *self, const char *text, int size)
{
    outbox_send(self, OUTBOX, message_copy(component_pool(self), text, (size_t)size));
}

static void send_head(struct component *self, const char *content_type, size_t size)
{
    const struct metrics_protocol *protocol = component_state(self);
    const struct http_request *request = &protocol->request;
    char text[400];

    send_text(self, text,
              snprintf(text, sizeof(text),
                       "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s%s\r\n",
                       protocol->status, http_reason(protocol->status), content_type, size,
                       protocol->status == 405 ? "Allow: GET, HEAD\r\n" : "",
                       request->keep_alive ? "" : "Connection: close\r\n"));
}

/* One request is done with: the next, or the end. */
static void go_on_reading(struct component *self)
{
    struct metrics_protocol *protocol = component_state(self);

    protocol->state = READING;
    if (!protocol->request.keep_alive) {
        component_finish(self);
    }
}

static void send_refusal(struct component *self)
{
    struct metrics_protocol *protocol = component_state(self);
    const char *hint = protocol->status == 404   ? "; metrics are at /metrics"
                       : protocol->status == 405 ? "; metrics are for GET and HEAD"
                                                 : "";
    char text[100];
    const int size = snprintf(text, sizeof(text), "%u %s%s\n", protocol->status,
                              http_reason(protocol->status), hint);

    protocol->refused++;
    send_head(self, "text/plain; charset=utf-8", (size_t)size);
    if (protocol->request.method != HTTP_HEAD) {
        send_text(self, text, size);
    }
    go_on_reading(self);
}

static void on_metrics(struct metrics_request *wish, struct metrics_text *text)
{
    struct component *self = wish->data;
    struct metrics_protocol *protocol = component_state(self);

    protocol->text = text;
    protocol->next = 0;
    protocol->state = SENDING;
    component_wake(self);
}

static void ask(struct component *self)
{
    struct metrics_protocol *protocol = component_state(self);
    const struct http_request *request = &protocol->request;
    const bool is_open =
        request->wants_openmetrics > 0 && request->wants_openmetrics >= request->wants_text;

    protocol->state = WAITING;
    protocol->wish = (struct metrics_request){
        .format = is_open ? METRICS_OPENMETRICS : METRICS_TEXT, .ready = on_metrics, .data = self};
    metrics_ask(component_loop(self), &protocol->wish);
}

/* Sends as much as there is room for. */
static void send_metrics(struct component *self)
{
    struct metrics_protocol *protocol = component_state(self);
    struct metrics_text *text = protocol->text;

    if (protocol->next == 0) {
        send_head(self, content_types[protocol->wish.format], text->size);
    }
    while (protocol->request.method == HTTP_GET && protocol->next < text->count) {
        outbox_send(self, OUTBOX,
                    message_share(component_pool(self), text->parts[protocol->next++]));
        if (!outbox_has_room(self, OUTBOX) && protocol->next < text->count) {
            return;
        }
    }
    metrics_text_release(text);
    protocol->text = NULL;
    go_on_reading(self);
}

/* ---- requests ---- */

static void forget_head(struct component *self)
{
    struct metrics_protocol *protocol = component_state(self);

    free(protocol->head);
    protocol->head = NULL;
    protocol->used = 0;
    alarm_stop(self, &protocol->alarm);
}

/* A request that was not read to its end, or can't be. */
static void refuse(struct component *self, unsigned status)
{
    struct metrics_protocol *protocol = component_state(self);

    forget_head(self);
    protocol->requests++;
    protocol->request = (struct http_request){.path = "", .method = HTTP_OTHER};
    protocol->status = status;
    send_refusal(self);
}

static unsigned answer_to(const struct http_request *request)
{
    static const char path[] = "/metrics";

    if (request->status != 0) {
        return request->status;
    }
    if (request->body_size > BODY_MOST) {
        return 413;
    }
    if (request->path_size != sizeof(path) - 1 ||
        memcmp(request->path, path, sizeof(path) - 1) != 0) {
        return 404;
    }
    return request->method == HTTP_OTHER ? 405 : 200;
}

/* The head is whole. */
static void read_head(struct component *self, size_t size)
{
    struct metrics_protocol *protocol = component_state(self);

    protocol->requests++;
    protocol->request = http_request_parse(protocol->head, size);
    protocol->status = answer_to(&protocol->request);
    if (protocol->status == 413) {
        protocol->request.keep_alive = false;
        protocol->request.body_size = 0;
    }
    protocol->request.path = ""; /* it lay in the head */
    protocol->body = protocol->request.body_size;
    protocol->state = SKIPPING;
    forget_head(self);
    if (protocol->body > 0) {
        alarm_set(self, &protocol->alarm, protocol->timeout);
    }
}

/* Empty lines before a request are no part of it. */
static void skip_empty_lines(struct metrics_protocol *protocol)
{
    size_t empty = 0;

    while (empty < protocol->used &&
           (protocol->head[empty] == '\r' || protocol->head[empty] == '\n')) {
        empty++;
    }
    protocol->used -= empty;
    memmove(protocol->head, protocol->head + empty, protocol->used);
}

/* Takes from the next message what may belong to the head.  Returns false if there is nothing more
 * to be read now. */
static bool take_of_head(struct component *self)
{
    struct metrics_protocol *protocol = component_state(self);
    const struct message *msg = inbox_peek(self, INBOX);
    const size_t before = protocol->used;
    size_t size;
    size_t end;

    if (msg == NULL) {
        return false;
    }
    if (protocol->head == NULL) {
        protocol->head = mem_alloc(HEAD_MOST);
        alarm_set(self, &protocol->alarm, protocol->timeout);
    }
    size = message_size(msg) < HEAD_MOST - before ? message_size(msg) : HEAD_MOST - before;
    memcpy(protocol->head + before, msg->data, size);
    protocol->used += size;
    if (before == 0) {
        skip_empty_lines(protocol);
    }
    end = http_head_end(protocol->head, protocol->used, before);
    inbox_consume(self, INBOX, end != 0 ? size - (protocol->used - end) : size);
    if (end != 0) {
        read_head(self, end);
    } else if (protocol->used == HEAD_MOST) {
        refuse(self, 431);
    } else if (protocol->used == 0) {
        forget_head(self);
    }
    return true;
}

/* Takes from the next message what belongs to the body; at its end, the answer.  Returns false if
 * there is nothing more to be read now. */
static bool skip_body(struct component *self)
{
    struct metrics_protocol *protocol = component_state(self);
    const struct message *msg = inbox_peek(self, INBOX);
    size_t size;

    if (protocol->body == 0) {
        alarm_stop(self, &protocol->alarm);
        if (protocol->status == 200) {
            ask(self);
        } else {
            send_refusal(self);
        }
        return true;
    }
    if (msg == NULL) {
        return false;
    }
    size = message_size(msg) < protocol->body ? message_size(msg) : (size_t)protocol->body;
    protocol->body -= size;
    inbox_consume(self, INBOX, size);
    return true;
}

static bool is_late(const struct metrics_protocol *protocol)
{
    return (protocol->head != NULL || (protocol->state == SKIPPING && protocol->body > 0)) &&
           !alarm_is_set(&protocol->alarm);
}

/* Does the next thing.  Returns false if it has to wait. */
static bool do_next(struct component *self)
{
    struct metrics_protocol *protocol = component_state(self);

    if (is_late(protocol)) {
        refuse(self, 408);
        return true;
    }
    switch (protocol->state) {
    case READING:
        return take_of_head(self);
    case SKIPPING:
        return skip_body(self);
    case WAITING:
        return false;
    case SENDING:
        send_metrics(self);
        return protocol->state != SENDING;
    }
    return false;
}

static void metrics_protocol_run(struct component *self)
{
    const struct metrics_protocol *protocol = component_state(self);
    const uint64_t most = protocol->requests + REQUESTS;

    while ((self->flags & COMPONENT_ENDING) == 0 && outbox_has_room(self, OUTBOX)) {
        if (protocol->requests == most) {
            component_wake(self); /* others have their turn before the rest */
            return;
        }
        if (!do_next(self)) {
            return;
        }
    }
}

/* What has been asked is answered first; half a request is not. */
static bool metrics_protocol_flush(struct component *self)
{
    const struct metrics_protocol *protocol = component_state(self);

    return protocol->state == READING || (protocol->state == SKIPPING && protocol->body > 0);
}

static void metrics_protocol_stop(struct component *self)
{
    struct metrics_protocol *protocol = component_state(self);

    forget_head(self);
    metrics_withdraw(&protocol->wish);
    metrics_text_release(protocol->text);
    protocol->text = NULL;
}

const struct component_type metrics_protocol_type = {
    .name = "MetricsProtocol",
    .on_main_thread = true,
    .summary = "answers Prometheus over HTTP: GET /metrics",
    .size = sizeof(struct metrics_protocol),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .run = metrics_protocol_run,
    .flush = metrics_protocol_flush,
    .stop = metrics_protocol_stop,
};
