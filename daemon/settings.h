/* The section "daemon:" of a graph file. */
#ifndef AXOND_DAEMON_SETTINGS_H
#define AXOND_DAEMON_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "graph/component_type.h"

struct control_settings {
    const char *path;  /* NULL: left out */
    const char *mode;  /* octal digits */
    const char *group; /* NULL: the daemon's own */
};

struct limit_settings {
    int64_t connections;  /* 0: as many as there are descriptors */
    size_t buffer_memory; /* bytes */
};

struct settings {
    struct control_settings control;
    int64_t workers;      /* event-loop threads; 0: as many as there are cores */
    double drain_timeout; /* seconds */
    int log_level;        /* index into log_level_names */
    struct limit_settings limits;
};

/* Error first, so that LOG_LEVEL_ERROR plus the index is the enum log_level. */
extern const char *const log_level_names[];

/* Reads a number of workers, or "auto" as 0.  Returns false if it is neither. */
bool settings_parse_workers(const char *text, int64_t *workers);

/* What people may write for it. */
extern const char settings_workers_accepted[];

/* Reads into a struct settings; see plan_options.settings_table. */
extern const struct param_spec settings_table[];

#endif
