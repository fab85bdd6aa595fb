#include "graph/listeners.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graph/component.h"
#include "graph/list.h"

enum origin { KEPT, GIVEN, LENT };

struct listener {
    struct list link;
    char *name;
    char *owner;                       /* KEPT: path of the component; else NULL */
    const struct graph *graph;         /* KEPT: the component's; else NULL */
    const struct component *component; /* likewise */
    int fd;
    enum origin origin;
    bool was_shared;
};

struct listeners {
    struct list all; /* what was given comes first */
    struct listeners_hooks hooks;
    bool are_handed_over; /* another process has them all */
    pthread_mutex_t lock; /* servers of all workers come here */
};

/* Those who only look take a const one. */
static void lock(const struct listeners *listeners)
{
    (void)pthread_mutex_lock(&((struct listeners *)(uintptr_t)listeners)->lock);
}

static void unlock(const struct listeners *listeners)
{
    (void)pthread_mutex_unlock(&((struct listeners *)(uintptr_t)listeners)->lock);
}

struct listeners *listeners_create(void)
{
    struct listeners *listeners = mem_alloc(sizeof(*listeners));

    (void)pthread_mutex_init(&listeners->lock, NULL);
    list_init(&listeners->all);
    return listeners;
}

void listeners_watch(struct listeners *listeners, const struct listeners_hooks *hooks)
{
    listeners->hooks = *hooks;
}

/* The first one after another (NULL: from the beginning) with this name. */
static struct listener *next_named(const struct listeners *listeners, const struct listener *after,
                                   const char *name)
{
    const struct list *at = after != NULL ? &after->link : &listeners->all;

    for (at = at->next; at != &listeners->all; at = at->next) {
        struct listener *listener =
            container_of((struct list *)(uintptr_t)at, struct listener, link);

        if (strcmp(listener->name, name) == 0) {
            return listener;
        }
    }
    return NULL;
}

static void listener_free(struct listener *listener)
{
    if (listener->origin != KEPT) {
        (void)close(listener->fd);
    }
    free(listener->name);
    free(listener->owner);
    free(listener);
}

static void drop(struct listeners *listeners, struct listener *listener)
{
    list_remove(&listener->link);
    if (listeners->hooks.closed != NULL && next_named(listeners, NULL, listener->name) == NULL) {
        listeners->hooks.closed(listeners->hooks.arg, listener->name);
    }
    listener_free(listener);
}

void listeners_destroy(struct listeners *listeners)
{
    if (listeners == NULL) {
        return;
    }
    while (!list_is_empty(&listeners->all)) {
        struct listener *listener = container_of(listeners->all.next, struct listener, link);

        list_remove(&listener->link);
        listener_free(listener);
    }
    (void)pthread_mutex_destroy(&listeners->lock);
    free(listeners);
}

static struct listener *add(struct listeners *listeners, const char *name, int fd,
                            enum origin origin)
{
    struct listener *listener = mem_alloc(sizeof(*listener));

    listener->name = mem_strdup(name);
    listener->fd = fd;
    listener->origin = origin;
    list_append(&listeners->all, &listener->link);
    return listener;
}

void listeners_give(struct listeners *listeners, const char *name, int fd)
{
    lock(listeners);
    (void)add(listeners, name, fd, GIVEN);
    unlock(listeners);
}

void listeners_lend(struct listeners *listeners, const char *name, int fd)
{
    lock(listeners);
    (void)add(listeners, name, fd, LENT);
    unlock(listeners);
}

size_t listeners_end_loans(struct listeners *listeners, bool only_unshared)
{
    struct list *at;
    struct list *after;
    size_t ended = 0;

    lock(listeners);
    list_for_each_safe (at, after, &listeners->all) {
        struct listener *listener = container_of(at, struct listener, link);

        if (listener->origin == LENT && !(only_unshared && listener->was_shared)) {
            drop(listeners, listener);
            ended++;
        }
    }
    unlock(listeners);
    return ended;
}

/* True if a server keeps it that the other is to run beside: not one whose place it takes. */
static bool is_kept_beside(const struct listener *listener, const struct listener_owner *owner)
{
    return listener->origin == KEPT && listener->graph == owner->graph &&
           (listener->component == NULL || !listener->component->is_leaving);
}

