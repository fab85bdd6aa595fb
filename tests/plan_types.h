/* Component types that exist for tests of the loader only, and a plan as text. */
#ifndef AXOND_TESTS_PLAN_TYPES_H
#define AXOND_TESTS_PLAN_TYPES_H

#include "graph/plan.h"

struct echo {
    size_t max_size;
    int64_t count;
    double delay;
    bool loud;
    int mode;
    const char *label;
    struct texts words;
    int pair[2]; /* CUSTOM */
    const char *password;
};

struct holder {
    struct plan *protocol;
};

struct wheel {
    struct plan *component;
    const char *argument;
    struct plans more;
};

extern const struct component_type *const fake_types[];

/* Writes a plan as lines, such as "a.outbox -> b.inbox".  To be freed. */
char *plan_text(const struct plan *plan);

/* The mistakes, each "4:3: error: ...", a line for each.  To be freed. */
struct errors;
char *errors_text(struct errors *errors);

#endif
