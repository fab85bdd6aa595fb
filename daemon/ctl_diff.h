/* The difference of two texts, by lines: " the same", "-only before", "+only after". */
#ifndef DAEMON_CTL_DIFF_H
#define DAEMON_CTL_DIFF_H

enum { CONTEXT = 3 }; /* lines before and after, to know where it is */

/* Prints from the first line that is not the same to the last; nothing if all are. */
void ctl_print_diff(const char *before, const char *after);

#endif
