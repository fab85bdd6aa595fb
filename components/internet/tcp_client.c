/* TCPClient: connects to a server, and then is its ConnectedSocketAdapter for all who are linked.
 *
 *     handler --> [inbox]   ═══> csa.inbox      csa.outbox ═══> [outbox] --> handler
 *     handler --> [control] ═══> csa.control    csa.signal ═══> [signal] --> handler
 *                 [_socketFeedback] <-- csa.CreatorFeedback
 *
 * The linkages ═══> are passthroughs, made once it is connected: from then on no message is seen
 * here.  The rest is about what comes before and after.
 *
 * 1. Until it is connected, what comes waits in inbox, and whoever sends waits when that is full.
 *    producerFinished waits behind it: all is still delivered.  shutdownMicroprocess ends the
 *    attempt.
 * 2. Addresses of a name are tried in the order of RFC 6724, IPv6 and IPv4 by turns.  One that
 *    refuses is followed by the next at once; one that says nothing has 250 ms before the next is
 *    tried beside it, and connect_timeout in all.  The first that answers is taken.
 * 3. The server's FIN is producerFinished on signal, after its last byte; producerFinished on
 *    control sends ours, after our last byte.  The connection is over when both have gone.
 * 4. When the connection could not be made, or broke, signal says producerFinished with the errno
 *    and the component has failed, alone.
 * 5. With reconnect, signal says nothing of the kind: the connection is made again, after a pause
 *    that doubles from reconnect_min to reconnect_max, and what was not sent is sent then.  It ends
 *    when it is told to and has nothing left to send.
 * 6. A connection on which nothing comes or goes for idle_timeout is closed, in order: that is no
 *    failure.  It is looked at by a timer now and then, so a message costs nothing more. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "components/internet/connected_socket_adapter.h"
#include "components/internet/connector.h"
#include "components/internet/dial.h"
#include "components/internet/socket_options.h"
#include "components/util/alarm.h"
#include "graph/backoff.h"
#include "graph/document.h"
#include "graph/error.h"
#include "graph/graph.h"
#include "graph/handover.h"
#include "graph/parcel.h"
#include "graph/plan.h"
#include "graph/value.h"
#include "graph/waiting.h"

#define LONGEST 31536000.0 /* s, that it may wait for anything */

struct tcp_client {
    const char *host;
    int64_t port;
    double delay;
    double connect_timeout;
    bool reconnect;
    bool nodelay;
    bool keepalive;
    double reconnect_min;
    double reconnect_max;
    double idle_timeout;
    struct socket_options socketOptions;

    struct list sockets;   /* the graph of its ConnectedSocketAdapter */
    struct component *csa; /* NULL: not connected */
    struct dial *dial;     /* NULL: not connecting */
    struct alarm alarm;    /* set: waits to begin, or until a connection may be idle */
    double pause;          /* before the last attempt to reconnect, seconds */
    double since;          /* when it was connected last, ev_now() */
    bool complained;
    bool finishing;   /* it was told to: no reconnecting */
    bool is_restored; /* from another process: .since is how long to wait before connecting, s */
    bool was_idle;    /* the connection was closed by idle_timeout */
    uint64_t connected;
    uint64_t failed;
    uint64_t timed_out;
};

enum { INBOX, CONTROL, SOCKET_FEEDBACK, MAKESSL, CONNECTED };
enum { OUTBOX, SIGNAL, SELECTOR_SIGNAL, SSLREADY };

static const char *name(const struct tcp_client *client, char *text)
{
    return dial_name(client->host, (int)client->port, text, DIAL_NAME_SIZE);
}

/* ---- before the connection ---- */

/* True if it was told to finish and has nothing left to deliver. */
static bool is_done(struct component *self)
{
    return inbox_is_empty(self, INBOX) && !inbox_is_empty(self, CONTROL);
}

/* True if it is to connect again once it has no connection. */
static bool comes_back(struct component *self)
{
    const struct tcp_client *client = component_state(self);

    return client->reconnect && !client->finishing && !is_done(self);
}

/* The connection was not made, or is no longer: tries again, or ends.  why: a sentence; NULL where
 * it is over in order and is not made again. */
