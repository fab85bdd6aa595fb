/* Breaks: notices that a connection is broken while nobody reads from it or writes to it.
 *
 *     newExceptional ──► [who has asked] ──1 s later──► epoll, for errors alone ──► a writer's bit
 *
 * libev tells of an error only those who can be read or written, and who waits because of a full
 * inbox watches for neither: a reset would go unnoticed for as long as it is full.  Most wait for
 * moments only, so who has asked is not watched before a second has passed: the epoll set, which is
 * there only while somebody is in it, costs no system call per message, and nothing while it waits.
 *
 * What is told is once for each break: that there is something to be had from SO_ERROR. */
#ifndef AXOND_COMPONENTS_INTERNET_BREAKS_H
#define AXOND_COMPONENTS_INTERNET_BREAKS_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

struct component;
struct readiness;

struct broken_watch {
    struct readiness *readiness;
    double since;    /* of the loop's clock */
    bool is_watched; /* in the epoll set */
};

/* Lives in the Selector's struct; zeroes: nobody has asked. */
struct breaks {
    struct broken_watch *items; /* readiness.place says which is whose, from 1 */
    size_t count, room, watched;
    ev_io io;       /* of the epoll set; active while there is one */
    ev_timer timer; /* active while somebody is not watched yet */
};

/* Has somebody told; who has asked already need not ask again. */
void breaks_add(struct component *self, struct breaks *breaks, struct readiness *readiness);

/* Before the descriptor is closed; for one who has not asked it does nothing. */
void breaks_remove(struct component *self, struct breaks *breaks, struct readiness *readiness);

/* Forgets all. */
void breaks_stop(struct component *self, struct breaks *breaks);

#endif
