#include "components/file/path_watch.h"

#include <errno.h>
#include <ev.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graph/component.h"

enum {
    BUCKETS = 64,
    TRIES = 16, /* directories that appear while we look for them */
    /* With IN_MASK_ADD, since the same thing may be looked at for several reasons. */
    FILE_EVENTS = IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF | IN_MASK_ADD,
    DIR_EVENTS = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_MOVE_SELF |
                 IN_DELETE_SELF | IN_ONLYDIR | IN_MASK_ADD,
};

struct path_watches {
    struct ev_loop *ev;
    ev_io io;
    int fd; /* of inotify; -1: nobody has asked yet */
    struct list marks[BUCKETS];
};

static struct list *bucket(struct path_watches *watches, int wd)
{
    return &watches->marks[(unsigned)wd % BUCKETS];
}

/* ---- marks ---- */

static bool is_marked(struct path_watches *watches, int wd)
{
    struct list *at;

    list_for_each (at, bucket(watches, wd)) {
        if (container_of(at, struct path_mark, link)->wd == wd) {
            return true;
        }
    }
    return false;
}

static void unset(struct path_mark *mark)
{
    if (mark->is_set) {
        mark->is_set = false;
        list_remove(&mark->link);
    }
}

/* Has the kernel look no longer, unless another mark wants it. */
static void forget(struct path_watches *watches, int wd)
{
    if (!is_marked(watches, wd)) {
        (void)inotify_rm_watch(watches->fd, wd); /* fails if the file has gone: fine */
    }
}

static void clear(struct path_watches *watches, struct path_mark *mark)
{
    if (mark->is_set) {
        unset(mark);
        forget(watches, mark->wd);
    }
}

static void set(struct path_watch *watch, struct path_mark *mark, int wd)
{
    mark->watch = watch;
    mark->wd = wd;
    mark->is_set = true;
    list_append(bucket(watch->watches, wd), &mark->link);
}

/* ---- what happens ---- */

static void notice(struct path_mark *mark, const struct inotify_event *event)
{
    const bool is_dir = mark->name != NULL;

    if (is_dir && event->len > 0 &&
        (strlen(event->name) != mark->name_size ||
         memcmp(event->name, mark->name, mark->name_size) != 0)) {
        return; /* a neighbour */
    }
    if ((event->mask & ~(uint32_t)IN_MODIFY) != 0) {
        mark->watch->may_have_moved = true;
    }
    if ((event->mask & IN_IGNORED) != 0) {
        unset(mark); /* the kernel has done the rest */
    }
    component_wake(mark->watch->owner);
}

static void hand_out(struct path_watches *watches, const struct inotify_event *event)
{
    struct list *at;
    struct list *after;

    if ((event->mask & IN_Q_OVERFLOW) != 0) { /* anything may have happened */
        for (int i = 0; i < BUCKETS; i++) {
            list_for_each (at, &watches->marks[i]) {
                struct path_mark *mark = container_of(at, struct path_mark, link);

                mark->watch->may_have_moved = true;
                component_wake(mark->watch->owner);
            }
        }
        return;
    }
    list_for_each_safe (at, after, bucket(watches, event->wd)) {
        struct path_mark *mark = container_of(at, struct path_mark, link);

        if (mark->wd == event->wd) {
            notice(mark, event);
        }
    }
}

static void on_events(struct ev_loop *ev, ev_io *io, int revents)
{
    struct path_watches *watches = io->data;
    _Alignas(struct inotify_event) char bytes[16 * 1024];
    const ssize_t got = read(watches->fd, bytes, sizeof(bytes));

    for (ssize_t at = 0; at < got;) {
        const struct inotify_event *event = (const void *)(bytes + at);

        hand_out(watches, event);
        at += (ssize_t)(sizeof(*event) + event->len);
    }
}

/* ---- where to look ---- */

/* Cuts the last component off a path.  Returns the new length; 0: there was nothing before it. */
static size_t cut_last(char *dir, size_t size)
{
    while (size > 0 && dir[size - 1] != '/') {
        size--;
    }
    while (size > 0 && dir[size - 1] == '/') {
        size--;
    }
    dir[size] = '\0';
    return size;
}

