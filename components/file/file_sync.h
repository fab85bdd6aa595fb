/* fsync(2) of a file that is written to, by the loop's thread: never in the loop. */
#ifndef AXOND_COMPONENTS_FILE_FILE_SYNC_H
#define AXOND_COMPONENTS_FILE_FILE_SYNC_H

#include <stdbool.h>
#include <stddef.h>

struct component;
struct sync_job;

/* Lies in its owner's struct; zeroes are one that does nothing. */
struct file_sync {
    struct component *owner;
    struct sync_job *job; /* under way; or NULL */
    int error;            /* how the last one has ended: an errno, or 0 */
};

/* Has everything that is written to fd so far brought to the disk; owner is run when it is.  One at
 * a time: see file_sync_is_busy(). */
void file_sync_begin(struct file_sync *sync, struct component *owner, int fd);

static inline bool file_sync_is_busy(const struct file_sync *sync)
{
    return sync->job != NULL;
}

/* Closes a descriptor that a job may be busy with, and forgets the job.  first: brings what was
 * written to the disk before.  The owner hears no more of it. */
void file_sync_close(struct file_sync *sync, struct component *owner, int fd, bool first);

#endif
