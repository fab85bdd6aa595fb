/* Faulty: passes on what arrives, until a message tells it to do something wrong.
 *
 *     from --> [inbox] Faulty [outbox] --> to
 *
 * "fail" has it fail in run, "fail later" in a timer, "finish" end in order, "say so" say
 * producerFinished with an error and fail, "break next" have the next component of the graph fail,
 * "hold" hold the loop for HOLD_MS, "hold later" in a timer. */
#ifndef TESTS_FAULTY_H
#define TESTS_FAULTY_H

#include "tests/scene.h"

enum { FAULTY_INBOX, FAULTY_CONTROL };
enum { FAULTY_OUTBOX, FAULTY_SIGNAL };
enum { HOLD_MS = 150 };

extern const struct component_type faulty_type;
extern const struct component_type *const faulty_types[];

/* What all of them have done: to be zeroed by each test. */
struct faulty_record {
    unsigned starts, stops;
    unsigned bad_starts;  /* so many of the next starts fail */
    unsigned slow_starts; /* so many of the next starts hold the loop */
};
extern struct faulty_record faulty;

/* A graph "from -> it -> to", where "it" is a Faulty with these keys besides, and the others are
 * probes. */
struct scene *faulty_scene(const char *keys);

/* Sends to "it"; takes what "to" has got, of data or notices. */
void faulty_say(struct scene *scene, const char *text);
void faulty_assert_heard(struct scene *scene, const char *text); /* NULL: nothing */
void faulty_assert_notice(struct scene *scene, const char *name);

/* Lets time pass until a component is in that state, and lets all that follows be done. */
void faulty_wait(struct scene *scene, const char *path, enum component_state state);

/* Lets time pass until a component has been started again so often. */
void faulty_wait_restarts(struct scene *scene, const char *path, unsigned restarts);

#endif
