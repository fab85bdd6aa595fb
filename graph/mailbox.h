/* Mailboxes: how one thread has another do something.
 *
 *     any thread ── mailbox_post(letter) ──► [stack of letters] ──bell──► letter->open(letter)
 *                                                                         in the loop's thread
 *
 * A letter belongs to whoever posts it and lies in his own memory: posting allocates nothing and
 * locks nothing.  One that is under way already is not sent twice; however many letters wait, the
 * loop is woken once.  What the poster wrote before is there when the letter is opened. */
#ifndef AXOND_GRAPH_MAILBOX_H
#define AXOND_GRAPH_MAILBOX_H

#include <ev.h>
#include <stdatomic.h>
#include <stdbool.h>

struct letter {
    struct letter *next; /* below it in the stack */
    _Atomic bool is_posted;
    /* Called at the beginning of an iteration, before components are run.  The letter may be posted
     * again from then on, or freed. */
    void (*open)(struct letter *letter);
};

struct mailbox {
    struct ev_loop *ev;
    ev_async bell;
    _Atomic(struct letter *) newest;
};

/* A mailbox that is read keeps its loop running. */
void mailbox_init(struct mailbox *mailbox, struct ev_loop *ev);

/* Opens what is still there.  Nobody may post any more. */
void mailbox_deinit(struct mailbox *mailbox);

/* By any thread.  Returns false if the letter was under way already. */
bool mailbox_post(struct mailbox *mailbox, struct letter *letter);

#endif
