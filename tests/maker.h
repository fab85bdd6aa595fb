/* Maker: makes graphs and hears of their end, as a ProtocolHandler does for connections.  In a
 * scene it is "m".
 *
 *     the test --> [in0], [in1] Maker [out0], [out1] --> what it has made */
#ifndef TESTS_MAKER_H
#define TESTS_MAKER_H

#include "graph/blueprint.h"
#include "tests/scene.h"

struct maker {
    struct plan *protocol; /* parameter */
    struct blueprint *blueprint;
    struct list graphs;
    uint64_t ended;
    uint64_t stops;
};

enum { MAKER_IN0, MAKER_IN1, MAKER_CONTROL };
enum { MAKER_OUT0, MAKER_OUT1, MAKER_SIGNAL };

extern const struct component_type maker_type;
extern const struct component_type mourner_type; /* the same, and ends with a graph that it made */

struct maker *maker_of(struct scene *scene);

/* Makes an instance, and starts it. */
struct graph *make(struct scene *scene, uint64_t number);
struct graph *make_started(struct scene *scene, uint64_t number);

#endif
