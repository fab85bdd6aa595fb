/* Metrics: what goes on in a loop, as text that Prometheus reads.
 *
 *     metrics_ask() ─┐    ┌─ gather (ledger.h) ─► render ─┐
 *     metrics_ask() ─┼──► │   a millisecond at a time,    │ ──► ready() ready() ready()
 *     metrics_ask() ─┘    └─  the loop goes on between ───┘
 *
 * 1. Names begin with axond_, end with their unit, and with _total for what only grows.  A family
 *    of a component type's own comes from the type's table of statistics:
 *    TCPServer, timed_out, "connections" ─► axond_tcp_server_timed_out_connections_total.
 * 2. Labels name definitions, never connections: there are as many series as the files give rise
 *    to, up to LEDGER_MOST components; see ledger.h.
 * 3. One gathering serves all who have asked when it begins, and their text is one: nothing is
 *    copied for each.  Between two the loop rests METRICS_REST times as long as one has worked, so
 *    that asking all the time takes a tenth of its time, and no more.
 * 4. The text is a few hundred bytes for each series.  It counts as memory of messages. */
#ifndef AXOND_GRAPH_METRICS_H
#define AXOND_GRAPH_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/list.h"

struct accounts;
struct component_type;
struct loop;
struct message;
struct metrics;
struct metrics_writer;
struct stat_spec;

#define METRICS_MOMENT 0.001 /* seconds of work in an iteration of the loop */
#define METRICS_REST   10

enum metrics_format {
    METRICS_TEXT,        /* Prometheus' text format 0.0.4 */
    METRICS_OPENMETRICS, /* OpenMetrics 1.0.0 */
    METRICS_FORMATS,
};

/* Rendered text, in pieces, shared by those who wanted it. */
struct metrics_text {
    unsigned refs;
    size_t size;            /* bytes in all */
    struct message **parts; /* to be shared, of the loop's pool */
    size_t count;
};

void metrics_text_release(struct metrics_text *text); /* NULL is fine */

/* Somebody who wants metrics; lives in what wants them, zeroed before. */
struct metrics_request {
    struct list link;
    enum metrics_format format;
    /* Called once, from the loop; one reference of the text is the receiver's. */
    void (*ready)(struct metrics_request *request, struct metrics_text *text);
    void *data;
};

/* Asks for what is there from now on, on all workers: no older gathering will do.  In the main
 * thread. */
void metrics_ask(struct loop *loop, struct metrics_request *request);

/* No longer; may be called at any time, also of one that was answered or never asked. */
void metrics_withdraw(struct metrics_request *request);

/* For loop_destroy(): who has asked is not answered. */
void metrics_destroy(struct metrics *metrics);

/* ---- writing ---- */

enum metrics_kind { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM };

struct metrics_family {
    const char *name; /* without _total */
    const char *unit; /* that the name ends with; NULL: none */
    const char *help; /* one line */
    enum metrics_kind kind;
};

/* A family with one series; for the owner of a loop, see loop_hooks.metrics.  labels: as in the
 * text, "version=\"1.0\""; NULL: none. */
void metrics_write(struct metrics_writer *writer, const struct metrics_family *family,
                   const char *labels, double value);

/* The family of a type's statistic: writes its name, and sets the unit that it ends with. */
enum { METRICS_NAME_SIZE = 160 };
struct metrics_family metrics_family_of(const struct component_type *type,
                                        const struct stat_spec *spec, char name[METRICS_NAME_SIZE]);

/* ---- rendering, step by step; for metrics.c and tests ---- */

/* accounts: stay as they are until the end.  loop: for its own numbers and hook; borrowed. */
struct metrics_writer *metrics_writer_create(struct loop *loop, const struct accounts *accounts,
                                             enum metrics_format format);

/* Renders some more, in much less than METRICS_MOMENT.  Returns false when all is written. */
bool metrics_writer_go_on(struct metrics_writer *writer);

/* The text; the caller has its reference.  Ends the writer. */
struct metrics_text *metrics_writer_finish(struct metrics_writer *writer);
void metrics_writer_destroy(struct metrics_writer *writer); /* NULL is fine */

#endif
