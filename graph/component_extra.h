/* What few components need, and so none has a place for: rare boxes and those that come and go, the
 * reason of a failure. */
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

/* Logs a line with the component's path, and with its peer. */
void component_say(struct component *self, enum log_level level, const char *text);

#endif
