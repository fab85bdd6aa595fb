/* Process groups that are looked after to their end, whoever started them.
 *
 *     child_start() ──► runs ──► has exited: its owner is woken, and looks at the status
 *                         │           │
 *                    child_end() or child_release()
 *                         └──► SIGTERM to its group ──► SIGKILL after kill_timeout ──► gone
 *
 * 1. A child is a program and all processes of its group, such as those that a shell has started.
 *    None of them is left when it is gone.  Who has made itself a group of its own has left.
 * 2. The owner releases it, in whatever state, and need not wait: the Reaper, a service of the
 * loop, goes on with it.  When the loop ends, it ends them all and waits for that.
 * 3. A process that has exited stays known to the system until its group is ended, so that the
 *    group's number is nobody else's. */
#ifndef AXOND_COMPONENTS_FILE_REAPER_H
#define AXOND_COMPONENTS_FILE_REAPER_H

#include <stdbool.h>
#include <sys/types.h>

#include "components/file/spawn.h"

struct child;
struct component;

/* Runs a program.  owner: is woken once it has exited.
 *
 * kill_timeout: seconds from SIGTERM to SIGKILL.  pipes: our ends, see spawn.h; the caller's.
 * text: a sentence for people if this fails.  Returns 0, or -errno. */
MUST_CHECK int child_start(struct component *owner, const struct spawn_request *request,
                           double kill_timeout, struct child **child, int pipes[3], char *text,
                           size_t size);

pid_t child_pid(const struct child *child);

/* True once the program itself has exited; others of its group may go on. */
bool child_has_exited(const struct child *child);

/* How it did: its exit status, or the number of the signal that killed it; the other is 0. */
int child_exit_status(const struct child *child);
int child_exit_signal(const struct child *child);

/* Asks its group to end, and sees to it.  The child stays the owner's. */
void child_end(struct child *child);

/* Gives it up; ends it if that has not begun.  NULL is fine. */
void child_release(struct child *child);

#endif
