#include "daemon/reloading.h"

#include <stdlib.h>

#include "graph/error.h"
#include "graph/graph.h"
#include "graph/plan.h"
#include "graph/plan_edit.h"

static struct reloading *of(struct job *job)
{
    return container_of(job, struct reloading, job);
}

static void destroy(struct job *job)
{
    struct reloading *reloading = of(job);

    nursery_destroy(reloading->nursery);
    plan_difference_destroy(reloading->difference);
    plan_release(reloading->old);
    plan_release(reloading->files);
    for (size_t i = 0; i + 1 < reloading->edit_count; i++) {
        plan_edit_destroy(reloading->edits[i]);
    }
    plan_edit_destroy(reloading->edit);
    free(reloading->edits);
    free(reloading->revived.items);
    errors_destroy(reloading->errors);
    reloading->free(reloading);
}

/* Finds out what it means by now, and what it is made to. */
static bool begin_edit(struct reloading *reloading)
{
    const struct daemon *daemon = reloading->daemon;
    char text[300];

    if (!plan_edit_resolve(reloading->edit, reloading->old, text, sizeof(text))) {
        (void)errors_report(reloading->errors, NULL, "%s", text);
        return false;
    }
    reloading->files = plan_ref(daemon->files);
    reloading->edit_count = daemon->edit_count + 1;
    reloading->edits = mem_alloc_array(reloading->edit_count, sizeof(*reloading->edits));
    for (size_t i = 0; i < daemon->edit_count; i++) {
        reloading->edits[i] = plan_edit_copy(daemon->edits[i]);
    }
    reloading->edits[daemon->edit_count] = reloading->edit;
    return true;
}

/* Its turn has come: what runs now is what the files are compared with. */
static bool begin(struct job *job)
{
    struct reloading *reloading = of(job);
    struct daemon *daemon = reloading->daemon;

    if (daemon->signalled_reload == reloading) {
        daemon->signalled_reload = NULL;
    }
    if (daemon->state != DAEMON_RUNNING || daemon->graph == NULL) {
        return false;
    }
    reloading->old = plan_ref((struct plan *)(uintptr_t)daemon->graph->plan);
    reloading->nursery = nursery_create(daemon->graph);
    if (reloading->edit != NULL) {
        return begin_edit(reloading);
    }
    if (!reloading->is_dry_run) {
        daemon_announce_reload(daemon);
    }
    return true;
}

/* In the thread. */
static void work(struct job *job)
{
    struct reloading *reloading = of(job);

    struct plan *plan =
        reloading->edit != NULL
            ? daemon_load_edited(reloading->files, reloading->edits, reloading->edit_count,
                                 &reloading->settings, reloading->errors)
            : daemon_load(&reloading->options, &reloading->settings, reloading->errors);

    if (plan != NULL) {
        reloading->difference = plan_difference_create(reloading->old, plan);
        plan_release(plan);
        nursery_fill(reloading->nursery, reloading->difference, !reloading->is_dry_run);
    }
}

static void done(struct job *job)
{
    struct reloading *reloading = of(job);

    reloading->answer(reloading, daemon_switch(reloading->daemon, reloading));
    destroy(job);
}

void reloading_begin(struct reloading *reloading, struct daemon *daemon)
{
    reloading->daemon = daemon;
    reloading->options = daemon->options;
    reloading->errors = errors_create();
    reloading->job = (struct job){.begin = begin, .work = work, .done = done, .destroy = destroy};
    jobs_add(daemon->jobs, &reloading->job);
}

void reloading_cancel(struct reloading *reloading)
{
    if (jobs_remove(&reloading->job)) {
        destroy(&reloading->job);
    }
}

/* ---- by signal ---- */

static void nobody_waits(struct reloading *reloading, enum reload_outcome outcome)
{
}

static void free_alone(struct reloading *reloading)
{
    free(reloading);
}

void reloading_by_signal(struct daemon *daemon)
{
    struct reloading *reloading;

    if (daemon->signalled_reload != NULL) {
        return; /* it reads the files as they are when it begins, so it does for both */
    }
    reloading = mem_alloc(sizeof(*reloading));
    reloading->answer = nobody_waits;
    reloading->free = free_alone;
    daemon->signalled_reload = reloading;
    reloading_begin(reloading, daemon);
}
