/* Waiting: senders that found an inbox full, in the order in which they asked.
 *
 *     outbox ──┐                       the line of an inbox: first come, first served
 *     outbox ──┼──► [inbox: full]
 *     outbox ──┘       ▲ taken from: the first of the line are invited to send
 *
 * 1. While an inbox has a line its .limit is 0, so that whoever asks for room comes here: nobody
 *    overtakes those who wait.  waiting_bound() knows the true limit.
 * 2. When the inbox is half empty, as many are invited as there is likely to be room for, at most
 *    INVITED: their components are run.  An invited sender sends as long as there is room.  If it
 *    then finds none, it goes to the end of the line; if others have filled the inbox before it
 *    could send anything, it keeps its place.
 * 3. The usher, a component of the loop's own, is run after those that were invited: who has not
 *    come back for more has left the line, and if there is still room the next are invited.
 * 4. A deputy, which sends on for several (.stands_for of its type), comes sooner: as often as
 *    those would come in all if they stood in the line themselves.
 * 5. What one message costs does not depend on how many wait; a place in a line is a few words in a
 *    table of the loop's, so that boxes need no room for it. */
#ifndef AXOND_GRAPH_WAITING_H
#define AXOND_GRAPH_WAITING_H

#include <stdbool.h>
#include <stdint.h>

struct inbox;
struct loop;
struct outbox;
struct waiting_table;

/* Those that are invited at a time. */
enum { INVITED = 64 };

struct waiting_table *waiting_create(struct loop *loop);

/* No box of the loop may be left. */
void waiting_destroy(struct waiting_table *table);

/* An inbox that is stuck: somebody waits for room there, and nobody is let in. */
struct waiting_line {
    const struct inbox *in;
    const struct outbox *first; /* who has waited longest, ... */
    uint32_t since;             /* ... from this time on, in ms of the loop's clock */
    uint32_t count;             /* of those who wait */
};

/* Calls see for each inbox that has been stuck for so many ms or longer; it may change nothing. */
void waiting_each_stuck(const struct waiting_table *table, uint32_t ms,
                        void (*see)(void *arg, const struct waiting_line *line), void *arg);

/* How many are in the line of an inbox. */
uint32_t waiting_count(const struct inbox *in);

/* The limit of an inbox that may have a line, and a way to change it. */
uint32_t waiting_bound(const struct inbox *in);
void waiting_set_bound(struct inbox *in, uint32_t bound);

/* ms of the loop's clock since when an outbox has waited; false: it does not, or it is invited. */
bool waiting_since(const struct outbox *out, uint32_t *since);

#endif
