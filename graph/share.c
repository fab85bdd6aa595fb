#include "graph/share.h"

#include <stdlib.h>

#include "graph/component.h"
#include "graph/placement.h"
#include "graph/plan.h"
#include "graph/root.h"

struct wake {
    struct letter letter;
    struct shared *shared;
    unsigned worker;
};

/* A share, as its parts keep it. */
struct shared {
    struct share share;
    struct shared *next;
    struct parts *parts;
    size_t index;    /* the component's place */
    bool is_retired; /* another has that now; set while all workers are halted */
    _Atomic bool is_awaited;
    struct wake wakes[]; /* by worker */
};

static void on_wake(struct letter *letter)
{
    struct wake *wake = container_of(letter, struct wake, letter);
    struct parts *parts = wake->shared->parts;

    /* later, this part may be gone and another live on for a while */
    if (!parts->is_destroyed && !wake->shared->is_retired) {
        component_wake(graph_component(parts->part[wake->worker], wake->shared->index));
    }
    parts_unref(parts);
}

static struct shared *create(struct parts *parts, size_t index)
{
    struct shared *shared = mem_alloc(sizeof(*shared) + parts->count * sizeof(struct wake));

    shared->parts = parts;
    shared->index = index;
    for (unsigned i = 0; i < parts->count; i++) {
        shared->wakes[i].letter.open = on_wake;
        shared->wakes[i].shared = shared;
        shared->wakes[i].worker = i;
    }
    shared->next = parts->shared;
    parts->shared = shared;
    return shared;
}

struct share *share_of(struct component *self)
{
    struct parts *parts = parts_of(self->graph);
    const size_t index = self->plan->index;
    struct shared *shared;

    if (parts == NULL || parts->homes[index] != EVERY_WORKER) {
        return NULL;
    }
    (void)pthread_mutex_lock(&parts->lock);
    shared = parts->shared;
    while (shared != NULL && (shared->index != index || shared->is_retired)) {
        shared = shared->next;
    }
    if (shared == NULL) {
        shared = create(parts, index);
    }
    (void)pthread_mutex_unlock(&parts->lock);
    return &shared->share;
}

struct shared *share_retire(struct parts *parts, size_t place)
{
    struct shared *shared = parts->shared; /* the others are halted */

    while (shared != NULL && (shared->index != place || shared->is_retired)) {
        shared = shared->next;
    }
    if (shared != NULL) {
        shared->is_retired = true;
    }
    return shared;
}

void share_reinstate(struct parts *parts, size_t place, struct shared *before)
{
    (void)share_retire(parts, place);
    if (before != NULL) {
        before->is_retired = false;
    }
}

void share_await(struct share *share)
{
    atomic_store(&container_of(share, struct shared, share)->is_awaited, true);
}

void share_wake_others(struct share *share)
{
    struct shared *shared = container_of(share, struct shared, share);

    if (!atomic_load(&shared->is_awaited) || !atomic_exchange(&shared->is_awaited, false)) {
        return;
    }
    for (unsigned i = 0; i < shared->parts->count; i++) {
        parts_post(shared->parts, i, &shared->wakes[i].letter);
    }
}

void shared_free(struct shared *shared)
{
    while (shared != NULL) {
        struct shared *next = shared->next;

        free(shared);
        shared = next;
    }
}