static void fall(struct component *self, int error, const char *why)
{
    struct tcp_client *client = component_state(self);

    client->failed += error != 0;
    if (comes_back(self)) {
        client->pause = backoff_next(client->pause, client->reconnect_min, client->reconnect_max);
        if (!client->complained) {
            client->complained = true;
            component_log(self, LOG_LEVEL_WARNING, "%s; trying again", why);
        }
        alarm_set(self, &client->alarm, backoff_jitter(client->pause));
        return;
    }
    if ((self->flags & COMPONENT_SIGNALLED) == 0) {
        outbox_notify(self, SIGNAL, PRODUCER_FINISHED, NULL, error);
    }
    if (error != 0) {
        (void)component_fail(self, 0, "%s", why);
    } else {
        component_finish(self);
    }
}

static void give_up_dialling(struct tcp_client *client)
{
    dial_destroy(client->dial);
    client->dial = NULL;
}

static void begin(struct component *self)
{
    struct tcp_client *client = component_state(self);
    const struct dial_request request = {.host = client->host,
                                         .port = (int)client->port,
                                         .timeout = client->connect_timeout,
                                         .nodelay = client->nodelay,
                                         .keepalive = client->keepalive,
                                         .options = &client->socketOptions,
                                         .resolver = connector_of(self)->resolver,
                                         .client = self,
                                         .selector = SELECTOR_SIGNAL,
                                         .ready = CONNECTED};

    client->dial = dial_create(&request);
}

/* ---- the connection ---- */

/* Hands a box on that is seldom linked, if it is. */
static void pass_rare(struct component *self, struct component *csa)
{
    struct inbox *makessl = component_have_inbox(self, MAKESSL);
    struct outbox *sslready = component_have_outbox(self, SSLREADY);

    if (makessl != NULL) {
        REQUIRE(box_link(&makessl->box, &component_need_inbox(csa, CSA_MAKESSL)->box) == 0);
    }
    if (sslready != NULL) {
        REQUIRE(box_link(&component_need_outbox(csa, CSA_SSLREADY)->box, &sslready->box) == 0);
    }
}

/* The bound that the file gives our inbox is that of the inbox which it hands on to. */
static void copy_bound(const struct plan_box *bound, struct inbox *in)
{
    const unsigned mask = BOX_BOUND_BYTES | 3U << BOX_POLICY_SHIFT;

    waiting_set_bound(in, bound->limit);
    in->box.flags = (uint16_t)((in->box.flags & ~mask) | (bound->flags & mask));
}

/* Gives all boxes to the adapter.  With reconnect the server's end is not passed on: we hear it. */
static void pass_boxes(struct component *self, struct component *csa)
{
    const struct tcp_client *client = component_state(self);
    struct inbox *inner = component_inbox(csa, CSA_INBOX);
    struct outbox *outbox = component_outbox(csa, CSA_OUTBOX);
    struct outbox *signal = component_outbox(csa, CSA_SIGNAL);
    struct box *end = client->reconnect ? &component_inbox(self, SOCKET_FEEDBACK)->box
                                        : &component_outbox(self, SIGNAL)->box;

    copy_bound(&self->plan->in[INBOX], inner);
    REQUIRE(box_link(&component_inbox(self, INBOX)->box, &inner->box) == 0);
    REQUIRE(box_link(&component_inbox(self, CONTROL)->box,
                     &component_inbox(csa, CSA_CONTROL)->box) == 0);
    REQUIRE(box_link(&outbox->box, &component_outbox(self, OUTBOX)->box) == 0);
    REQUIRE(box_link(&signal->box, end) == 0);
    pass_rare(self, csa);
}

/* Ends what is idle, or waits for an end that does not come with nobody left to read what does; has
 * the alarm look again. */
static void look_after(struct component *self)
{
    struct tcp_client *client = component_state(self);
    const bool was_well = csa_error(client->csa) == 0;
    const double again = csa_expire(client->csa, client->idle_timeout);

    client->was_idle = client->was_idle || (was_well && csa_error(client->csa) == ETIMEDOUT);
    if (again > 0) {
        alarm_hasten(self, &client->alarm, again);
    }
}

/* An adapter, for a socket that is connected. */
static struct component *make_csa(struct component *self)
{
    return graph_component(blueprint_instantiate(connector_of(self)->csa, self, 0), 0);
}

/* Has the adapter, which has its socket, take our place. */
static void give_way(struct component *self, struct component *csa)
{
    struct tcp_client *client = component_state(self);

    client->csa = csa;
    client->was_idle = false;
    client->connected++;
    client->since = component_now(self);
    pass_boxes(self, csa);
    REQUIRE(graph_start_instance(csa->graph) == 0);
    look_after(self);
}

