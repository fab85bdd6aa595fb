/* Text of our tables as mdoc(7), the language of manual pages: what would be markup is escaped, and
 * each sentence begins a line, as mandoc wants it. */
#ifndef AXOND_DAEMON_MAN_TEXT_H
#define AXOND_DAEMON_MAN_TEXT_H

#include <stdio.h>

/* Writes a text, and a full stop if it has no end.  Any number may follow each other in a
 * paragraph. */
__attribute__((format(printf, 2, 3))) void man_text(FILE *page, const char *format, ...);

#endif
