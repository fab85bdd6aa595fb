/* What a chassis holds, at whatever depth: ended with it when it waits for a restart (supervise.h),
 * and made anew when it is started again.  For a component that is no chassis these do nothing.
 *
 *     from ──► [inbox]═══►[inbox] child      running: the chassis hands its boxes on
 *     from ──► [inbox]            child      dismantled: what comes waits in its own inbox
 *     from ──► [inbox]═══►[inbox] child      remade: what waited moves on, in order
 */
#ifndef AXOND_GRAPH_CHASSIS_H
#define AXOND_GRAPH_CHASSIS_H

#include <stdbool.h>

struct component;

/* True while a function of something in it is being called: it can't be dismantled now. */
bool chassis_is_busy(const struct component *chassis);

/* Takes back what its inboxes have handed on and nobody has taken, then ends all that it holds,
 * without a word. */
void chassis_dismantle(struct component *chassis);

/* Makes all in it as it was created, and links it as planned. */
void chassis_remake(struct component *chassis);

/* Starts all in it, in order. */
void chassis_begin(struct component *chassis);

#endif