/* The one to share; see listeners_share(). */
static struct listener *find(const struct listeners *listeners, const char *name,
                             const struct listener_owner *owner, size_t index)
{
    struct listener *other = NULL;
    bool is_kept_here = false;
    struct listener *at = NULL;

    while ((at = next_named(listeners, at, name)) != NULL) {
        if (at->origin == GIVEN) {
            if (index-- == 0) {
                return at;
            }
        } else if (is_kept_beside(at, owner)) {
            is_kept_here = true;
        } else if (other == NULL) {
            other = at;
        }
    }
    return index == 0 && !is_kept_here ? other : NULL;
}

int listeners_share(struct listeners *listeners, const char *name,
                    const struct listener_owner *owner, size_t index)
{
    struct listener *listener;
    int result = -ENOENT;

    lock(listeners);
    listener = find(listeners, name, owner, index);
    if (listener != NULL) {
        listener->was_shared = true;
        result = fcntl(listener->fd, F_DUPFD_CLOEXEC, 3);
        result = result == -1 ? -errno : result;
    }
    unlock(listeners);
    return result;
}

const char *listeners_kept_before(const struct listeners *listeners,
                                  const struct listener_owner *owner)
{
    const char *name = NULL;
    const struct list *at;

    lock(listeners);
    for (at = listeners->all.prev; at != &listeners->all && name == NULL; at = at->prev) {
        const struct listener *listener =
            container_of((struct list *)(uintptr_t)at, struct listener, link);

        if (listener->origin == KEPT && !is_kept_beside(listener, owner) &&
            strcmp(listener->owner, owner->path) == 0) {
            name = listener->name;
        }
    }
    unlock(listeners);
    return name;
}

void listeners_keep(struct listeners *listeners, const char *name,
                    const struct listener_owner *owner, int fd)
{
    struct listener *listener;
    bool is_new;

    lock(listeners);
    is_new = next_named(listeners, NULL, name) == NULL;
    listener = add(listeners, name, fd, KEPT);
    listener->owner = mem_strdup(owner->path);
    listener->graph = owner->graph;
    listener->component = owner->component;
    if (is_new && listeners->hooks.opened != NULL) {
        listeners->hooks.opened(listeners->hooks.arg, name, fd);
    }
    unlock(listeners);
}

void listeners_forget(struct listeners *listeners, int fd)
{
    struct list *at;

    lock(listeners);
    list_for_each (at, &listeners->all) {
        struct listener *listener = container_of(at, struct listener, link);

        if (listener->fd == fd && listener->origin == KEPT) {
            drop(listeners, listener);
            break;
        }
    }
    unlock(listeners);
}

size_t listeners_count(const struct listeners *listeners, const char *name)
{
    const struct listener *listener = NULL;
    size_t count;

    lock(listeners);
    count = listeners->are_handed_over;
    while ((listener = next_named(listeners, listener, name)) != NULL) {
        count++;
    }
    unlock(listeners);
    return count;
}

size_t listeners_kept(const struct listeners *listeners, const char *name)
{
    const struct listener *listener = NULL;
    size_t count = 0;

    lock(listeners);
    while ((listener = next_named(listeners, listener, name)) != NULL) {
        count += listener->origin == KEPT;
    }
    unlock(listeners);
    return count;
}

const char *listeners_name(const struct listeners *listeners, size_t index)
{
    const char *name = NULL;
    const struct list *at;

    lock(listeners);
    for (at = listeners->all.next; at != &listeners->all && name == NULL; at = at->next) {
        if (index-- == 0) {
            name = container_of((struct list *)(uintptr_t)at, struct listener, link)->name;
        }
    }
    unlock(listeners);
    return name;
}

/* True if there is one under its name before it that is the same socket: a server shares what is
 * there, and only those that were given come several to a name. */
static bool is_another_of(const struct listeners *listeners, const struct listener *listener)
{
    return listener->origin != GIVEN && next_named(listeners, NULL, listener->name) != listener;
}

int listeners_socket(const struct listeners *listeners, size_t index, const char **name)
{
    const struct list *at;
    int fd = -1;

    lock(listeners);
    for (at = listeners->all.next; at != &listeners->all && fd == -1; at = at->next) {
        const struct listener *listener =
            container_of((struct list *)(uintptr_t)at, struct listener, link);

        if (!is_another_of(listeners, listener) && index-- == 0) {
            *name = listener->name;
            fd = listener->fd;
        }
    }
    unlock(listeners);
    return fd;
}

void listeners_hand_over(struct listeners *listeners)
{
    lock(listeners);
    listeners->are_handed_over = true;
    unlock(listeners);
}
