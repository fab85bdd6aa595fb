/* log: what the daemon says, to people on stderr or to the journal with fields.
 *
 *     stderr     14:03:22.107 warning server/17 (127.0.0.1:53112): receiving: Connection reset by
 * peer
 *
 *     journal    MESSAGE=receiving: Connection reset by peer
 *                PRIORITY=4  COMPONENT=server/17  COMPONENT=server  PEER=127.0.0.1:53112  ERRNO=104
 *                CODE_FILE=… CODE_LINE=… CODE_FUNC=…  SYSLOG_IDENTIFIER=axond
 *
 * The logger is the one mutable thing in axond that hangs from nothing: everybody logs, also where
 * no loop is at hand, and a process has one stderr and one journal.  Its state is static in log.c
 * and in the file of each target.
 *
 * 1. Nothing here fails visibly, allocates or logs: a line that can't be written is counted, and
 * the next one that can be is preceded by how many were lost.
 * 2. Nothing here blocks for longer than LOG_PATIENCE, and that once: a pipe nobody reads, a
 * terminal held with ^S or a stuck journald costs lines, not time.
 * 3. What peers send may be part of a text: control characters and bytes that are not UTF-8 come
 * out as \n, \x1b and so on.
 * 4. Any thread may log at any time, except from a signal handler.
 *
 * The caller ignores SIGPIPE. */
#ifndef AXOND_DAEMON_LOG_H
#define AXOND_DAEMON_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "graph/log_level.h"
#include "graph/mem.h"

enum log_target {
    LOG_TARGET_AUTO, /* the journal if that is where stderr goes, else stderr */
    LOG_TARGET_STDERR,
    LOG_TARGET_JOURNAL,
};

enum {
    LOG_TEXT_SIZE = 3072, /* bytes of a text; what is longer is cut, and ends in "…" */
    LOG_PATIENCE = 50,    /* milliseconds to wait for room on stderr */
    LOG_BURST = 10,       /* lines of one log_event_limited() in an interval of … */
    LOG_INTERVAL = 10,    /* … seconds */
};

/* What a line is about; all of it may be left out. */
struct log_fields {
    const char *component; /* path, such as "server/17" */
    const char *peer;      /* address, such as "127.0.0.1:53112" */
    int error;             /* an errno, of either sign: its description ends the text */
};

/* Where in the source a line comes from; file is NULL where nobody knows. */
struct log_site {
    const char *file;
    const char *function;
    int line;
};

/* How often one place has logged of late; zeroes to begin with. */
struct log_limit {
    _Atomic long interval; /* the one that is counted in */
    _Atomic unsigned lines;
    _Atomic unsigned held_back;
};

/* "error", "warning" ("warn"), "notice", "info", "debug".  Returns false if it is none of these. */
MUST_CHECK bool log_level_parse(const char *name, enum log_level *level);
const char *log_level_name(enum log_level level);

/* "auto", "stderr", "journal". */
MUST_CHECK bool log_target_parse(const char *name, enum log_target *target);

/* Starts logging, or moves it to another target.  Before the first call lines go to stderr, at
 * info.
 *
 * Opens /dev/null in place of any of the descriptors 0 to 2 that is closed, so that no socket can
 * get the number that we or a library write text to. Returns 0; -errno if LOG_TARGET_JOURNAL was
 * asked for and there is no journal, and then it is stderr. */
MUST_CHECK int log_open(enum log_target target);

/* LOG_TARGET_STDERR or LOG_TARGET_JOURNAL: where lines go now. */
enum log_target log_target(void);

/* Whether lines on stderr have colours: it is a terminal that knows them, and its user wants them
 * (NO_COLOR is not set). */
bool log_has_colour(void);

void log_close(void);

/* Lines above this level are left out; it may be changed at any time. */
void log_set_level(enum log_level level);
enum log_level log_level(void);
bool log_wants(enum log_level level);

/* log_event(LOG_LEVEL_WARNING, &(struct log_fields){.component = path, .error = errno},
 * "receiving");
 *
 * Logs one line; the fields may be NULL.  The arguments are evaluated only if the level is wanted.
 * errno stays as it was. */
#define log_event(level, ...)                                                                      \
    do {                                                                                           \
        if (log_wants(level)) {                                                                    \
            log_write(&LOG_HERE, (level), __VA_ARGS__);                                            \
        }                                                                                          \
    } while (0)

/* As log_event(), for what a peer can make happen often: LOG_BURST lines of this place in
 * LOG_INTERVAL seconds, and the first one after that says how many were held back. */
#define log_event_limited(level, ...)                                                              \
    do {                                                                                           \
        static struct log_limit log_limit_here;                                                    \
        if (log_wants(level) && log_limit_pass(&log_limit_here, &LOG_HERE, (level))) {             \
            log_write(&LOG_HERE, (level), __VA_ARGS__);                                            \
        }                                                                                          \
    } while (0)

#define LOG_HERE                                                                                   \
    (const struct log_site)                                                                        \
    {                                                                                              \
        .file = __FILE__, .function = __func__, .line = __LINE__                                   \
    }

/* The same as functions: for whoever brings the place along, or has none (NULL). */
void log_write(const struct log_site *site, enum log_level level, const struct log_fields *fields,
               const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The log hook of a loop: logs what the runtime and the components have to say.  arg is not used;
 * path and peer may be NULL. */
void log_from_loop(void *arg, enum log_level level, const char *path, const char *peer,
                   const char *text);

/* Counts a line.  Returns whether it may be logged, after logging how many were held back. */
bool log_limit_pass(struct log_limit *limit, const struct log_site *site, enum log_level level);

/* For tests: sends to the journal at this path, or to the real one (NULL), from the next log_open()
 * on. The string is borrowed. */
void log_set_journal_path(const char *path);

#endif