static void name_part(struct path_mark *mark, const char *path, size_t dir_size)
{
    mark->name = path + dir_size;
    while (*mark->name == '/') {
        mark->name++;
    }
    mark->name_size = strcspn(mark->name, "/");
}

/* Marks the directory of the path or, while it is missing, the nearest above it.  Returns 0, 1 if
 * what was missing has just come, or -errno. */
static int mark_nearest(struct path_watch *watch)
{
    struct path_mark *mark = &watch->marks[MARK_DIR];
    char dir[PATH_MAX];
    size_t size = strlen(watch->path);
    bool is_missing = false;
    struct stat about;
    int wd;

    if (size >= sizeof(dir)) {
        return -ENAMETOOLONG;
    }
    memcpy(dir, watch->path, size + 1);
    for (;;) {
        const char *text = dir;

        size = cut_last(dir, size);
        if (size == 0) {
            text = watch->path[0] == '/' ? "/" : ".";
        }
        wd = inotify_add_watch(watch->watches->fd, text, DIR_EVENTS);
        if (wd != -1) {
            break;
        }
        if (size == 0 || (errno != ENOENT && errno != ENOTDIR)) {
            return -errno;
        }
        is_missing = true;
    }
    name_part(mark, watch->path, size);
    set(watch, mark, wd);
    memcpy(dir, watch->path, (size_t)(mark->name - watch->path) + mark->name_size);
    dir[(size_t)(mark->name - watch->path) + mark->name_size] = '\0';
    return is_missing && stat(dir, &about) == 0 && S_ISDIR(about.st_mode) ? 1 : 0;
}

static int mark_dir(struct path_watch *watch)
{
    int result = 1;

    for (int i = 0; i < TRIES && result == 1; i++) {
        clear(watch->watches, &watch->marks[MARK_DIR]);
        result = mark_nearest(watch);
    }
    return result < 0 ? result : 0;
}

/* A file that is missing or may not be read has no mark: its directory tells when that changes. */
static int mark_path(struct path_watch *watch)
{
    const int wd = inotify_add_watch(watch->watches->fd, watch->path, FILE_EVENTS);

    if (wd != -1) {
        set(watch, &watch->marks[MARK_PATH], wd);
        return 0;
    }
    return errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ELOOP ? 0 : -errno;
}

int path_watch_renew(struct path_watch *watch, bool keep_open)
{
    struct path_mark *path = &watch->marks[MARK_PATH];
    struct path_mark *open = &watch->marks[MARK_OPEN];
    const int before = path->is_set ? path->wd : -1;
    int result;

    watch->may_have_moved = false;
    unset(path);
    if (!keep_open) {
        clear(watch->watches, open);
    } else if (!open->is_set && before != -1) {
        set(watch, open, before);
    }
    result = mark_dir(watch);
    if (result == 0) {
        result = mark_path(watch);
    }
    if (before != -1) {
        forget(watch->watches, before);
    }
    return result;
}

int path_watch_begin(struct path_watch *watch, struct component *owner, const char *path)
{
    struct path_watches *watches = watch->watches;

    watch->owner = owner;
    watch->path = mem_strdup(path);
    if (watches->fd == -1) {
        watches->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (watches->fd == -1) {
            return -errno;
        }
        ev_io_init(&watches->io, on_events, watches->fd, EV_READ);
        watches->io.data = watches;
        ev_io_start(watches->ev, &watches->io);
    }
    return path_watch_renew(watch, false);
}

void path_watch_end(struct path_watch *watch)
{
    for (int i = 0; watch->watches != NULL && i < MARKS; i++) {
        clear(watch->watches, &watch->marks[i]);
    }
    free(watch->path);
    watch->path = NULL;
}

struct path_watches *path_watches_create(struct ev_loop *ev)
{
    struct path_watches *watches = mem_alloc(sizeof(*watches));

    watches->ev = ev;
    watches->fd = -1;
    for (int i = 0; i < BUCKETS; i++) {
        list_init(&watches->marks[i]);
    }
    return watches;
}

void path_watches_destroy(struct path_watches *watches)
{
    if (watches == NULL) {
        return;
    }
    if (watches->fd != -1) {
        ev_io_stop(watches->ev, &watches->io);
        close(watches->fd);
    }
    free(watches);
}
