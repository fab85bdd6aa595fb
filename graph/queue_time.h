/* How long messages wait in an inbox, where its option time_in_queue asks for it.
 *
 *     delivered ─► queue_time_begin() ─► [ … ] ─► taken ─► queue_time_end() ─► ledger
 *
 * The time is written into the message, in a field that only notices use, so that it costs no
 * memory; other inboxes pay nothing for it, as theirs lie off the shortest way (BOX_TIMED). */
#ifndef AXOND_GRAPH_QUEUE_TIME_H
#define AXOND_GRAPH_QUEUE_TIME_H

struct inbox;
struct message;

/* A message is about to wait. */
void queue_time_begin(struct message *msg);

/* It has been taken out of this inbox; nothing happens if it did not come in by queue_time_begin().
 */
void queue_time_end(const struct inbox *in, struct message *msg);

#endif
