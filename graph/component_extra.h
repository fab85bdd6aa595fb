/* What few components need, and so none has a place for: rare boxes, the reason of a failure. */
#ifndef AXOND_GRAPH_COMPONENT_EXTRA_H
#define AXOND_GRAPH_COMPONENT_EXTRA_H

#include "graph/component.h"
#include "graph/list.h"

struct component_extra {
    struct list rare;
    char *reason;
};

/* The component's; made if there is none yet. */
struct component_extra *component_need_extra(struct component *component);

/* Takes all boxes of a component that ends out of the graph: linkages, taps, messages. */
void component_deinit_boxes(struct component *component);

/* Takes secrets out of what a component says: its own, and those of whoever made it. */
void component_hide(const struct component *self, char *text, size_t size);

/* Logs a line with the component's path, and with its peer. */
void component_say(struct component *self, enum log_level level, const char *text);

#endif
