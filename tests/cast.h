/* Five probes, for tests of what is between them: data is sent by a and b, passes through p and q,
 * and is taken by z. */
#ifndef TESTS_CAST_H
#define TESTS_CAST_H

#include "graph/box.h"
#include "tests/scene.h"

struct cast {
    struct scene *scene;
    struct component *a, *b, *p, *q, *z;
};

/* Nothing is linked yet.  keys: more of z's, such as ", boxes: {in0: {size: 2}}" */
void cast_start(struct cast *cast);
void cast_start_with(struct cast *cast, const char *keys);
void cast_stop(struct cast *cast);

/* Takes an inbox's next message, and expects this text, or that there is none. */
void cast_hears(struct cast *cast, struct component *component, unsigned inbox, const char *text);
void cast_silent(struct cast *cast, struct component *component, unsigned inbox);

/* Bounds an inbox in messages. */
void bound(struct component *component, unsigned inbox, uint32_t limit, enum when_full policy);

struct box *in_box(struct component *component, unsigned index);
struct box *out_box(struct component *component, unsigned index);

/* How often a probe has been run. */
uint64_t runs(struct component *component);

#endif
