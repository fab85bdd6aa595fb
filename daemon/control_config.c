/* Config: the graph as it runs, as YAML, in parts. */
#include <stdlib.h>

#include "components/component_types.h"
#include "daemon/control_private.h"
#include "graph/graph.h"
#include "graph/plan.h"
#include "graph/plan_dump.h"

enum { VALUES = 200, MOST_AT_ONCE = 2000 }; /* in one part, which takes a part of a millisecond */

struct configuration {
    struct plan_dump_options options;
    struct plan_override overrides[3];
    struct plan_dump *dump;
};

static void produce(struct varlink_call *call)
{
    const struct configuration *configuration = call->data;
    const char *text;
    size_t size;

    if (plan_dump_next(configuration->dump, VALUES, &text, &size)) {
        (void)varlink_reply_continues(call, json_pack("{s:s%}", "text", text, size));
    } else {
        varlink_reply(call, json_pack("{s:s%}", "text", text, size));
    }
}

/* Without "more": if it is short. */
static void at_once(struct varlink_call *call)
{
    const struct configuration *configuration = call->data;
    const char *text;
    size_t size;

    if (plan_dump_next(configuration->dump, MOST_AT_ONCE, &text, &size)) {
        varlink_error(call, VARLINK_EXPECTED_MORE, NULL);
    } else {
        varlink_reply(call, json_pack("{s:s%}", "text", text, size));
    }
}

static void on_end(struct varlink_call *call)
{
    struct configuration *configuration = call->data;

    plan_dump_destroy(configuration->dump);
    free(configuration);
}

/* What the command line has said wins over the file. */
static void override(struct configuration *configuration, const struct options *options)
{
    struct plan_override *next = configuration->overrides;

    if (options->control != NULL) {
        *next++ = (struct plan_override){"control", "path", options->control, "command line"};
    }
    if (options->has_level) {
        *next = (struct plan_override){
            NULL, "log_level", log_level_names[options->level - LOG_LEVEL_ERROR], "command line"};
    }
}

void control_on_config(struct varlink_call *call)
{
    const struct daemon *daemon = control_of(call)->daemon;
    struct configuration *configuration;

    if (daemon->graph == NULL) {
        control_invalid_state(call, NULL, "draining", "all of the graph has ended");
        return;
    }
    configuration = mem_alloc(sizeof(*configuration));
    override(configuration, &daemon->options);
    configuration->options = (struct plan_dump_options){
        .types = component_types,
        .settings_table = settings_table,
        .overrides = configuration->overrides,
        .with_origins = varlink_bool(call, "origins", false),
    };
    configuration->dump = plan_dump_create(varlink_bool(call, "files", false)
                                               ? daemon->files
                                               : (struct plan *)(uintptr_t)daemon->graph->plan,
                                           &configuration->options);
    call->data = configuration;
    call->on_end = on_end;
    if (call->more) {
        call->produce = produce;
    } else {
        at_once(call);
    }
}
