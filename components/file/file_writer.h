/* What FileWriter and its namesakes in Kamaelia, SimpleFileWriter and Append, have in common: they
 * differ in their parameters only. */
#ifndef AXOND_COMPONENTS_FILE_FILE_WRITER_H
#define AXOND_COMPONENTS_FILE_FILE_WRITER_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "components/file/file_output.h"
#include "components/file/file_sync.h"
#include "components/file/file_trouble.h"
#include "components/file/write_batch.h"
#include "components/util/alarm.h"
#include "graph/component.h"

enum { FILE_WRITER_MODE = 0640 };

struct file_writer {
    const char *path; /* parameters */
    double flush_interval;
    double fsync_interval;
    mode_t mode;
    int fsync;
    int open_mode; /* SimpleFileWriter's "mode" */
    bool append;
    bool forwarder;
    bool hold_open;
    bool directories;
    bool end_lines;

    bool must_empty;  /* the file is still to be made empty */
    bool has_moved;   /* what is opened next is another file */
    bool is_dirty;    /* something was written since the last fsync(2) began */
    bool is_flushing; /* the batch is to be written, not only gathered */
    struct write_batch batch;
    struct file_output output;
    struct file_sync sync;
    struct file_trouble trouble;
    ev_io writable;     /* active while a FIFO is full */
    struct alarm alarm; /* for what is due next; times of steady_now(), 0: nothing is waited for */
    double flush_at;
    double sync_at;
    double looked_at; /* when the path was last seen to lead to our file */

    uint64_t messages; /* statistics */
    uint64_t bytes;
    uint64_t reopened;
    uint64_t errors;
};

extern const struct box_spec file_writer_inboxes[];
extern const struct box_spec file_writer_outboxes[];
extern const struct stat_spec file_writer_statistics[];

bool file_writer_check(const void *state, const struct node *at, struct error *err);
int file_writer_start(struct component *self);
void file_writer_run(struct component *self);
bool file_writer_flush(struct component *self);
void file_writer_reloaded(struct component *self);
void file_writer_stop(struct component *self);
bool file_writer_describe(struct component *self, char *text, size_t size);

/* The parameter that names the file. */
#define FILE_WRITER_PATH(key)                                                                      \
    {                                                                                              \
        .name = (key), .kind = PARAM_KIND_TEXT, .offset = offsetof(struct file_writer, path),      \
        .width = sizeof(const char *), .required = true,                                           \
        .doc = "the file; relative to axond's working directory unless it begins with /"           \
    }

/* All of a type but its name, summary, parameters and start. */
#define FILE_WRITER                                                                                \
    .size = sizeof(struct file_writer), .inboxes = file_writer_inboxes,                            \
    .outboxes = file_writer_outboxes, .statistics = file_writer_statistics,                        \
    .check = file_writer_check, .run = file_writer_run, .flush = file_writer_flush,                \
    .reloaded = file_writer_reloaded, .stop = file_writer_stop, .describe = file_writer_describe

#endif
