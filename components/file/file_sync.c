#include "components/file/file_sync.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "components/file/file_thread.h"
#include "components/file/files.h"
#include "graph/component.h"

struct sync_job {
    struct file_job job;
    struct file_sync *sync; /* NULL: nobody waits for it any more */
    int fd;
    bool closes; /* the descriptor is the job's */
    int error;
};

static void sync_in_thread(struct file_job *job)
{
    struct sync_job *it = (struct sync_job *)(void *)job;
    int result;

    do {
        result = fsync(it->fd);
    } while (result == -1 && errno == EINTR);
    /* EINVAL, EROFS: a FIFO, a terminal or the like has nothing to be brought anywhere */
    it->error = result == -1 && errno != EINVAL && errno != EROFS ? errno : 0;
}

static void on_synced(struct file_job *job)
{
    struct sync_job *it = (struct sync_job *)(void *)job;

    if (it->sync != NULL) {
        it->sync->job = NULL;
        it->sync->error = it->error;
        component_wake(it->sync->owner);
    }
    if (it->closes) {
        close(it->fd);
    }
    free(it);
}

static struct sync_job *make(struct component *owner, int fd)
{
    struct sync_job *it = mem_alloc(sizeof(*it));

    it->job.work = sync_in_thread;
    it->job.done = on_synced;
    it->fd = fd;
    file_thread_do(files_of(owner)->thread, &it->job);
    return it;
}

void file_sync_begin(struct file_sync *sync, struct component *owner, int fd)
{
    sync->owner = owner;
    sync->job = make(owner, fd);
    sync->job->sync = sync;
}

void file_sync_close(struct file_sync *sync, struct component *owner, int fd, bool first)
{
    struct sync_job *busy = sync->job;

    sync->job = NULL;
    if (busy != NULL) {
        busy->sync = NULL;
    }
    if (first) {
        make(owner, fd)->closes = true; /* after the one that is under way */
    } else if (busy != NULL) {
        busy->closes = true;
    } else {
        close(fd);
    }
}
