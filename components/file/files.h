/* Files: what the file components of a loop share (a service): a thread for what would hold the
 * loop, and the watch over paths. */
#ifndef AXOND_COMPONENTS_FILE_FILES_H
#define AXOND_COMPONENTS_FILE_FILES_H

struct component;
struct file_thread;
struct path_watches;

struct files {
    struct file_thread *thread;
    struct path_watches *watches;
};

/* The one of the component's loop, made by the first that asks; it lives as long as the loop. */
struct files *files_of(const struct component *self);

#endif
