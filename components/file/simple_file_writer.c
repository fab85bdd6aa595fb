/* SimpleFileWriter: writes to a file, from its start on unless told otherwise (Kamaelia's name).
 *
 * A FileWriter with the original's parameters; see there for how it writes. */
#include "components/file/file_writer.h"

enum { MODE_WB, MODE_W, MODE_AB, MODE_A };

static const char *const modes[] = {
    [MODE_WB] = "wb", [MODE_W] = "w", [MODE_AB] = "ab", [MODE_A] = "a", NULL};
static const struct param_spec parameters[] = {
    FILE_WRITER_PATH("filename"),
    {.name = "mode",
     .kind = PARAM_KIND_CHOICE,
     .offset = offsetof(struct file_writer, open_mode),
     .width = sizeof(int),
     .choices = modes,
     .fallback = "wb",
     .doc = "wb, w: what the file holds is replaced; ab, a: it is added to"},
    {0},
};

static int simple_file_writer_start(struct component *self)
{
    struct file_writer *writer = component_state(self);

    writer->append = writer->open_mode == MODE_AB || writer->open_mode == MODE_A;
    writer->hold_open = true;
    writer->mode = FILE_WRITER_MODE;
    return file_writer_start(self);
}

const struct component_type simple_file_writer_type = {
    .name = "SimpleFileWriter",
    .summary = "writes to a file, in the place of what it held",
    FILE_WRITER,
    .parameters = parameters,
    .start = simple_file_writer_start,
};
