/* Choosing: what Chooser and ForwardIteratingChooser have in common, a place in a list of items
 * that is moved by commands.
 *
 *     "NEXT" --> [inbox] {items: [a, b, c]} [outbox] --> "a" at once, then "b"
 *                         ^ at
 *
 * Each command that leads to an item has that item sent; one that leads nowhere is not answered. */
#ifndef AXOND_COMPONENTS_UTIL_CHOOSING_H
#define AXOND_COMPONENTS_UTIL_CHOOSING_H

#include "graph/component.h"

struct choosing {
    struct texts items;        /* parameters */
    bool loop;                 /* after the last item comes the first */
    bool is_begun;             /* the first item has been sent */
    size_t at;                 /* the item that was sent last; 0 if there is none */
    uint64_t unknown_commands; /* statistic */
};

enum { CHOOSING_INBOX, CHOOSING_CONTROL };
enum { CHOOSING_OUTBOX, CHOOSING_SIGNAL };

/* What a command comes to. */
enum choice {
    CHOICE_MADE,    /* the item at .at is to be sent */
    CHOICE_NONE,    /* there is no such item */
    CHOICE_UNKNOWN, /* no such command */
    CHOICE_OVER,    /* the items have come to their end */
};

/* Moves .at as a command says. */
typedef enum choice (*choosing_obey_fn)(struct choosing *choosing, const struct message *command);

/* Steps to the next item; CHOICE_NONE after the last, unless .loop. */
enum choice choosing_next(struct choosing *choosing);

/* The item at .at, if there are any. */
enum choice choosing_same(const struct choosing *choosing);

/* The functions of such a type.  commands: those that obey knows, in words. */
int choosing_start(struct component *self);
void choosing_run(struct component *self, choosing_obey_fn obey, const char *commands);
bool choosing_flush(struct component *self);
void choosing_changed(struct component *self);

extern const struct box_spec choosing_inboxes[];
extern const struct box_spec choosing_outboxes[];
extern const struct stat_spec choosing_statistics[];

#endif
