/* Intrusive circular lists: the links live inside the listed structs, so that joining and leaving
 * cost no allocation and no search.
 *
 *     head <-> a.link <-> b.link <-> head
 *
 * A zeroed struct list belongs to no list; list_init() makes an empty head or a lone link. */
#ifndef AXOND_GRAPH_LIST_H
#define AXOND_GRAPH_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next;
    struct list *prev;
};

#define container_of(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(void *)(pointer)-offsetof(type, member)))

/* The loop's body may not remove "at"; with _safe it may (next is a second struct list *). */
#define list_for_each(at, head) for ((at) = (head)->next; (at) != (head); (at) = (at)->next)
#define list_for_each_safe(at, after, head)                                                        \
    for ((at) = (head)->next, (after) = (at)->next; (at) != (head);                                \
         (at) = (after), (after) = (at)->next)

static inline void list_init(struct list *head)
{
    head->next = head;
    head->prev = head;
}

static inline bool list_is_empty(const struct list *head)
{
    return head->next == head;
}

/* Adds a link at the end. */
static inline void list_append(struct list *head, struct list *link)
{
    link->next = head;
    link->prev = head->prev;
    head->prev->next = link;
    head->prev = link;
}

/* Takes a link out of its list; it may be taken out again without harm. */
static inline void list_remove(struct list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    list_init(link);
}

#endif
