/* Inboxes that are stuck, as events: while somebody listens, they are looked for once a second.
 *
 *     stuck for a second ──► "blocked" ──► (not stuck for a while) ──► "unblocked"
 */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/control_private.h"
#include "graph/waiting.h"
#include "graph/workers.h"

#define LOOK 1.0 /* seconds between two looks */

enum {
    STUCK = 1000,   /* ms that make it an event */
    FREE_LOOKS = 3, /* looks at which it was not stuck, until that is one: it may go to and fro */
};

static struct blocked_inbox *find(struct control_blocked *blocked, const struct inbox *in)
{
    for (size_t i = 0; i < blocked->count; i++) {
        if (blocked->inboxes[i].in == in) {
            return &blocked->inboxes[i];
        }
    }
    return NULL;
}

static void tell_blocked(struct control *control, const struct waiting_line *line, const char *path)
{
    char first[BOX_PATH_SIZE];
    char text[BOX_PATH_SIZE + 80];

    (void)snprintf(text, sizeof(text), "is full: %u sender%s, %s first", line->count,
                   line->count == 1 ? " waits" : "s wait",
                   box_full_path(&line->first->box, first, sizeof(first)));
    control_event(control, "blocked", path, text);
}

static void see(void *arg, const struct waiting_line *line)
{
    struct control *control = arg;
    struct control_blocked *blocked = &control->blocked;
    struct blocked_inbox *known = find(blocked, line->in);
    char path[BOX_PATH_SIZE];

    if (known != NULL) {
        known->free_looks = 0;
        return;
    }
    if (blocked->count == CONTROL_FIRST) {
        return;
    }
    (void)box_full_path(&line->in->box, path, sizeof(path));
    blocked->inboxes[blocked->count++] =
        (struct blocked_inbox){.in = line->in, .path = mem_strdup(path), .since = line->since};
    tell_blocked(control, line, path);
}

static void tell_unblocked(struct control *control, const struct blocked_inbox *inbox)
{
    const uint32_t now = loop_ms(control->daemon->loop);
    char text[80];

    (void)snprintf(text, sizeof(text), "is no longer blocked, after %.0f s",
                   (now - inbox->since) / 1000.0 - FREE_LOOKS * LOOK);
    control_event(control, "unblocked", inbox->path, text);
}

static void on_look(struct ev_loop *ev, ev_timer *watcher, int revents)
{
    struct control *control = watcher->data;
    struct control_blocked *blocked = &control->blocked;
    size_t kept = 0;

    for (size_t i = 0; i < blocked->count; i++) {
        blocked->inboxes[i].free_looks++;
    }
    workers_halt(control->daemon->workers);
    for (unsigned i = 0; i < worker_count(control->daemon->loop); i++) {
        waiting_each_stuck(worker_loop(control->daemon->loop, i)->waiting, STUCK, see, control);
    }
    workers_release(control->daemon->workers);
    for (size_t i = 0; i < blocked->count; i++) {
        if (blocked->inboxes[i].free_looks > FREE_LOOKS) {
            tell_unblocked(control, &blocked->inboxes[i]);
            free(blocked->inboxes[i].path);
        } else {
            blocked->inboxes[kept++] = blocked->inboxes[i];
        }
    }
    blocked->count = kept;
}

void control_blocked_watch(struct control *control)
{
    struct control_blocked *blocked = &control->blocked;

    if (!ev_is_active(&blocked->look)) {
        ev_timer_init(&blocked->look, on_look, LOOK, LOOK);
        blocked->look.data = control;
        ev_timer_start(control->daemon->loop->ev, &blocked->look);
    }
}

void control_blocked_unwatch(struct control *control)
{
    struct control_blocked *blocked = &control->blocked;

    ev_timer_stop(control->daemon->loop->ev, &blocked->look);
    while (blocked->count > 0) {
        free(blocked->inboxes[--blocked->count].path);
    }
}
