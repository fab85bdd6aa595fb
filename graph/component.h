/* Components: small, alike from outside, knowing nothing of each other (Axon.Component).
 *
 *     [inbox]   ──►┌───────────┐──► [outbox]
 *     [control] ──►│ run(self) │──► [signal]
 *                  └───────────┘
 *
 * A component type is a few tables and functions (component_type.h); this header is what those
 * functions may call.  A component is run by its loop, never by another component, and its
 * functions never block.
 *
 *     created ─► running ─► stopped, failed
 *                 ▲   └──► restarting ─┐      supervise.h
 *                 └────────────────────┘
 *
 * On control, producerFinished ends a component once all its inboxes are empty, and
 * shutdownMicroprocess at once; the runtime sees to it and passes the notice on by signal.
 *
 * 1. Memory: the component, its boxes and its struct are one piece, inside its graph's where the
 *    graph was made from a blueprint.  The struct is zeroed but for the parameters.
 * 2. run() is called when an inbox that was empty has messages, when an outbox that had no room has
 *    some again, when a descriptor is ready, after component_wake().  A turn is bounded: when it is
 *    over inbox_take() gives NULL and the component is run again after the others.
 * 3. When a component ends, for whatever reason, its linkages go, what waits in its inboxes is
 *    released, and stop() is called.  If nothing was said on signal the runtime says
 *    producerFinished there, so that the end travels on. */
#ifndef AXOND_GRAPH_COMPONENT_H
#define AXOND_GRAPH_COMPONENT_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "graph/box.h"
#include "graph/component_type.h"
#include "graph/log_level.h"
#include "graph/message.h"

enum component_state {
    CREATED = 0,
    RUNNING,
    RESTARTING, /* stopped, and waits to be started again; its boxes stay */
    STOPPING,
    STOPPED,
    FAILED,
};

enum {
    COMPONENT_QUEUED = 1 << 0,     /* in the loop's run queue */
    COMPONENT_AGAIN = 1 << 1,      /* its turn ended before its work did, or it woke itself */
    COMPONENT_RUNNING = 1 << 2,    /* inside one of its functions */
    COMPONENT_ENDING = 1 << 3,     /* to be ended once its function has returned */
    COMPONENT_STOP_ASKED = 1 << 4, /* shutdownMicroprocess waits in control */
    COMPONENT_SIGNALLED = 1 << 5,  /* something was said on signal */
    COMPONENT_FAILING = 1 << 6,    /* ENDING, and it has failed */
    COMPONENT_TOLD = 1 << 7,       /* control is not empty */
};

struct component_extra; /* what few components need: see component_extra.h */
struct plan_box;
struct plan_component;

struct component {
    const struct component_type *type;
    const struct plan_component *plan; /* name, boxes, bounds; lives as long as the graph */
    struct graph *graph;
    struct component *next_runnable;
    struct component_extra *extra; /* or NULL */
    uint32_t discarded;            /* messages sent on rare outboxes that lead nowhere */
    uint32_t refs;                 /* what keeps its memory, apart from its graph */
    uint32_t since;                /* s of the loop's clock: when the state began */
    uint16_t ready;                /* a bit for each inbox that carries readiness */
    uint16_t state_offset;         /* of its struct, bytes from here */
    uint8_t turn;                  /* messages that it may still take in this turn */
    uint8_t inboxes;               /* that follow this struct; then the outboxes */
    uint8_t outboxes;
    uint8_t state;   /* enum component_state */
    uint8_t flags;   /* COMPONENT_… */
    uint8_t control; /* index of the inbox that carries notices; NO_BOX: none */
    uint8_t signal;
    bool was_told : 1;     /* to end, by its control or by component_drain(): not started again */
    bool is_kept : 1;      /* stopped, and another takes over: see component_is_kept() */
    bool is_leaving : 1;   /* of a root graph that has been changed: no longer part of it */
    bool is_halted : 1;    /* ended by an operator: the next change of the graph starts it anew */
    bool hears_across : 1; /* drains; something on another worker leads to it */
    bool serves : 1;       /* an inbox of it was registered by name, see service.h */
    bool is_in_use : 1;    /* leaves; something that does not wait for it may send to it still */
};

_Static_assert(sizeof(struct component) == 64, "a component is one cache line");

enum { NO_BOX = 255 };

/* ---- inside a component's functions ---- */

/* The component's own struct, as its type declares it. */
static inline void *component_state(struct component *self)
{
    return (char *)self + self->state_offset;
}

struct ev_loop *component_ev(const struct component *self);
struct pool *component_pool(const struct component *self);
struct loop *component_loop(const struct component *self);

/* Seconds of the loop's clock, fixed within an iteration: ev_now(). */
double component_now(const struct component *self);

/* The main path of messages; see box.h.  The first two give NULL for a rare box that is not there;
 * a common box, which its table does not call rare, always is. */
