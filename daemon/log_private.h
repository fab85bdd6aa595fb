/* The log from inside; log.h is what others use.
 *
 *     log.c          levels, opening, texts, limits
 *     log_line.c     a line while it is put together
 *     log_stderr.c   the target for people
 *     log_journal.c  the target with fields
 *
 * A target's write returns whether the line got through. */
#ifndef AXOND_DAEMON_LOG_PRIVATE_H
#define AXOND_DAEMON_LOG_PRIVATE_H

#include <stdbool.h>

#include "daemon/log.h"

/* Looks whether stderr is a terminal that shows colours. */
void log_stderr_open(void);

/* Forgets that stderr had no room. */
void log_stderr_close(void);

bool log_stderr_write(enum log_level level, const struct log_fields *fields, const char *text);

/* True if stderr is the journal's, by what systemd says. */
bool log_journal_is_stderr(void);

/* Connects to the journal.  Returns 0 or -errno. */
MUST_CHECK int log_journal_open(void);
void log_journal_close(void);
bool log_journal_is_open(void);

/* site may be NULL. */
bool log_journal_write(const struct log_site *site, enum log_level level,
                       const struct log_fields *fields, const char *text);

#endif
