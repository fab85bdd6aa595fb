#include "graph/listeners.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graph/list.h"

struct listener {
    struct list link;
    char *name;
    int fd;
    bool is_ours;
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
    if (listener->is_ours) {
        (void)close(listener->fd);
    }
    list_remove(&listener->link);
    free(listener->name);
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

static void add(struct listeners *listeners, const char *name, int fd, bool is_ours)
{
    struct listener *listener = mem_alloc(sizeof(*listener));

    listener->name = mem_strdup(name);
    listener->fd = fd;
    listener->is_ours = is_ours;
    list_append(&listeners->all, &listener->link);
}

void listeners_give(struct listeners *listeners, const char *name, int fd)
{
    add(listeners, name, fd, true);
}

void listeners_keep(struct listeners *listeners, const char *name, int fd)
{
    add(listeners, name, fd, false);
}

int listeners_share(const struct listeners *listeners, const char *name)
{
    struct list *at;

    list_for_each (at, &listeners->all) {
        const struct listener *listener = container_of(at, struct listener, link);

        if (strcmp(listener->name, name) == 0) {
            int fd = fcntl(listener->fd, F_DUPFD_CLOEXEC, 3);

            return fd == -1 ? -errno : fd;
        }
    }
    return -ENOENT;
}

void listeners_forget(struct listeners *listeners, int fd)
{
    struct list *at;

    list_for_each (at, &listeners->all) {
        struct listener *listener = container_of(at, struct listener, link);

        if (listener->fd == fd && !listener->is_ours) {
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
