/* What the files of the control socket share.  Each control_NAME.c has a few methods; the table of
 * all of them is in control_methods.c. */
#ifndef AXOND_DAEMON_CONTROL_PRIVATE_H
#define AXOND_DAEMON_CONTROL_PRIVATE_H

#include <ev.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdint.h>

#include "daemon/control.h"
#include "daemon/daemon.h"
#include "daemon/varlink.h"
#include "graph/inspect.h"
#include "graph/list.h"
#include "graph/loop.h"
#include "graph/mem.h"

struct errors;
struct graph;
struct inbox;
struct plan_edit;
struct plan_graph;

/* What had gone through at a time; rates are the difference of two. */
struct traffic_sample {
    double time; /* of the loop's clock; 0: none was taken */
    uint64_t messages;
    uint64_t bytes;
};

enum {
    CONTROL_STEPS = 200, /* components that are looked at in one turn: well under a millisecond */
    CONTROL_MOST = 1000, /* items in a reply to a call without "more" */
    CONTROL_FIRST = 100, /* of things of which there may be any number */
};

/* An inbox of which subscribers have heard that it is blocked. */
struct blocked_inbox {
    const struct inbox *in; /* compared, never looked into */
    char *path;
    uint32_t since; /* ms of the loop's clock */
    unsigned free_looks;
};

struct control_blocked {
    ev_timer look; /* active while there are subscribers */
    struct blocked_inbox inboxes[CONTROL_FIRST];
    size_t count;
};

struct control {
    struct daemon *daemon;
    struct varlink_server *server;
    char *path;                       /* of the socket */
    struct control_settings settings; /* that the socket was made with: copies */
    struct list subscribers;          /* calls of Events */
    _Atomic unsigned listening;       /* how many they are, for other threads */
    struct list waiting;              /* calls that end with what they wait for */
    struct traffic_sample sample;
    struct control_blocked blocked;
};

/* A call that waits for something, and is answered in any case when the daemon ends. */
struct control_wait {
    struct list link; /* in control.waiting */
    struct varlink_call *call;
    void (*answer)(struct control_wait *wait); /* replies; frees the wait by the call's on_end */
};

extern const struct varlink_method control_methods[];

static inline struct control *control_of(const struct varlink_call *call)
{
    return call->context;
}

static inline struct loop *control_loop(const struct varlink_call *call)
{
    return control_of(call)->daemon->loop;
}

/* ---- answers ---- */

/* Finds what a path names.  Returns false after answering that there is no such component, or box.
 */
MUST_CHECK bool control_find_path(struct varlink_call *call, const char *path, struct place *place);

/* Finds what the parameter "path" names.  Returns false after answering that there is no such
 * component, or box. */
MUST_CHECK bool control_find(struct varlink_call *call, struct place *place);

/* The same, but a graph of several components will not do.  A box stands for its component. */
MUST_CHECK bool control_find_component(struct varlink_call *call, struct place *place);

void control_no_component(struct varlink_call *call, const char *path);
void control_no_box(struct varlink_call *call, const char *path);

/* path: NULL where it is about the daemon.  text: a sentence for people. */
__attribute__((format(printf, 4, 5))) void control_invalid_state(struct varlink_call *call,
                                                                 const char *path,
                                                                 const char *state,
                                                                 const char *format, ...);

/* A JSON string of text that need not be UTF-8; of NULL: null. */
json_t *control_text(const char *text);
json_t *control_path_of(const struct component *component);
json_t *control_path_of_box(const struct box *box); /* NULL: null */

/* What a graph's parameter stands for where it is left out, as a user would write it, or NULL.  To
 * be freed. */
MUST_CHECK char *control_graph_default(const struct plan *plan, const struct plan_graph *graph,
                                       const struct param_spec *spec);

const char *control_type_name(const struct component *component);

/* When it will be started again; null: it will not. */
json_t *control_next_restart(const struct component *component);

/* A bound: null where an inbox has none. */
json_t *control_bound(bool is_bound, uint32_t limit);
const char *control_unit(unsigned box_flags);

/* True if messages wait in the inbox, up to its bound. */
bool control_is_bounded(unsigned box_flags);

/* Boxes, each of which keeps its messages or sends its own. */
struct control_boxes {
    struct box **boxes; /* to be freed */
    size_t count;
};

/* Finds those that the parameter "path" is about; there may be none.  Returns false after answering
 * what is wrong with it. */
MUST_CHECK bool control_find_boxes(struct varlink_call *call, struct control_boxes *boxes);

/* Adds the members data, encoding and size of a data message: its first bytes, up to limit. */
void control_add_data(json_t *reply, const struct message *msg, size_t limit);

/* The peer of the connection that a component belongs to; null: there is none. */
json_t *control_peer_of(struct component *component);

/* The connection that a component belongs to; null: to none. */
json_t *control_connection_of(struct component *component);

/* Stops a component, or all of a graph (NULL), and answers once that is done. */
void control_stop(struct varlink_call *call, struct graph *graph, struct component *component);

/* Adds one problem of a graph file for each report. */
json_t *control_problems(struct errors *errors);

/* Has a call answered also when the daemon ends first; control_wait_end() is for its on_end. */
void control_wait_begin(struct control_wait *wait, struct varlink_call *call,
                        void (*answer)(struct control_wait *wait));
void control_wait_end(struct control_wait *wait);

/* True if a path fits a pattern: * stands for any characters but a slash, ** for any at all, ? for
 * one. */
bool control_pattern_matches(const char *pattern, const char *path);

/* Has the graph changed, by a reload (edit NULL) or an edit, which is taken over; the call is
 * answered with what that does. */
void control_begin_change(struct varlink_call *call, struct plan_edit *edit);

/* ---- events ---- */

/* By any worker's thread.  kind: lives for ever; path may be NULL. */
void control_event(struct control *control, const char *kind, const char *path, const char *text);

/* True if somebody wants to hear of events; likewise. */
bool control_is_listened_to(const struct control *control);

/* From the first subscriber on, and until the last one has gone: says which inboxes are blocked. */
void control_blocked_watch(struct control *control);
void control_blocked_unwatch(struct control *control);

/* ---- methods ---- */

void control_on_status(struct varlink_call *call);
void control_on_list(struct varlink_call *call);
void control_on_show(struct varlink_call *call);
void control_on_linkages(struct varlink_call *call);
void control_on_top(struct varlink_call *call);
void control_on_trace(struct varlink_call *call);
void control_on_types(struct varlink_call *call);
void control_on_describe(struct varlink_call *call);
void control_on_graph(struct varlink_call *call);
void control_on_config(struct varlink_call *call);
void control_on_check(struct varlink_call *call);
void control_on_reload(struct varlink_call *call);
void control_on_add(struct varlink_call *call);
void control_on_link(struct varlink_call *call);
void control_on_unlink(struct varlink_call *call);
void control_on_set(struct varlink_call *call);
void control_on_tap(struct varlink_call *call);
void control_on_send(struct varlink_call *call);
void control_on_stop(struct varlink_call *call);
void control_on_kill(struct varlink_call *call);
void control_on_restart(struct varlink_call *call);
void control_on_drain(struct varlink_call *call);
void control_on_events(struct varlink_call *call);
void control_on_metrics(struct varlink_call *call);
void control_on_log_level(struct varlink_call *call);

#endif
