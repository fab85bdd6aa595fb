/* axond --check: graphs are read as at a start, and that is all. */
#ifndef AXOND_DAEMON_CHECK_H
#define AXOND_DAEMON_CHECK_H

struct options;

/* Checks all that the command line names: prints every mistake to stderr, a line for each graph to
 * stdout.  Returns what to exit with. */
int check_graphs(const struct options *options);

#endif