static void connect_up(struct component *self, int fd, const struct sockaddr_storage *peer)
{
    struct tcp_client *client = component_state(self);
    struct component *csa = make_csa(self);
    char text[DIAL_NAME_SIZE];

    csa_init(csa, fd, peer);
    give_way(self, csa);
    if (client->complained) {
        client->complained = false;
        component_log(self, LOG_LEVEL_INFO, "connected to %s", name(client, text));
    }
}

/* Takes back what a connection leaves unsent, and what it was not yet told. */
static void take_back(struct component *self, unsigned index, struct component *csa, unsigned inner)
{
    struct inbox *in = component_inbox(self, index);

    box_unlink(&in->box);
    while (!inbox_is_empty(csa, inner)) {
        inbox_put(in, inbox_pop(component_inbox(csa, inner)));
    }
}

/* In words, how a connection was lost. */
static const char *describe_loss(const struct tcp_client *client, int error, char *text)
{
    char server[DIAL_NAME_SIZE];

    if (client->was_idle) {
        (void)snprintf(text, DIAL_REASON_SIZE, "closed the connection to %s, idle for %s",
                       name(client, server), value_show_duration(client->idle_timeout).text);
    } else {
        (void)snprintf(text, DIAL_REASON_SIZE, "lost the connection to %s%s%s",
                       name(client, server), error != 0 ? ": " : "",
                       error != 0 ? strerror(error) : "");
    }
    return text;
}

/* The connection is over; how, the adapter knows. */
static void lose(struct component *self)
{
    struct tcp_client *client = component_state(self);
    struct component *csa = client->csa;
    const int error = client->was_idle ? 0 : csa_error(csa);
    char why[DIAL_REASON_SIZE];

    client->finishing = csa_has_finished(csa) || csa_is_told_to_stop(csa, CSA_CONTROL);
    if (client->reconnect && !client->finishing) {
        take_back(self, INBOX, csa, CSA_INBOX);
        take_back(self, CONTROL, csa, CSA_CONTROL);
        if (component_now(self) - client->since > client->pause) {
            client->pause = 0;
        }
    }
    alarm_stop(self, &client->alarm);
    client->timed_out += client->was_idle;
    client->csa = NULL;
    graph_destroy(csa->graph);
    fall(self, error, error != 0 || comes_back(self) ? describe_loss(client, error, why) : NULL);
}

/* From the adapter: its CreatorFeedback, and with reconnect its signal, which is about nobody. */
static void hear_from_socket(struct component *self)
{
    const struct tcp_client *client = component_state(self);
    struct message *msg;

    while ((msg = inbox_take(self, SOCKET_FEEDBACK)) != NULL) {
        if (client->csa != NULL && (msg->about == client->csa || msg->about == NULL)) {
            if (msg->kind == SOCKET_SHUTDOWN || msg->about == NULL) {
                lose(self);
            } else {
                look_after(self);
            }
        }
        message_release(msg);
    }
}

/* ---- life ---- */

/* Begins when it is time to, and goes on until it is connected or has failed. */
static void go_on(struct component *self)
{
    struct tcp_client *client = component_state(self);
    struct sockaddr_storage peer;
    char why[DIAL_REASON_SIZE];
    int result;

    if (client->dial == NULL) {
        begin(self);
    }
    result = dial_run(client->dial, &peer);
    if (result == -EINPROGRESS) {
        return;
    }
    if (result >= 0) {
        give_up_dialling(client);
        connect_up(self, result, &peer);
    } else {
        dial_reason(client->dial, -result, why);
        give_up_dialling(client);
        fall(self, -result, why);
    }
}

static void tcp_client_run(struct component *self)
{
    struct tcp_client *client = component_state(self);

    hear_from_socket(self);
    if ((self->flags & COMPONENT_ENDING) != 0) {
        return;
    }
    if (client->csa != NULL) {
        look_after(self);
    } else if (csa_is_told_to_stop(self, CONTROL)) {
        outbox_notify(self, SIGNAL, SHUTDOWN_MICROPROCESS, NULL, 0);
        component_finish(self);
    } else if (!alarm_is_set(&client->alarm)) {
        go_on(self);
    } else if (client->pause > 0 && is_done(self)) {
        component_finish(self); /* there is nothing to connect again for */
    }
}

/* The connection; while there is none, when to begin, since an attempt under way is begun anew: no
 * byte has been sent. */
