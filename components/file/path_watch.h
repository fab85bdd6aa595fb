/* Watches over paths, by inotify, one instance for each loop: what happens to the file at a path,
 * and whether another file comes to stand there.  Nothing is polled.
 *
 *     /var/log/app/app.log        DIR: its directory, or the nearest one above that is there
 *         │         └─ PATH       PATH: the file that is there now
 *         └─ DIR                  OPEN: the file that its reader still has open, once it was moved
 *
 * Not noticed are changes made on another machine (network file systems), and a file that comes
 * back behind a symbolic link whose target had gone. */
#ifndef AXOND_COMPONENTS_FILE_PATH_WATCH_H
#define AXOND_COMPONENTS_FILE_PATH_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "graph/list.h"
#include "graph/mem.h"

struct component;
struct ev_loop;
struct path_watches;
struct path_watch;

struct path_watches *path_watches_create(struct ev_loop *ev);
void path_watches_destroy(struct path_watches *watches);

enum { MARK_DIR, MARK_PATH, MARK_OPEN, MARKS };

/* Something in the file system that is looked at. */
struct path_mark {
    struct list link; /* in a bucket of the watches, by wd */
    struct path_watch *watch;
    int wd; /* of inotify */
    bool is_set;
    const char *name; /* DIR: of what is waited for in it; part of the path */
    size_t name_size;
};

/* Lies in its owner's struct; zeroes are a watch that was not begun. */
struct path_watch {
    struct path_watches *watches;
    struct component *owner; /* is run when something has happened */
    char *path;              /* a copy */
    bool may_have_moved;     /* another file may be at the path: look, then path_watch_renew() */
    struct path_mark marks[MARKS];
};

/* Begins.  Returns 0 or -errno: -EMFILE and -ENOSPC when the system gives no more watches. */
MUST_CHECK int path_watch_begin(struct path_watch *watch, struct component *owner,
                                const char *path);

/* Looks at what the path leads to now.  keep_open: also at what it has led to so far.
 * Returns as path_watch_begin(). */
MUST_CHECK int path_watch_renew(struct path_watch *watch, bool keep_open);

void path_watch_end(struct path_watch *watch);

#endif
