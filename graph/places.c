#include "graph/places.h"

#include <stddef.h>
#include <stdlib.h>

#include "graph/component.h"
#include "graph/loop.h"
#include "graph/mailbox.h"

struct seeker {
    struct places *places;
    struct component *component; /* NULL: destroyed, but for a letter that is under way */
    struct loop *loop;
    struct letter letter;
    uint64_t limit;   /* when it last tried */
    bool is_waiting;  /* in the line; the component's thread's, as all above but the letter */
    struct list link; /* in the line, under its lock */
};

void places_init(struct places *places)
{
    list_init(&places->line);
    (void)pthread_mutex_init(&places->lock, NULL);
}

void places_deinit(struct places *places)
{
    REQUIRE(list_is_empty(&places->line));
    (void)pthread_mutex_destroy(&places->lock);
}

/* ---- the line ---- */

static void run_first(struct places *places)
{
    (void)pthread_mutex_lock(&places->lock);
    if (!list_is_empty(&places->line)) {
        struct seeker *first = container_of(places->line.next, struct seeker, link);

        if (first->loop->workers == NULL) {
            component_wake(first->component);
        } else {
            (void)mailbox_post(&first->loop->mailbox, &first->letter);
        }
    }
    (void)pthread_mutex_unlock(&places->lock);
}

void places_look(struct places *places)
{
    if (atomic_load(&places->waiting) > 0) {
        run_first(places);
    }
}

static bool is_first(struct seeker *seeker)
{
    struct places *places = seeker->places;
    bool is_so;

    (void)pthread_mutex_lock(&places->lock);
    is_so = places->line.next == &seeker->link;
    (void)pthread_mutex_unlock(&places->lock);
    return is_so;
}

static void join(struct seeker *seeker)
{
    struct places *places = seeker->places;

    if (seeker->is_waiting) {
        return;
    }
    seeker->is_waiting = true;
    (void)pthread_mutex_lock(&places->lock);
    list_append(&places->line, &seeker->link);
    (void)atomic_fetch_add(&places->waiting, 1);
    (void)pthread_mutex_unlock(&places->lock);
}

bool seeker_leave(struct seeker *seeker)
{
    struct places *places;

    if (seeker == NULL || !seeker->is_waiting) {
        return false;
    }
    places = seeker->places;
    seeker->is_waiting = false;
    (void)pthread_mutex_lock(&places->lock);
    list_remove(&seeker->link);
    (void)atomic_fetch_sub(&places->waiting, 1);
    (void)pthread_mutex_unlock(&places->lock);
    if (seeker->limit == 0 || atomic_load(&places->taken) < seeker->limit) {
        places_look(places);
    }
    return true;
}

bool seeker_is_waiting(const struct seeker *seeker)
{
    return seeker != NULL && seeker->is_waiting;
}

/* ---- places ---- */

/* Counts one more, unless there are so many.  Never more than that even for a moment: another
 * worker that looks in that moment would wait for room that there is. */
static bool count_up(_Atomic uint64_t *count, uint64_t limit)
{
    uint64_t now = atomic_load(count);

    do {
        if (now >= limit) {
            return false;
        }
    } while (!atomic_compare_exchange_weak(count, &now, now + 1));
    return true;
}

void places_take_anyway(struct places *places)
{
    (void)atomic_fetch_add(&places->taken, 1);
}

void places_give_back(struct places *places)
{
    (void)atomic_fetch_sub(&places->taken, 1);
    places_look(places);
}

bool seeker_take(struct seeker *seeker, uint64_t limit)
{
    struct places *places = seeker->places;

    seeker->limit = limit;
    if (limit == 0) {
        places_take_anyway(places);
        return true;
    }
    if (atomic_load(&places->waiting) == 0 && count_up(&places->taken, limit)) {
        return true;
    }
    join(seeker);
    return is_first(seeker) && count_up(&places->taken, limit);
}

/* If it is the first, nobody else may take the place: nobody has to be run, least of all itself. */
void seeker_put_back(struct seeker *seeker)
{
    struct places *places = seeker->places;

    if (seeker->limit > 0) {
        join(seeker);
    }
    (void)atomic_fetch_sub(&places->taken, 1);
    if (!is_first(seeker)) {
        places_look(places);
    }
}

/* ---- seekers ---- */

static void on_letter(struct letter *letter)
{
    struct seeker *seeker = container_of(letter, struct seeker, letter);

    if (seeker->component != NULL) {
        component_wake(seeker->component);
    } else {
        free(seeker);
    }
}

struct seeker *seeker_create(struct component *component, struct places *places)
{
    struct seeker *seeker = mem_alloc(sizeof(*seeker));

    seeker->places = places;
    seeker->component = component;
    seeker->loop = component_loop(component);
    seeker->letter.open = on_letter;
    return seeker;
}

void seeker_destroy(struct seeker *seeker)
{
    if (seeker == NULL) {
        return;
    }
    (void)seeker_leave(seeker);
    seeker->component = NULL;
    if (!atomic_load(&seeker->letter.is_posted)) { /* in no line: nobody posts it any more */
        free(seeker);
    }
}