static bool tcp_client_save(struct component *self, struct parcel *to)
{
    struct tcp_client *client = component_state(self);
    const double wait = client->csa == NULL ? alarm_left(self, &client->alarm) : 0;

    parcel_put_number(to, client->csa != NULL);
    parcel_put(to, &wait, sizeof(wait));
    parcel_put(to, &client->pause, sizeof(client->pause));
    return client->csa == NULL || handover_save(client->csa->graph, to);
}

static bool is_sane(double seconds)
{
    return seconds >= 0 && seconds <= LONGEST;
}

static bool restore_times(struct tcp_client *client, struct parcel *from)
{
    const void *wait = parcel_get(from, sizeof(client->since));
    const void *pause = parcel_get(from, sizeof(client->pause));

    if (wait == NULL || pause == NULL) {
        return false;
    }
    memcpy(&client->since, wait, sizeof(client->since));
    memcpy(&client->pause, pause, sizeof(client->pause));
    return is_sane(client->since) && is_sane(client->pause);
}

static bool tcp_client_restore(struct component *self, struct parcel *from)
{
    struct tcp_client *client = component_state(self);
    const bool is_connected = parcel_get_number(from) != 0;
    struct component *csa;

    list_init(&client->sockets);
    client->is_restored = true;
    if (!restore_times(client, from)) {
        return false;
    }
    if (!is_connected) {
        return true;
    }
    csa = make_csa(self);
    if (!handover_restore(csa->graph, from)) {
        graph_destroy(csa->graph);
        return false;
    }
    client->csa = csa;
    return true;
}

static int tcp_client_start(struct component *self)
{
    struct tcp_client *client = component_state(self);
    const double wait = client->is_restored ? client->since : client->delay;

    if (client->csa != NULL) { /* restored */
        client->is_restored = false;
        give_way(self, client->csa);
        return 0;
    }
    list_init(&client->sockets);
    client->is_restored = false; /* once more: by restart: */
    if (wait > 0) {
        alarm_set(self, &client->alarm, wait);
    }
    component_wake(self);
    return 0;
}

static void tcp_client_stop(struct component *self)
{
    struct tcp_client *client = component_state(self);

    alarm_stop(self, &client->alarm);
    give_up_dialling(client);
}

static bool tcp_client_describe(struct component *self, char *text, size_t size)
{
    const struct tcp_client *client = component_state(self);
    const char *state = "waiting to connect to";
    char server[DIAL_NAME_SIZE];

    if (client->csa != NULL) {
        state = "connected to";
    } else if (client->dial != NULL) {
        state = "connecting to";
    }
    (void)snprintf(text, size, "%s %s", state, name(client, server));
    return true;
}

static enum waits tcp_client_waits_for(struct component *self, char *text, size_t size)
{
    const struct tcp_client *client = component_state(self);
    char server[DIAL_NAME_SIZE];

    if (client->csa != NULL) {
        return WAITS_NOT; /* the adapter knows */
    }
    (void)snprintf(text, size, "a connection to %s", name(client, server));
    return WAITS_OUT;
}

