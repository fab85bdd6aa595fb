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
    size_t index;        /* the component's place */
    bool is_retired;     /* another has that now; set while all workers are halted */
    struct wake wakes[]; /* by worker */
};

static void on_wake(struct letter *letter)
{
    struct wake *wake = container_of(letter, struct wake, letter);
    struct parts *parts = wake->shared->parts;

    /* later, this part may be gone and another live on for a while */
    if (!parts->is_destroyed && !wake->shared->is_retired) {
        struct graph *part = parts->part[wake->worker];
        struct component *component = graph_component(part, wake->shared->index);

        if (component != NULL) { /* it was not removed */
            component_wake(component);
        }
    }
    parts_unref(parts);
}

static struct shared *create(struct parts *parts, size_t index)
{
    struct shared *shared = mem_alloc(sizeof(*shared) + parts->count * sizeof(struct wake));

    shared->parts = parts;
    shared->index = index;
    places_init(&shared->share.places);
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

/* ---- turns ---- */

static bool takes_turns(struct share *share, unsigned worker)
{
    return (atomic_load(&share->in_turn) >> worker & 1) != 0;
}

/* The next worker that takes turns, after this one; itself if there is no other. */
static unsigned next_in_turn(struct share *share, unsigned worker, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        if (takes_turns(share, (worker + i) % count)) {
            return (worker + i) % count;
        }
    }
    return worker;
}

/* Whoever gets the turn may be leaving in that moment: either it sees that it has it, or we see
 * that it takes none, or both; then one of us is the first. */
static void give_turn(struct share *share, unsigned from)
{
    struct shared *shared = container_of(share, struct shared, share);
    unsigned to = next_in_turn(share, from, shared->parts->count);

    while (to != from && atomic_compare_exchange_strong(&share->turn, &from, to)) {
        if (takes_turns(share, to)) {
            parts_post(shared->parts, to, &shared->wakes[to].letter);
            return;
        }
        from = to;
        to = next_in_turn(share, from, shared->parts->count);
    }
}

void share_join_turns(struct share *share, unsigned worker)
{
    unsigned turn;

    (void)atomic_fetch_or(&share->in_turn, (uint64_t)1 << worker);
    turn = atomic_load(&share->turn);
    if (!takes_turns(share, turn)) {
        (void)atomic_compare_exchange_strong(&share->turn, &turn, worker);
    }
}

void share_leave_turns(struct share *share, unsigned worker)
{
    (void)atomic_fetch_and(&share->in_turn, ~((uint64_t)1 << worker));
    share_pass_turn(share, worker);
}

bool share_has_turn(struct share *share, unsigned worker)
{
    return atomic_load(&share->turn) == worker && takes_turns(share, worker);
}

void share_pass_turn(struct share *share, unsigned worker)
{
    if (atomic_load(&share->turn) == worker) {
        give_turn(share, worker);
    }
}

void shared_free(struct shared *shared)
{
    while (shared != NULL) {
        struct shared *next = shared->next;

        places_deinit(&shared->share.places);
        free(shared);
        shared = next;
    }
}
