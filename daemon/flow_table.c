#include "daemon/flow_table.h"

#include <stdlib.h>

#include "graph/mem.h"
#include "graph/thread.h"

enum { FIRST_SIZE = 64, FREED_APART = 20000 /* places that a thread frees: see graph/thread.h */ };

static void *free_places(void *places)
{
    free(places);
    return NULL;
}

void flow_table_deinit(struct flow_table *table)
{
    if (table->size >= FREED_APART) {
        thread_create_detached(free_places, table->places);
    } else {
        free(table->places);
    }
    *table = (struct flow_table){0};
}

/* The place of an outbox, or the free one where it would be. */
static size_t place_of(const struct flow_table *table, const struct outbox *out)
{
    const uint64_t hash = ((uint64_t)(uintptr_t)out >> 3) * 0x9e3779b97f4a7c15;
    size_t at = (size_t)(hash >> 32) & (table->size - 1);

    while (table->places[at].out != NULL && table->places[at].out != out) {
        at = (at + 1) & (table->size - 1);
    }
    return at;
}

static void resize(struct flow_table *table, size_t size)
{
    const struct flow_table old = *table;

    table->size = size;
    table->places = mem_alloc_array(table->size, sizeof(*table->places));
    for (size_t i = 0; i < old.size; i++) {
        if (old.places[i].out != NULL) {
            table->places[place_of(table, old.places[i].out)] = old.places[i];
        }
    }
    free(old.places);
}

void flow_table_reserve(struct flow_table *table, size_t count)
{
    size_t size = FIRST_SIZE;

    while (size < 2 * count) {
        size *= 2;
    }
    resize(table, size);
}

void flow_table_add(struct flow_table *table, const struct flow_counts *counts)
{
    if (2 * (table->count + 1) > table->size) {
        resize(table, table->size == 0 ? FIRST_SIZE : 2 * table->size);
    }
    table->places[place_of(table, counts->out)] = *counts;
    table->count++;
}

const struct flow_counts *flow_table_find(const struct flow_table *table, const struct outbox *out)
{
    const struct flow_counts *found = table->size > 0 ? &table->places[place_of(table, out)] : NULL;

    return found != NULL && found->out != NULL ? found : NULL;
}