static bool tcp_client_check(const void *state, const struct node *at, struct error *err)
{
    const struct tcp_client *client = state;
    bool fits;

    if (client->host == NULL) {
        return true; /* reported by the loader */
    }
    if (dial_is_unix(client->host, &fits)) {
        if (!fits) {
            return error_set(err, at,
                             "TCPClient: \"%s\" is no Unix socket's address: its path must "
                             "have from 1 to 107 bytes",
                             shown(client->host).text);
        }
        if (client->port != 0) {
            return error_set(err, at, "TCPClient: %s has no port, so leave port out",
                             shown(client->host).text);
        }
    } else if (client->host[0] == '\0' || strlen(client->host) > 255) {
        return error_set(err, at,
                         "TCPClient: host must be an address or a name of at most 255 "
                         "characters");
    } else if (client->port == 0) {
        return error_set(err, at, "TCPClient: %s needs a port", shown(client->host).text);
    }
    if (client->reconnect_min > client->reconnect_max) {
        return error_set(err, at, "TCPClient: reconnect_min must not be above reconnect_max");
    }
    return true;
}

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = BYTES, .main = true, .doc = "goes to the server"},
    [CONTROL] = {.name = "control",
                 .carries = NOTICES,
                 .doc = "producerFinished: send the rest, then finish; shutdownMicroprocess: end "
                        "the connection, or the attempt"},
    [SOCKET_FEEDBACK] = {.name = "_socketFeedback",
                         .carries = NOTICES,
                         .from_made = true,
                         .doc = "socketShutdown from the adapter: the connection is over"},
    [MAKESSL] = {.name = "makessl",
                 .carries = NOTICES,
                 .rare = true,
                 .doc = "for TLS; without effect yet"},
    [CONNECTED] = {.name = "_connected",
                   .carries = READINESS,
                   .rare = true,
                   .doc = "the Selector: an attempt has its answer"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .main = true, .doc = "came from the server"},
    [SIGNAL] = {.name = "signal",
                .carries = NOTICES,
                .doc = "producerFinished: the server has sent all it had, or why there is no "
                       "connection"},
    [SELECTOR_SIGNAL] = {.name = "_selectorSignal",
                         .carries = NOTICES,
                         .rare = true,
                         .service = "selector",
                         .doc = "newWriter while it connects, then removeWriter"},
    [SSLREADY] = {.name = "sslready",
                  .carries = NOTICES,
                  .rare = true,
                  .doc = "for TLS; says nothing yet"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_TEXT(struct tcp_client, host), .required = true,
     .doc = "IPv4 or IPv6 address or name of the server, unix:PATH or unix:@NAME"},
    {PARAM_INT(struct tcp_client, port), .min = 0, .max = 65535,
     .doc = "port of the server; not for unix:"},
    {PARAM_DURATION(struct tcp_client, delay), .fallback = "0", .min = 0, .max = LONGEST,
     .doc = "how long to wait before the first attempt"},
    {PARAM_DURATION(struct tcp_client, connect_timeout), .changeable = true, .fallback = "10s",
     .min = 0.001, .max = 86400,
     .doc = "how long the name may take to be found, and each address to answer"},
    {PARAM_BOOL(struct tcp_client, reconnect), .fallback = "false",
     .doc = "connect again when there is no connection, until told to finish"},
    {PARAM_DURATION(struct tcp_client, reconnect_min), .changeable = true, .fallback = "250ms",
     .min = 0.001, .max = 86400,
     .doc = "the first pause before connecting again; each is cut by up to a half, at "
            "random"},
    {PARAM_DURATION(struct tcp_client, reconnect_max), .changeable = true, .fallback = "30s",
     .min = 0.001, .max = 86400, .doc = "pauses double up to this"},
    {PARAM_DURATION(struct tcp_client, idle_timeout), .changeable = true, .fallback = "0", .min = 0,
     .max = LONGEST,
     .doc = "a connection on which nothing comes or goes for so long is closed; 0: never"},
    {PARAM_BOOL(struct tcp_client, nodelay), .changeable = true, .fallback = "true",
     .doc = "TCP_NODELAY: send small messages at once"},
    {PARAM_BOOL(struct tcp_client, keepalive), .changeable = true, .fallback = "false",
     .doc = "SO_KEEPALIVE: notice a server that is gone, by the system's times; it takes a system "
            "call for each connection"},
    {PARAM_CUSTOM(struct tcp_client, socketOptions), .parse = socket_options_parse,
     .accepts = SOCKET_OPTIONS_ACCEPTED, .schema = SOCKET_OPTIONS_SCHEMA,
     .doc = "options of the socket, set before it connects"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct tcp_client, connected), .unit = "connections", .doc = "that were made"},
    {STAT(struct tcp_client, failed), .unit = "connections", .is_worrying = true,
     .doc = "that could not be made, or were ended by an error"},
    {STAT(struct tcp_client, timed_out), .unit = "connections", .doc = "closed by idle_timeout"},
    {0},
};

/* What is about connecting holds from the next attempt on. */
static void tcp_client_changed(struct component *self)
{
    struct tcp_client *client = component_state(self);

    if (client->csa != NULL) {
        copy_bound(&self->plan->in[INBOX], component_inbox(client->csa, CSA_INBOX));
        look_after(self);
    }
}

const struct component_type tcp_client_type = {
    .name = "TCPClient",
    .summary = "connects to a server, and passes bytes to and from it",
    .size = sizeof(struct tcp_client),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .heeds_control = true,
    .children = offsetof(struct tcp_client, sockets),
    .check = tcp_client_check,
    .save = tcp_client_save,
    .restore = tcp_client_restore,
    .start = tcp_client_start,
    .run = tcp_client_run,
    .changed = tcp_client_changed,
    .stop = tcp_client_stop,
    .describe = tcp_client_describe,
    .waits_for = tcp_client_waits_for,
};
