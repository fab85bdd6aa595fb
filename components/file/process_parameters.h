/* Parameters of a process: its command, its environment, what counts as success. */
#ifndef AXOND_COMPONENTS_FILE_PROCESS_PARAMETERS_H
#define AXOND_COMPONENTS_FILE_PROCESS_PARAMETERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct error;
struct node;

/* [cat, -n], or "cat -n | sort", which is left to a shell. */
struct process_command {
    const char *const *arguments; /* of the program, which is the first; NULL-ended */
    const char *shown;            /* for people: without what is secret */
};

/* {TZ: UTC}: "TZ=UTC", NULL-ended; NULL for none. */
struct process_variables {
    const char *const *items;
};

/* [0, 1]: a bit for each exit status. */
struct process_success {
    uint32_t statuses[256 / 32];
};

/* What .accepts says of them. */
#define PROCESS_COMMAND_ACCEPTED   "a list of a program and its arguments, or a text for /bin/sh"
#define PROCESS_VARIABLES_ACCEPTED "a mapping of names to texts, such as {TZ: UTC}"
#define PROCESS_SUCCESS_ACCEPTED   "a number from 0 to 255, or a list of such, as [0, 1]"

/* The same as JSON Schemas, for param_spec.schema. */
#define PROCESS_COMMAND_SCHEMA                                                                     \
    "{'type': ['array', 'string', 'number', 'boolean'], 'minLength': 1, 'minItems': 1,"            \
    " 'items': {'$ref': '#/definitions/text'}}"
#define PROCESS_VARIABLES_SCHEMA                                                                   \
    "{'type': 'object', 'propertyNames': {'pattern': '^[^=]+$'},"                                  \
    " 'additionalProperties': {'$ref': '#/definitions/text'}}"
#define PROCESS_SUCCESS_SCHEMA                                                                     \
    "{'type': ['array', 'integer'], 'minimum': 0, 'maximum': 255,"                                 \
    " 'items': {'type': ['integer', 'string'], 'minimum': 0, 'maximum': 255,"                      \
    " 'pattern': '^[0-9]+$|[$][{]'}}"

/* Read the parameters' nodes; for param_spec.parse. */
bool process_command_parse(const struct node *node, void *field, struct arena *arena,
                           struct error *err);
bool process_variables_parse(const struct node *node, void *field, struct arena *arena,
                             struct error *err);
bool process_success_parse(const struct node *node, void *field, struct arena *arena,
                           struct error *err);

/* For param_spec.is_same. */
bool process_success_is_same(const void *a, const void *b);

bool process_is_success(const struct process_success *success, int status);

#endif
