#include "daemon/bottleneck.h"

#include <stdint.h>
#include <stdlib.h>

#include "graph/mem.h"

static int compare_addresses(const void *a, const void *b)
{
    return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

/* By sender; of each sender, the stall that takes most of its time first. */
static int by_sender(const void *a, const void *b)
{
    const struct stall *one = a;
    const struct stall *other = b;
    const int order = compare_addresses(one->from, other->from);

    return order != 0 ? order : (other->share > one->share) - (other->share < one->share);
}

/* The stall that holds a component up most, or NO_STALL. */
static size_t find_sender(const struct stall *stalls, size_t count, const void *from)
{
    size_t low = 0;
    size_t high = count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (compare_addresses(stalls[middle].from, from) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && stalls[low].from == from ? low : NO_STALL;
}

enum { UNSEEN = 0, ON_THE_WAY, SEEN };

/* Where a circle ends that a stall is part of: at the one that takes most time. */
static size_t worst_of_circle(const struct stall *stalls, size_t start)
{
    size_t worst = start;

    for (size_t at = stalls[start].next; at != start; at = stalls[at].next) {
        if (stalls[at].share > stalls[worst].share) {
            worst = at;
        }
    }
    return worst;
}

/* A circle is known by one of its stalls, which all of it ends at. */
static void close_circle(struct stall *stalls, unsigned char *states, size_t start)
{
    const size_t worst = worst_of_circle(stalls, start);
    size_t way = 1;

    stalls[worst].last = worst;
    stalls[worst].way = way;
    states[worst] = SEEN;
    for (size_t left = stalls[worst].next; left != worst; left = stalls[left].next) {
        way++;
    }
    for (size_t at = stalls[worst].next; at != worst; at = stalls[at].next) {
        stalls[at].last = worst;
        stalls[at].way = way--;
        states[at] = SEEN;
    }
}

/* Fills in .last and .way of a stall and of all that it leads through; trail has room for all. */
static void follow(struct stall *stalls, unsigned char *states, size_t *trail, size_t start)
{
    size_t length = 0;
    size_t at = start;

    while (at != NO_STALL && states[at] == UNSEEN) {
        states[at] = ON_THE_WAY;
        trail[length++] = at;
        at = stalls[at].next;
    }
    if (at != NO_STALL && states[at] == ON_THE_WAY) {
        close_circle(stalls, states, at);
    }
    while (length-- > 0) {
        struct stall *stall = &stalls[trail[length]];

        if (states[trail[length]] == SEEN) {
            continue; /* in the circle */
        }
        stall->last = stall->next == NO_STALL ? trail[length] : stalls[stall->next].last;
        stall->way = stall->next == NO_STALL ? 1 : stalls[stall->next].way + 1;
        states[trail[length]] = SEEN;
    }
}

static void follow_all(struct stall *stalls, size_t count)
{
    unsigned char *states = mem_alloc(count);
    size_t *trail = mem_alloc(count * sizeof(*trail));

    for (size_t i = 0; i < count; i++) {
        stalls[i].next = stalls[i].is_end ? NO_STALL : find_sender(stalls, count, stalls[i].to);
    }
    for (size_t i = 0; i < count; i++) {
        follow(stalls, states, trail, i);
    }
    free(trail);
    free(states);
}

/* ---- the ends */

/* A stall, and the component where following it ends. */
struct ending {
    const void *end;
    size_t stall;
};

static int by_end(const void *a, const void *b)
{
    const struct ending *one = a;
    const struct ending *other = b;
    const int order = compare_addresses(one->end, other->end);

    return order != 0 ? order : (one->stall > other->stall) - (one->stall < other->stall);
}

static struct bottleneck add_up(const struct stall *stalls, const struct ending *endings,
                                size_t count)
{
    struct bottleneck found = {
        .last = stalls[endings[0].stall].last, .first = endings[0].stall, .count = count};

    for (size_t i = 0; i < count; i++) {
        const size_t at = endings[i].stall;

        if (stalls[at].last == at && stalls[at].share > found.share) {
            found.share = stalls[at].share;
            found.last = at;
        }
        if (stalls[at].way > stalls[found.first].way) {
            found.first = at;
        }
    }
    found.is_circle = stalls[found.last].next != NO_STALL;
    return found;
}

static bool holds_up_more(const struct bottleneck *one, const struct bottleneck *other)
{
    return one->count != other->count ? one->count > other->count : one->share > other->share;
}

/* Keeps the worst, in order. */
static void keep(struct bottleneck *found, size_t *kept, size_t most, struct bottleneck add)
{
    size_t at = *kept < most ? (*kept)++ : most;

    for (; at > 0 && holds_up_more(&add, &found[at - 1]); at--) {
        if (at < most) {
            found[at] = found[at - 1];
        }
    }
    if (at < most) {
        found[at] = add;
    }
}

size_t bottlenecks_find(struct stall *stalls, size_t count, struct bottleneck *found, size_t most)
{
    struct ending *endings;
    size_t kept = 0;
    size_t all = 0;

    if (count == 0) {
        return 0;
    }
    qsort(stalls, count, sizeof(*stalls), by_sender);
    follow_all(stalls, count);
    endings = mem_alloc(count * sizeof(*endings));
    for (size_t i = 0; i < count; i++) {
        endings[i] = (struct ending){.end = stalls[stalls[i].last].to, .stall = i};
    }
    qsort(endings, count, sizeof(*endings), by_end);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && endings[end].end == endings[i].end; end++) {
        }
        keep(found, &kept, most, add_up(stalls, endings + i, end - i));
        all++;
    }
    free(endings);
    return all;
}
