#include "graph/listeners.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graph/list.h"

struct listener {
    struct list link;
    char *name;
    char *owner;               /* path of the component that keeps it; NULL: it is ours */
    const struct graph *graph; /* the owner's */
    int fd;
};

struct listeners {
    struct list all;
};

struct listeners *listeners_create(void)
{
    struct listeners *listeners = mem_alloc(sizeof(*listeners));

    list_init(&listeners->all);
    return listeners;
}

static void listener_destroy(struct listener *listener)
{
    if (listener->owner == NULL) {
        (void)close(listener->fd);
    }
    list_remove(&listener->link);
    free(listener->name);
    free(listener->owner);
    free(listener);
}

void listeners_destroy(struct listeners *listeners)
{
    if (listeners == NULL) {
        return;
    }
    while (!list_is_empty(&listeners->all)) {
        listener_destroy(container_of(listeners->all.next, struct listener, link));
    }
    free(listeners);
}

static void add(struct listeners *listeners, const char *name, const struct listener_owner *owner,
                int fd)
{
    struct listener *listener = mem_alloc(sizeof(*listener));

    listener->name = mem_strdup(name);
    listener->fd = fd;
    if (owner != NULL) {
        listener->owner = mem_strdup(owner->path);
        listener->graph = owner->graph;
    }
    list_append(&listeners->all, &listener->link);
}

void listeners_give(struct listeners *listeners, const char *name, int fd)
{
    add(listeners, name, NULL, fd);
}

void listeners_keep(struct listeners *listeners, const char *name,
                    const struct listener_owner *owner, int fd)
{
    add(listeners, name, owner, fd);
}

int listeners_share(const struct listeners *listeners, const char *name,
                    const struct listener_owner *owner)
{
    struct list *at;

    list_for_each (at, &listeners->all) {
        const struct listener *listener = container_of(at, struct listener, link);

        if (listener->graph != owner->graph && strcmp(listener->name, name) == 0) {
            int fd = fcntl(listener->fd, F_DUPFD_CLOEXEC, 3);

            return fd == -1 ? -errno : fd;
        }
    }
    return -ENOENT;
}

const char *listeners_kept_before(const struct listeners *listeners,
                                  const struct listener_owner *owner)
{
    struct list *at;

    list_for_each (at, &listeners->all) {
        const struct listener *listener = container_of(at, struct listener, link);

        if (listener->owner != NULL && listener->graph != owner->graph &&
            strcmp(listener->owner, owner->path) == 0) {
            return listener->name;
        }
    }
    return NULL;
}

void listeners_forget(struct listeners *listeners, int fd)
{
    struct list *at;

    list_for_each (at, &listeners->all) {
        struct listener *listener = container_of(at, struct listener, link);

        if (listener->fd == fd && listener->owner != NULL) {
            listener_destroy(listener);
            return;
        }
    }
}

const char *listeners_name(const struct listeners *listeners, size_t index)
{
    struct list *at;

    list_for_each (at, &listeners->all) {
        if (index-- == 0) {
            return container_of(at, struct listener, link)->name;
        }
    }
    return NULL;
}
