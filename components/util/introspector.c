/* Introspector: tells which components there are and how they are linked, and then what changes.
 *
 *     [outbox] --> DEL ALL
 *                  ADD NODE "server" "TCPServer" randompos component
 *                  ADD NODE "server.o.signal" "signal" randompos outbox
 *                  ADD LINK "server" "server.o.signal"           a box of a component
 *                  ADD LINK "server.o.signal" "echo.i.control"   a linkage
 *                  DEL LINK …
 *                  DEL NODE …
 *
 * That is the text that Kamaelia's visualiser reads.  A node's id is its path, with i or o for
 * inboxes and outboxes; a component's name there is its type.
 *
 * 1. It looks when something has changed, and at most once in an interval: nothing changed, nothing
 *    done.  A look is three rounds: new nodes; linkages; nodes that have gone.
 * 2. It looks for a moment at a time, and rests ten times as long as a look took, so that the loop
 *    is free for others however many components there are.  While its reader has no room it waits.
 * 3. What it has told it has to remember: about 300 bytes for each component, while it runs. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "components/util/alarm.h"
#include "graph/component.h"
#include "graph/graph.h"
#include "graph/hash.h"
#include "graph/inspect.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "graph/workers.h"

#define MOMENT 0.0005 /* seconds in a turn */

enum {
    LOOKS_AT_CLOCK = 16, /* components from one to the next */
    REST = 10,           /* times what a look took */
    SEND_FROM = 4096,    /* bytes that are worth a message */
};

enum phase { RESTING = 0, NODES, LINKAGES, GONE };

/* Text that grows. */
struct scroll {
    char *text; /* NULL: none yet */
    size_t used;
    size_t capacity;
};

/* What was told of a component.  Lists are texts one after the other, each with its NUL. */
struct told {
    struct list link; /* of those that were seen in this look, behind those that were not */
    uint32_t look;    /* the last one that saw it */
    const struct component *seen; /* then; of two with a path, after a reload, the newer */
    struct scroll boxes;          /* "i.inbox" */
    struct scroll linkages;       /* "o.outbox echo.i.inbox" */
    char path[];
};

struct introspector {
    double interval; /* parameters */
    bool connections;
    enum phase phase;
    uint32_t look; /* the number of this look, from 1 */
    struct walk walk;
    struct hash by_path; /* struct told */
    struct list all;     /* likewise */
    struct scroll out;   /* lines to be sent */
    struct scroll found; /* what a component has now */
    double began;        /* this turn */
    double spent;        /* in this look before */
    double next_look;
    struct loop_watch watch;
    struct alarm alarm;
    uint64_t components; /* statistic */
};

enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    {.name = "control", .carries = NOTICES, .doc = "tell the rest of what is there, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "lines, several in a message"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_DURATION(struct introspector, interval), .changeable = true, .fallback = "1s",
     .min = 0.01, .doc = "from one look to the next, if something has changed"},
    {PARAM_BOOL(struct introspector, connections), .fallback = "true",
     .doc = "also what is made for each connection"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct introspector, components), .unit = "components", .is_gauge = true,
     .doc = "told of, and remembered"},
    {0},
};

/* ---- texts ---- */

__attribute__((format(printf, 2, 3))) static void add(struct scroll *scroll, const char *format,
                                                      ...)
{
    const size_t most = 2 * (size_t)BOX_PATH_SIZE + 64; /* what one of our lines may take */
    va_list args;
    int written;

    if (scroll->capacity - scroll->used < most) {
        scroll->capacity = scroll->capacity * 2 + most;
        scroll->text = mem_resize_array(scroll->text, scroll->capacity, 1);
    }
    va_start(args, format);
    written = vsnprintf(scroll->text + scroll->used, most, format, args);
    va_end(args);
    REQUIRE(written >= 0 && (size_t)written < most);
    scroll->used += (size_t)written;
}

/* Ends an entry of a list. */
static void end_entry(struct scroll *list)
{
    list->used++; /* the NUL that vsnprintf() has written */
}

static void forget(struct scroll *scroll)
{
    free(scroll->text);
    *scroll = (struct scroll){0};
}

