/* Pliant: keeps what comes; its parameter "word" may be changed while it runs, "fixed" only with
 * another component in its place.
 *
 *     from --> [inbox] Pliant [outbox] --> to */
#ifndef TESTS_PLIANT_H
#define TESTS_PLIANT_H

#include "tests/scene.h"

struct pliant {
    const char *word;
    const char *fixed;
    uint64_t changes, starts;
};

/* Pliant, and what else a graph that changes has in it. */
extern const struct component_type *const pliant_types[];

/* Of all of them: to be zeroed by each test. */
struct pliant_record {
    unsigned bad_start; /* the next start but so many fails, from 1; 0: none does */
    unsigned stops;
};
extern struct pliant_record pliants;

/* For cmocka_unit_test_setup(). */
int pliant_reset(void **context);

struct pliant *pliant(struct scene *scene, const char *path);

/* The text of a graph "from -> it -> to", where "it" is a Pliant with these keys besides, and the
 * others are probes. */
const char *pliant_text(const char *keys);

/* Messages in a component's first inbox. */
uint32_t queued(struct scene *scene, const char *path);

/* Components that have been taken out of the graph, and have not ended yet. */
size_t leavers(const struct scene *scene);

#endif
