#include "daemon/progress.h"

#include <stddef.h>

void progress_init(struct progress *progress)
{
    list_init(&progress->loops);
}

static void on_question(struct ev_loop *ev, ev_async *question, int events)
{
    struct progress_loop *loop = container_of(question, struct progress_loop, question);

    atomic_store(&loop->has_answered, true);
}

void progress_add(struct progress *progress, struct progress_loop *loop, struct ev_loop *ev,
                  const char *name)
{
    loop->ev = ev;
    loop->name = name;
    atomic_init(&loop->has_answered, true); /* nothing was asked yet */
    list_append(&progress->loops, &loop->link);
    ev_async_init(&loop->question, on_question);
    ev_async_start(ev, &loop->question);
    ev_unref(ev);
}

void progress_remove(struct progress_loop *loop)
{
    ev_ref(loop->ev);
    ev_async_stop(loop->ev, &loop->question);
    list_remove(&loop->link);
}

const char *progress_ask(struct progress *progress)
{
    const char *late = NULL;
    struct list *at;

    list_for_each (at, &progress->loops) {
        struct progress_loop *loop = container_of(at, struct progress_loop, link);

        if (atomic_exchange(&loop->has_answered, false)) {
            ev_async_send(loop->ev, &loop->question);
        } else if (late == NULL) {
            late = loop->name; /* and the question still waits for it */
        }
    }
    return late;
}