/* Keeps a copy of no more than what is in it. */
static void keep(struct scroll *kept, const struct scroll *scroll)
{
    forget(kept);
    if (scroll->used > 0) {
        kept->text = mem_resize_array(NULL, scroll->used, 1);
        memcpy(kept->text, scroll->text, scroll->used);
        kept->used = kept->capacity = scroll->used;
    }
}

static bool lists_are_same(const struct scroll *a, const struct scroll *b)
{
    return a->used == b->used && (a->used == 0 || memcmp(a->text, b->text, a->used) == 0);
}

/* The entry after "at" (NULL: the first), or NULL: there is none. */
static const char *next_entry(const struct scroll *list, const char *at)
{
    at = at != NULL ? at + strlen(at) + 1 : list->text;
    return at != NULL && at < list->text + list->used ? at : NULL;
}

static bool has_entry(const struct scroll *list, const char *wanted)
{
    const char *at = NULL;

    while ((at = next_entry(list, at)) != NULL) {
        if (strcmp(at, wanted) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- what is told ---- */

static void tell_box(struct introspector *introspector, const char *path, const char *box)
{
    add(&introspector->out, "ADD NODE \"%s.%s\" \"%s\" randompos %s\n", path, box, box + 2,
        box[0] == 'i' ? "inbox" : "outbox");
    add(&introspector->out, "ADD LINK \"%s\" \"%s.%s\"\n", path, path, box);
}

static void tell_box_gone(struct introspector *introspector, const char *path, const char *box)
{
    add(&introspector->out, "DEL NODE \"%s.%s\"\n", path, box);
}

static void tell_linkage(struct introspector *introspector, const char *path, const char *linkage)
{
    const char *space = strchr(linkage, ' ');

    add(&introspector->out, "ADD LINK \"%s.%.*s\" \"%s\"\n", path, (int)(space - linkage), linkage,
        space + 1);
}

static void tell_linkage_gone(struct introspector *introspector, const char *path,
                              const char *linkage)
{
    const char *space = strchr(linkage, ' ');

    add(&introspector->out, "DEL LINK \"%s.%.*s\" \"%s\"\n", path, (int)(space - linkage), linkage,
        space + 1);
}

typedef void (*tell_fn)(struct introspector *introspector, const char *path, const char *entry);

/* Tells of each entry that is in one list and not in the other. */
static void tell_missing(struct introspector *introspector, const char *path,
                         const struct scroll *of, const struct scroll *in, tell_fn tell)
{
    const char *entry = NULL;
    const char *beside = NULL; /* mostly the same entries, in the same order */

    while ((entry = next_entry(of, entry)) != NULL) {
        const char *here = next_entry(in, beside);

        if (here != NULL && strcmp(here, entry) == 0) {
            beside = here;
        } else if (!has_entry(in, entry)) {
            tell(introspector, path, entry);
        }
    }
}

/* Tells what has changed from one list to the other, and keeps that one. */
static void tell_changes(struct introspector *introspector, const char *path, struct scroll *told,
                         const struct scroll *found, tell_fn gone, tell_fn come)
{
    if (!lists_are_same(told, found)) {
        tell_missing(introspector, path, told, found, gone);
        tell_missing(introspector, path, found, told, come);
        keep(told, found);
    }
}

/* ---- what is there ---- */

static void find_boxes(struct introspector *introspector, const struct component *component)
{
    struct scroll *found = &introspector->found;

    found->used = 0;
    for (unsigned i = NO_BOX; (i = component_next_inbox(component, i)) != NO_BOX;) {
        if (component_have_inbox(component, i) != NULL) {
            add(found, "i.%s", component_inbox_plan(component, i)->spec->name);
            end_entry(found);
        }
    }
    for (unsigned i = NO_BOX; (i = component_next_outbox(component, i)) != NO_BOX;) {
        if (component_have_outbox(component, i) != NULL) {
            add(found, "o.%s", component_outbox_plan(component, i)->spec->name);
            end_entry(found);
        }
    }
}

/* Where a box leads, if that has been told of. */
static void find_linkage(struct introspector *introspector, const char *direction, const char *name,
                         const struct box *box)
{
    const struct box *next = box != NULL ? box_next(box) : NULL;
    char path[PATH_SIZE];
    char target[BOX_PATH_SIZE];
    const struct told *told;

    if (next == NULL) {
        return;
    }
    (void)component_path(box_owner(next), path, sizeof(path));
    told = hash_get(&introspector->by_path, path);
    (void)snprintf(target, sizeof(target), "%s.%s", box_is_inbox(next) ? "i" : "o", box_name(next));
    if (told != NULL && has_entry(&told->boxes, target)) {
        add(&introspector->found, "%s.%s %s.%s", direction, name, path, target);
        end_entry(&introspector->found);
    }
}

static void find_linkages(struct introspector *introspector, const struct component *component)
{
    introspector->found.used = 0;
    for (unsigned i = NO_BOX; (i = component_next_inbox(component, i)) != NO_BOX;) {
        struct inbox *in = component_have_inbox(component, i);

        find_linkage(introspector, "i", component_inbox_plan(component, i)->spec->name,
                     in != NULL ? &in->box : NULL);
    }
    for (unsigned i = NO_BOX; (i = component_next_outbox(component, i)) != NO_BOX;) {
        struct outbox *out = component_have_outbox(component, i);

        find_linkage(introspector, "o", component_outbox_plan(component, i)->spec->name,
                     out != NULL ? &out->box : NULL);
    }
}

static struct told *make_told(struct introspector *introspector, const char *path,
                              const struct component *component)
{
    const size_t size = strlen(path) + 1;
    struct told *told = mem_alloc(sizeof(*told) + size);

    memcpy(told->path, path, size);
    list_init(&told->link);
    (void)hash_put(&introspector->by_path, told->path, told);
    introspector->components++;
    add(&introspector->out, "ADD NODE \"%s\" \"%s\" randompos component\n", path,
        component->plan->type_name);
    return told;
}

static void drop_told(struct introspector *introspector, struct told *told)
{
    (void)hash_remove(&introspector->by_path, told->path);
    list_remove(&told->link);
    forget(&told->boxes);
    forget(&told->linkages);
    free(told);
    introspector->components--;
}

/* ---- a look ---- */

static struct component *next_living(struct introspector *introspector)
{
    struct component *component;

    do {
        component = walk_next(&introspector->walk);
    } while (component != NULL && (component_is_over(component) || component->state == CREATED));
    return component;
}

static void begin_round(struct component *self, enum phase phase)
{
    struct introspector *introspector = component_state(self);

    introspector->phase = phase;
    walk_begin(&introspector->walk, component_loop(self), introspector->connections);
}

static void look_at_nodes(struct component *self, struct component *component)
{
    struct introspector *introspector = component_state(self);
    char path[PATH_SIZE];
    struct told *told;

    if (component == NULL) {
        begin_round(self, LINKAGES);
        return;
    }
    (void)component_path(component, path, sizeof(path));
    told = hash_get(&introspector->by_path, path);
    if (told == NULL) {
        told = make_told(introspector, path, component);
    }
    if (told->look == introspector->look) {
        return;
    }
    told->look = introspector->look;
    told->seen = component;
    list_remove(&told->link);
    list_append(&introspector->all, &told->link);
    find_boxes(introspector, component);
    tell_changes(introspector, path, &told->boxes, &introspector->found, tell_box_gone, tell_box);
}

static void look_at_linkages(struct introspector *introspector, struct component *component)
{
    char path[PATH_SIZE];
    struct told *told;

    if (component == NULL) {
        introspector->phase = GONE;
        return;
    }
    told = hash_get(&introspector->by_path, component_path(component, path, sizeof(path)));
    if (told != NULL && told->seen == component) { /* else it has just come: at the next look */
        find_linkages(introspector, component);
        tell_changes(introspector, path, &told->linkages, &introspector->found, tell_linkage_gone,
                     tell_linkage);
    }
}

/* Those that were not seen stand first. */
static void look_for_gone(struct introspector *introspector)
{
    struct told *told = container_of(introspector->all.next, struct told, link);
    const struct scroll none = {0};

    if (list_is_empty(&introspector->all) || told->look == introspector->look) {
        introspector->phase = RESTING;
        return;
    }
    tell_missing(introspector, told->path, &told->linkages, &none, tell_linkage_gone);
    tell_missing(introspector, told->path, &told->boxes, &none, tell_box_gone);
    add(&introspector->out, "DEL NODE \"%s\"\n", told->path);
    drop_told(introspector, told);
}

static void look_on(struct component *self)
{
    struct introspector *introspector = component_state(self);

    switch (introspector->phase) {
    case RESTING:
        return;
    case NODES:
        look_at_nodes(self, next_living(introspector));
        return;
    case LINKAGES:
        look_at_linkages(introspector, next_living(introspector));
        return;
    case GONE:
        look_for_gone(introspector);
        return;
    }
}

static void begin_look(struct component *self)
{
    struct introspector *introspector = component_state(self);

    introspector->watch.has_changed = false;
    introspector->spent = 0;
    if (introspector->look++ == 0) {
        add(&introspector->out, "DEL ALL\n");
    }
    begin_round(self, NODES);
}

static void rest(struct introspector *introspector, double now)
{
    const double pause = (introspector->spent + now - introspector->began) * REST;

    introspector->next_look =
        now + (pause > introspector->interval ? pause : introspector->interval);
}

/* True if nothing is left to be sent. */
static bool send_out(struct component *self)
{
    struct introspector *introspector = component_state(self);
    struct scroll *out = &introspector->out;

    if (out->used == 0) {
        return true;
    }
    if (!outbox_has_room(self, OUTBOX)) {
        return false;
    }
    outbox_send(self, OUTBOX, message_copy(component_pool(self), out->text, out->used));
    out->used = 0;
    return true;
}

/* Looks on until the look is over, the moment is, or there is no room. */
static void look_for_a_moment(struct component *self)
{
    struct introspector *introspector = component_state(self);
    double now;

    for (unsigned steps = 1; introspector->phase != RESTING; steps++) {
        if (introspector->out.used >= SEND_FROM && !send_out(self)) {
            break;
        }
        if (steps % LOOKS_AT_CLOCK == 0) {
            now = steady_now();
            if (now - introspector->began > MOMENT) {
                component_wake(self);
                break;
            }
        }
        look_on(self);
    }
    now = steady_now();
    if (introspector->phase == RESTING) {
        rest(introspector, now);
    } else {
        introspector->spent += now - introspector->began;
    }
}

static void introspector_run(struct component *self)
{
    struct introspector *introspector = component_state(self);

    workers_halt(component_loop(self)->workers);
    introspector->began = steady_now();
    if (introspector->phase == RESTING && introspector->watch.has_changed &&
        introspector->began >= introspector->next_look) {
        begin_look(self);
    }
    if (introspector->phase != RESTING) {
        look_for_a_moment(self);
    }
    workers_release(component_loop(self)->workers);
    if (introspector->phase == RESTING) {
        (void)send_out(self);                  /* or when there is room */
        if (introspector->watch.has_changed) { /* meanwhile, or too early */
            alarm_set(self, &introspector->alarm, introspector->next_look - introspector->began);
        }
    }
}

static int introspector_start(struct component *self)
{
    struct introspector *introspector = component_state(self);

    list_init(&introspector->all);
    hash_init(&introspector->by_path, NULL,
              graph_size(graph_root(self->graph))); /* need not grow */
    loop_watch(component_loop(self), &introspector->watch, self);
    return 0;
}

/* True once what was there has been told, also to a client that has finished sending. */
static bool introspector_flush(struct component *self)
{
    const struct introspector *introspector = component_state(self);

    return introspector->look > 0 && introspector->phase == RESTING && introspector->out.used == 0;
}

static void introspector_stop(struct component *self)
{
    struct introspector *introspector = component_state(self);

    alarm_stop(self, &introspector->alarm);
    loop_unwatch(component_loop(self), &introspector->watch);
    walk_end(&introspector->walk);
    while (introspector->all.next != NULL && !list_is_empty(&introspector->all)) {
        drop_told(introspector, container_of(introspector->all.next, struct told, link));
    }
    hash_deinit(&introspector->by_path);
    forget(&introspector->out);
    forget(&introspector->found);
}

const struct component_type introspector_type = {
    .name = "Introspector",
    .on_main_thread = true,
    .summary = "tells which components there are and how they are linked, and then what changes",
    .size = sizeof(struct introspector),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .start = introspector_start,
    .run = introspector_run,
    .flush = introspector_flush,
    .stop = introspector_stop,
};
