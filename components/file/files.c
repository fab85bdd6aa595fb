#include "components/file/files.h"

#include "components/file/file_thread.h"
#include "components/file/path_watch.h"
#include "graph/component.h"
#include "graph/service.h"

enum { CONTROL };

struct files *files_of(const struct component *self)
{
    return service_state(component_loop(self), "files");
}

static int files_start(struct component *self)
{
    struct files *files = component_state(self);

    files->thread = file_thread_create(component_ev(self));
    files->watches = path_watches_create(component_ev(self));
    return 0;
}

static void files_stop(struct component *self)
{
    struct files *files = component_state(self);

    file_thread_destroy(files->thread);
    path_watches_destroy(files->watches);
}

static const struct box_spec inboxes[] = {
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "ends with its loop, not before"},
    {0},
};
static const struct box_spec outboxes[] = {
    {0},
};

const struct component_type files_type = {
    .name = "Files",
    .summary = "what the readers and writers of files share: a thread, a watch (a service)",
    .size = sizeof(struct files),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .service = "files",
    .heeds_control = true,
    .start = files_start,
    .stop = files_stop,
};
