/* Draining in order: who is told to finish, once nothing is taken in from outside any more.
 *
 *     publish ──► bus ──► hear ──► file        publish is told; when it has ended bus is, and so on
 *
 * Somebody is unfed when nobody is left who may send to him, through whatever chassis, from
 * whatever worker; who sends to himself is fed by nobody, and what is there on each worker is one.
 *
 * Where there are workers all of them are halted, and what is led to by others is marked
 * (crossings_mark()). */
#ifndef AXOND_GRAPH_UNFED_H
#define AXOND_GRAPH_UNFED_H

#include <stdbool.h>

struct component;

/* What a look at all of a graph has found. */
struct unfed {
    bool is_any_told;     /* and not over: its end is a reason to look again */
    bool is_any_relaying; /* a relay still has something for another worker: look again soon */
};

/* Tells one to finish whom nobody feeds any more. */
void unfed_tell(struct component *component, struct unfed *look);

/* Tells one whoever feeds it: all that are left wait for each other, in a ring. */
void unfed_tell_anyway(struct component *component);

#endif