static inline struct inbox *component_inbox(struct component *self, unsigned index);
static inline struct outbox *component_outbox(struct component *self, unsigned index);
static inline struct inbox *component_common_inbox(struct component *self, unsigned index);
static inline struct outbox *component_common_outbox(struct component *self, unsigned index);
static inline bool inbox_is_empty(struct component *self, unsigned index);

/* Gives up the oldest message, or NULL: the inbox is empty, or the turn is over. */
MUST_CHECK static inline struct message *inbox_take(struct component *self, unsigned index);

/* Puts a message back that was taken last, before those that wait.  For stop(), where the component
 * is kept.  The inbox must be a common one. */
void inbox_give_back(struct component *self, unsigned index, struct message *msg);

/* The oldest message, still in the inbox; NULL: empty. */
static inline const struct message *inbox_peek(struct component *self, unsigned index);

/* Takes and releases what waits, as far as the turn goes. */
void inbox_discard(struct component *self, unsigned index);

/* Lets the first "size" bytes of the waiting messages go, as after a write(2): whole messages are
 * released, and empty ones that follow; the one that is cut keeps its rest.  Does not count against
 * the turn.  The inbox must be a common one. */
void inbox_consume(struct component *self, unsigned index, size_t size);

/* Points to the bytes of waiting messages, up to one in a pipe, for a writev(2): at most "most"
 * parts; *size is what they have together.  Returns the number of parts.  The inbox must be a
 * common one, not empty. */
int inbox_gather(struct component *self, unsigned index, struct iovec *parts, int most,
                 size_t *size);

/* What has to wait keeps no more memory than its bytes, see message_compact().  Likewise. */
void inbox_compact(struct component *self, unsigned index);

/* False: the sink is full and keeps its messages; the component is run when there is room.  An
 * outbox that is not linked, or whose sink drops when full, always has room. */
static inline bool outbox_has_room(struct component *self, unsigned index);

/* True if a message sent now would wait beyond the sink's bound.  For those who drop it then: they
 * are not run when there is room. */
bool outbox_is_full(struct component *self, unsigned index);

/* Sends a message, which is no longer the caller's.  Never fails: without a linkage it is discarded
 * and counted. */
static inline void outbox_send(struct component *self, unsigned index, struct message *msg);

/* Sends a notice; about may be NULL. */
void outbox_notify(struct component *self, unsigned index, enum message_kind kind,
                   struct component *about, int error);

/* True if a message sent on this outbox reaches an inbox. */
bool outbox_is_linked(struct component *self, unsigned index);

/* True once for each time (or several) that a descriptor became ready for this inbox. */
static inline bool inbox_is_ready(struct component *self, unsigned index)
{
    const uint16_t bit = (uint16_t)(1U << index);
    const bool was = (self->ready & bit) != 0;

    self->ready = (uint16_t)(self->ready & ~bit);
    return was;
}

/* True once shutdownMicroprocess or socketShutdown has come to control, though other notices may be
 * before it; for types that heed their control themselves. */
static inline bool component_is_told_to_stop(const struct component *self)
{
    return (self->flags & COMPONENT_STOP_ASKED) != 0;
}

/* In stop(): true if the component is started again at once, as "axonctl restart" asks, or if
 * another takes its place: what its inboxes hold stays, and nobody need be told of an end. */
static inline bool component_is_kept(const struct component *self)
{
    return self->is_kept;
}

/* Has run() called once the pool is no longer short of memory. */
void component_wait_for_memory(struct component *self);

/* Has run() called soon, once.  A component that wakes itself in its turn goes on only when sockets
 * have been looked at: so one that does much does it in parts. */
void component_wake(struct component *self);

/* Ends the component, in order; signal says producerFinished if nothing was said there.  The
 * functions of the component may go on until they return.  With "restart: always" it is started
 * again after a while, in place, unless it was told to end; until then signal says nothing.
 * One that is ending, or has ended, is left alone. */
void component_finish(struct component *self);

/* Ends the component as failed, or has it started again after a while, as its policy says.
 * error: an errno or 0.  The reason is kept, logged and shown.
 * Returns -error, or -EIO for 0, for "return component_fail(...)" in start. */
__attribute__((format(printf, 3, 4))) int component_fail(struct component *self, int error,
                                                         const char *format, ...);

/* Logs what a component has to say; its path goes with it. */
__attribute__((format(printf, 3, 4))) void
component_log(struct component *self, enum log_level level, const char *format, ...);

/* ---- about other components ---- */

/* Puts a notice into a component's control, as a linkage would. */
void component_tell(struct component *component, enum message_kind kind, struct component *about,
                    int error);

/* True if something is linked to its control: it hears of the end from another. */
bool component_control_is_fed(const struct component *component);

/* Links by index; see box_link(). */
MUST_CHECK int component_link(struct component *from, unsigned outbox, struct component *to,
                              unsigned inbox);

/* The components that a chassis holds, in the order of the file: start with NULL, ends with NULL.
 * Some may have ended. */
