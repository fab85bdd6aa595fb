/* How a graph has ended that was not told to: by itself, since all in it was done, or by failure.
 */
#ifndef AXOND_DAEMON_OUTCOME_H
#define AXOND_DAEMON_OUTCOME_H

struct graph;

/* The exit status: EXIT_FAILED if one of its components had failed, which is logged, with the
 * reason, as the last that is heard of it; else EXIT_SUCCESS. */
int outcome_of(struct graph *graph);

#endif
