/* What SingleServer and its namesake have in common: they differ in their names only. */
#ifndef AXOND_COMPONENTS_CHASSIS_SINGLE_SERVER_H
#define AXOND_COMPONENTS_CHASSIS_SINGLE_SERVER_H

#include "components/chassis/server_core.h"

extern const struct box_spec single_server_inboxes[];
extern const struct box_spec single_server_outboxes[];
extern const struct param_spec single_server_parameters[];
extern const char single_server_definition[];

void single_server_run(struct component *self);
void single_server_child_ended(struct component *self, struct component *child);

/* All of a type but its name and summary. */
#define SINGLE_SERVER                                                                              \
    .size = sizeof(struct server_core), .inboxes = single_server_inboxes,                          \
    .outboxes = single_server_outboxes, .parameters = single_server_parameters,                    \
    .chassis = CHASSIS_GRAPH, .definition = single_server_definition, .lasts = true,               \
    .heeds_control = true, .check = server_core_check, .start = server_core_start,                 \
    .changed = server_core_changed, .run = single_server_run,                                      \
    .child_ended = single_server_child_ended

#endif
