/* A UnixProcess alone, with what came out of it. */
#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#include <sys/types.h>

#include "graph/component.h"
#include "tests/harness.h"

enum { MEGABYTE = 1024 * 1024 };

/* What came out of a box so far, put together. */
struct gathering {
    struct harness *h;
    const char *outbox; /* "outbox" at first */
    char text[MEGABYTE];
    size_t size;
    size_t messages;
    size_t wanted; /* bytes */
};

/* parameters: of the UnixProcess */
struct gathering *program_start(const char *parameters);
void program_stop(struct gathering *gathering);

/* Runs a program to its end; input: all that it gets, or NULL for a stdin that stays open. */
struct gathering *program_run(const char *parameters, const char *input);

/* Takes what has come by now. */
void gather(struct gathering *gathering);

/* Lets time pass until so many bytes have come, or until the component is over. */
void wait_for_output(struct gathering *gathering, size_t size);
void wait_for_end(struct gathering *gathering);

/* The component's. */
enum component_state state_of(const struct gathering *gathering);
const char *reason_of(const struct gathering *gathering);

/* The program's, as the component describes itself. */
pid_t pid_of(struct component *component);

/* True while a process is there and is no zombie. */
bool is_alive(pid_t pid);

/* For scene_wait(); arg: a pid_t */
bool is_stopped(void *arg);
bool is_dead(void *arg);

/* The same; arg: NULL */
bool has_no_children(void *arg);

#endif
