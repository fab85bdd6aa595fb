#include "daemon/lineage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/activation.h"
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "graph/loop.h"

struct predecessor {
    struct list link;
    struct lineage *lineage;
    ev_io on_end;
};

static struct ev_loop *ev_of(const struct lineage *lineage)
{
    return lineage->daemon->loop->ev;
}

/* None of them keeps the loop running. */
static void watch(struct ev_loop *ev, ev_io *watcher)
{
    ev_io_start(ev, watcher);
    ev_unref(ev);
}

static void let_go(struct ev_loop *ev, ev_io *watcher)
{
    if (ev_is_active(watcher)) {
        ev_ref(ev);
        ev_io_stop(ev, watcher);
        (void)close(watcher->fd);
    }
}

/* ---- those before us ---- */

static int leash_of(struct list *link)
{
    return container_of(link, struct predecessor, link)->on_end.fd;
}

static void predecessor_destroy(struct predecessor *predecessor)
{
    list_remove(&predecessor->link);
    let_go(ev_of(predecessor->lineage), &predecessor->on_end);
    free(predecessor);
}

static void forget_all(struct lineage *lineage)
{
    struct list *at;
    struct list *after;

    list_for_each_safe (at, after, &lineage->predecessors) {
        predecessor_destroy(container_of(at, struct predecessor, link));
    }
}

/* It says nothing: this is its end. */
static void on_end(struct ev_loop *ev, ev_io *watcher, int revents)
{
    predecessor_destroy(watcher->data);
}

void lineage_add(struct lineage *lineage, int leash)
{
    struct predecessor *predecessor = mem_alloc(sizeof(*predecessor));

    predecessor->lineage = lineage;
    list_append(&lineage->predecessors, &predecessor->link);
    ev_io_init(&predecessor->on_end, on_end, leash, EV_READ);
    predecessor->on_end.data = predecessor;
    watch(ev_of(lineage), &predecessor->on_end);
}

void lineage_stop(struct lineage *lineage)
{
    struct list *at;

    if (!lineage->daemon->has_come) {
        return; /* the one before us goes on */
    }
    list_for_each (at, &lineage->predecessors) {
        /* If it has ended we shall see that. */
        (void)send(leash_of(at), "s", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

static size_t count(const struct lineage *lineage)
{
    struct list *at;
    size_t number = 0;

    list_for_each (at, &lineage->predecessors) {
        number++;
    }
    return number;
}

void lineage_wait(struct lineage *lineage)
{
    struct daemon *daemon = lineage->daemon;
    const size_t left = count(lineage);
    char text[80];

    if (left == 0 || !daemon->has_come) {
        return;
    }
    (void)snprintf(text, sizeof(text), "waiting for %zu process%s from before an upgrade", left,
                   left == 1 ? "" : "es");
    log_event(LOG_LEVEL_NOTICE, NULL, "%s, with connections that drain", text);
    notify_status(&daemon->notify, "%s", text);
    ev_ref(ev_of(lineage));
    while (!list_is_empty(&lineage->predecessors)) {
        loop_once(daemon->loop, true);
    }
    ev_unref(ev_of(lineage));
}

/* ---- whoever comes after us ---- */

int leash_create(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0 ? 0
                                                                                         : -errno;
}

void lineage_pass(const struct lineage *lineage, struct descriptors *to)
{
    struct list *at;

    list_for_each (at, &lineage->predecessors) {
        activation_pass_leash(to, leash_of(at));
    }
}

static void on_successor(struct ev_loop *ev, ev_io *watcher, int revents)
{
    struct lineage *lineage = watcher->data;
    struct daemon *daemon = lineage->daemon;
    char byte;
    const ssize_t got = recv(watcher->fd, &byte, 1, 0);

    if (got == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        return;
    }
    if (got <= 0) { /* it is gone; what drains here may go on */
        let_go(ev, watcher);
        return;
    }
    log_event(LOG_LEVEL_NOTICE, NULL, "the process that came in this one's place was told to stop");
    if (!daemon->was_told_to_stop ||
        lineage->was_told) { /* else by the same signal, in a terminal */
        daemon_stop(daemon);
    }
    lineage->was_told = true;
}

void lineage_give_way(struct lineage *lineage, int leash)
{
    forget_all(lineage);
    ev_io_set(&lineage->on_successor, leash, EV_READ);
    watch(ev_of(lineage), &lineage->on_successor);
}

void lineage_init(struct lineage *lineage, struct daemon *daemon)
{
    *lineage = (struct lineage){.daemon = daemon};
    list_init(&lineage->predecessors);
    ev_init(&lineage->on_successor, on_successor);
    lineage->on_successor.data = lineage;
}

void lineage_deinit(struct lineage *lineage)
{
    forget_all(lineage);
    let_go(ev_of(lineage), &lineage->on_successor);
}