struct component *component_next_child(const struct component *parent,
                                       const struct component *after);

/* Of a type with .on_each_worker: its like on another worker, or rather what stands for that here
 * (crossing.h).  Itself for its own worker; NULL if it is the only one, or there are fewer workers.
 */
struct component *component_replica(struct component *self, unsigned worker);

/* The component of a root graph that has made the graph that this one is in, by whatever way;
 * itself in a root graph. */
const struct component *component_outermost(const struct component *component);

/* True for what a change of the graph has left to come to its end: it, or what made it. */
bool component_is_earlier(const struct component *component);

/* Keeps the memory of a component that may end meanwhile. */
struct component *component_ref(struct component *component);
void component_unref(struct component *component);

static inline bool component_is_over(const struct component *component)
{
    return component->state >= STOPPED;
}

/* Writes the path: "server", "echo/17/lines".  Returns text. */
const char *component_path(const struct component *component, char *text, size_t size);
enum { PATH_SIZE = 256 };

/* Why it failed; NULL: it did not, or nothing is known. */
const char *component_reason(const struct component *component);

const char *component_state_name(enum component_state state);

/* The index of a box by name, or NO_BOX. */
unsigned component_find_inbox(const struct component *component, const char *name);
unsigned component_find_outbox(const struct component *component, const char *name);

/* A box by index even where it is rare: makes it.  Aborts on an index beyond the tables. */
static inline struct inbox *component_need_inbox(struct component *component, unsigned index);
static inline struct outbox *component_need_outbox(struct component *component, unsigned index);

/* A box by index, or NULL for a rare one that was never linked. */
struct inbox *component_have_inbox(const struct component *component, unsigned index);
struct outbox *component_have_outbox(const struct component *component, unsigned index);

/* How a box was planned: its spec, bound and flags.  The index must be that of a box. */
const struct plan_box *component_inbox_plan(const struct component *component, unsigned index);
const struct plan_box *component_outbox_plan(const struct component *component, unsigned index);

/* The indices of all boxes, also of rare ones that are not there, one after another: start with
 * NO_BOX, ends with NO_BOX. */
unsigned component_next_inbox(const struct component *component, unsigned after);
unsigned component_next_outbox(const struct component *component, unsigned after);

/* The index of a box among its component's. */
unsigned box_index(const struct box *box);

/* ---- boxes that come and go (Axon.AdaptiveCommsComponent) ---- */

/* Adds a box to a component that runs.
 *
 * like: its name (letters, digits, _ and -; there should be few of them), what it carries, .doc,
 * and an inbox's bound and policy; copied.  A name that was used before gets a number: "name#2".
 * resource: whatever the component wants to find by the index; it stays the component's.
 * Returns an index, at least ADDED_BOX, that is good until the box is removed or the component has
 * ended; what takes an index takes this one as well, and as fast whatever their number. */
unsigned component_add_inbox(struct component *self, const struct box_spec *like, void *resource);
unsigned component_add_outbox(struct component *self, const struct box_spec *like, void *resource);
enum { ADDED_BOX = 256 };

/* Unlinks such a box on both sides, releases what waits in it, and forgets it.  Returns 0, -ENOENT
 * if there is none of that index (any more), or -EINVAL for one of the type's table. */
int component_remove_inbox(struct component *self, unsigned index);
int component_remove_outbox(struct component *self, unsigned index);

/* The resource of a box that was added. */
void *component_inbox_resource(const struct component *self, unsigned index);
void *component_outbox_resource(const struct component *self, unsigned index);

/* ---- for the runtime ---- */

/* Starts a component that was created.  Returns 0, or -errno after it has failed. */
MUST_CHECK int component_start(struct component *component);

/* Ends it now, for good; component_finish() and component_fail() lead here unless it is restarted.
 */
void component_end(struct component *component, enum component_state state);

/* Runs it for one turn. */
void component_run(struct component *component);

/* Stops it, as another takes its place: its boxes stay until component_end(). */
void component_retire(struct component *component);

/* Parameters that may be changed while it runs have been changed, or what it holds. */
void component_note_change(struct component *component);

/* The graph was changed, and it stays in it. */
void component_note_reload(struct component *component);

/* Hands a message to the inbox of a service. */
void component_receive(struct component *component, struct inbox *in, struct message *msg);

/* Where an outbox without memory leads: to a service, to the maker, or nowhere: NULL. */
struct inbox *component_standing_sink(struct component *self, unsigned index);

/* Frees the reason and what else lay apart; its graph's last act on it. */
void component_free_extra(struct component *component);

/* Ends the connection that a component belongs to, or the component if it belongs to none. */
void component_disconnect(struct component *component, int error);

struct component *component_of_rare_box(const struct box *box);

/* The bound of an inbox, as planned. */
uint32_t component_bound(const struct component *component, const struct inbox *in);

#include "graph/component_inline.h"

#endif
