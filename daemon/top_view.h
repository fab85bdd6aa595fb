/* What "axonctl top" shows, whether on a screen or line by line: a reply of Top, sorted, as text.
 *
 *     14:03:22  12 components, 34 linkages, 3 connections, 120 messages/s, 1.5 KiB/s
 *     bottleneck: server/1 holds up 3 linkages, 98% blocked, and waits for the peer to read
 *       shouting/1/lines -> shouting/1/upper -> server/1
 *     FROM                     TO                       MSG/S  BYTES/S  QUEUED  FULL  BLOCKED
 * DROPS/S …                        …                           60   750 B      12    5%       0% 0
 */
#ifndef AXOND_DAEMON_TOP_VIEW_H
#define AXOND_DAEMON_TOP_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "daemon/ctl.h"

enum { TOP_COLUMNS = 8 };

struct top_column {
    const char *name;  /* for --sort */
    const char *title; /* > before it: aligned to the right */
    bool is_number;    /* sorted from the highest down */
};

extern const struct top_column top_columns[TOP_COLUMNS];
extern const char *const top_column_names[]; /* then NULL */

struct top_view {
    json_t *reply; /* the view's reference; NULL: none yet */
    json_t **rows; /* the reply's, in order */
    size_t count;
    size_t sort; /* a column */
    bool is_reversed;
};

/* sort: a column's name; NULL: the usual one. */
void top_view_init(struct top_view *view, const char *sort);
void top_view_deinit(struct top_view *view);

/* Takes another reply of Top. */
void top_view_set(struct top_view *view, json_t *reply);

/* After .sort or .is_reversed was changed. */
void top_view_sort(struct top_view *view);

/* A cell; from and to are as long as they are, all others short. */
const char *top_view_cell(const struct top_view *view, size_t row, size_t column, char *text,
                          size_t size);

/* The line on top. */
void top_view_headline(const struct top_view *view, char *text, size_t size);

/* How many bottlenecks there are, and the two lines about one of them. */
size_t top_view_bottlenecks(const struct top_view *view);
void top_view_bottleneck(const struct top_view *view, size_t index, char *text, size_t size);
void top_view_way(const struct top_view *view, size_t index, char *text, size_t size);

#endif
