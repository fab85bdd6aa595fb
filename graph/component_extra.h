/* What few components need, and so none has a place for: rare boxes and those that come and go, the
 * reason of a failure, supervision.  And what the files of the runtime share about a component. */
#ifndef AXOND_GRAPH_COMPONENT_EXTRA_H
#define AXOND_GRAPH_COMPONENT_EXTRA_H

#include "graph/component.h"
#include "graph/list.h"

/* A box that its component has no place for. */
struct rare_box {
    struct list link; /* in component_extra.rare; not if it was added */
    struct component *owner;
    unsigned index;
    bool is_inbox;
    union {
        struct inbox in;
        struct outbox out;
    };
};

struct added_boxes;

struct component_extra {
    struct list rare;
    struct added_boxes *added; /* see component_added.c; NULL: none yet */
    char *reason;
    struct supervision *supervision; /* NULL: it was never restarted; see supervise.h */
    uint32_t held;                   /* how often it held the loop for too long, see held.h */
    double held_longest;             /* s */
    struct talk *talks;              /* see talk.h; NULL: it has said nothing yet */
};

/* The component's; made if there is none yet. */
struct component_extra *component_need_extra(struct component *component);

/* Takes all boxes of a component that ends out of the graph: linkages, taps, messages. */
void component_deinit_boxes(struct component *component);

/* Unlinks a rare box, and takes it out of sight; its memory stays. */
void rare_box_deinit(struct rare_box *rare);

/* The box that was added under this index, or NULL. */
struct rare_box *added_box(const struct component *component, bool is_inbox, unsigned index);

/* Removes all that were added, and what kept count of them. */
void added_boxes_free(struct component *component);

/* True if a component is inside a chassis, at whatever depth. */
bool component_is_inside(const struct component *component, const struct component *chassis);

/* Sets the state, and since when; tells the loop's owner of it. */
void component_enter(struct component *component, enum component_state state);
void component_announce(const struct component *component);

/* Why it failed; NULL: no reason any more. */
void component_set_reason(struct component *component, const char *text);

/* Ends what it made and frees what it acquired: its boxes and its struct are left. */
void component_dismantle(struct component *component);

/* True if nothing waits in any inbox but those that carry notices, or may be left as they are. */
bool component_is_drained(struct component *component);

/* Notes that those are told to end whose control leads to "to" by way of "from". */
void box_note_told(struct box *from, const struct box *to);

/* Takes secrets out of what a component says: its own, and those of whoever made it. */
void component_hide(const struct component *self, char *text, size_t size);

/* Logs a line with the component's path, and with its peer. */
void component_say(struct component *self, enum log_level level, const char *text);

#endif
