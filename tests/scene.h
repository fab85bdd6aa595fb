/* A scene: a graph in YAML, running on a loop of its own, for tests to look into.
 *
 *     struct scene *scene = scene_start(types, "components:\n  a: {type: Probe}\n");
 *
 * Besides the program's types there are those that the test brings along, and Probe: a component
 * that does nothing by itself.  The test says for it what it sends and takes. */
#ifndef TESTS_SCENE_H
#define TESTS_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/component.h"
#include "graph/loop.h"

/* A Probe's boxes.  Its control and signal are read and written by the test, too. */
enum { PROBE_IN0, PROBE_IN1, PROBE_IN2, PROBE_CONTROL };
enum { PROBE_OUT0, PROBE_OUT1, PROBE_OUT2, PROBE_SIGNAL };

struct probe {
    uint64_t runs;     /* how often it was run */
    const char *order; /* points at .name each time, for tests of who is run when */
};

struct scene {
    struct loop *loop;
    struct graph *graph;
    struct plan *plan; /* the graph's, kept for the test */
    const struct component_type **types;
    char *yaml;
    char heard[4096];   /* what probe_take() returned */
    char log[1024];     /* the last line that was logged, with the path before it */
    char refusal[1024]; /* why the graph could not be started */
    unsigned graphs_ended;
};

/* types: NULL-ended, or NULL.  Fails the test if the graph has a mistake; a graph that can't be
 * started leaves .graph NULL. */
struct scene *scene_start(const struct component_type *const *types, const char *yaml);

/* A graph's text with something filled in.  It lives until the next call. */
const char *scene_text(const char *format, ...) PRINTF_LIKE(1, 2);

/* Changes the graph into another; NULL: into one of the same text, so that all in it move over to
 * another plan.  Fails the test if the graph has a mistake.  False, with .refusal set: something
 * could not start. */
bool scene_change(struct scene *scene, const char *yaml);

/* Destroys the graph, then looks whether every message has come back, then the loop. */
void scene_stop(struct scene *scene);

/* By path; fails the test if there is none.  It may have ended. */
struct component *scene_find(const struct scene *scene, const char *path);

/* Runs components until none has work. */
void scene_run(struct scene *scene);

/* Lets time pass until done() says so; fails the test after a minute. */
void scene_wait(struct scene *scene, bool (*done)(void *arg), void *arg);

/* Lets the loop run for so long, as the daemon does. */
void scene_wait_seconds(struct scene *scene, double seconds);

/* Lets time pass until nobody has been run for so long; false if that does not come. */
bool scene_rests(struct scene *scene, double seconds);

/* Fails the test unless every message is back in the pool. */
void scene_check_pool(const struct scene *scene);

/* ---- in the name of a component ---- */

/* Sends a text on an outbox. */
void probe_send(struct component *component, unsigned outbox, const char *text);

/* Takes the oldest message of an inbox: its text, or the name of a notice in angle brackets; NULL
 * if there is none.  The text lives until the next call. */
const char *probe_take(struct scene *scene, struct component *component, unsigned inbox);

/* Expects that to be this. */
void probe_hears(struct scene *scene, struct component *component, unsigned inbox,
                 const char *expected);

/* Links two boxes of probes and expects it to work. */
void probe_link(struct component *from, unsigned outbox, struct component *to, unsigned inbox);

extern const struct component_type probe_type;

#endif
