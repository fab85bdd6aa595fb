/* Append: adds to a file, and hands on what it has added (Kamaelia's name).
 *
 *     someone --> [inbox] Append [outbox] --> someone else
 *                           |
 *                          file
 *
 * A FileWriter with the original's parameters; see there for how it writes. */
#include "components/file/file_writer.h"

static const struct param_spec parameters[] = {
    FILE_WRITER_PATH("filename"),
    {PARAM_BOOL(struct file_writer, forwarder), .fallback = "true",
     .doc = "hand on what was written"},
    {PARAM_BOOL(struct file_writer, hold_open), .fallback = "true",
     .doc = "false: the file is opened for each write, and closed after it"},
    {0},
};

static int append_start(struct component *self)
{
    struct file_writer *writer = component_state(self);

    writer->append = true;
    writer->mode = FILE_WRITER_MODE;
    return file_writer_start(self);
}

const struct component_type append_type = {
    .name = "Append",
    .summary = "adds to a file, and hands on what it has added",
    FILE_WRITER,
    .parameters = parameters,
    .start = append_start,
};
