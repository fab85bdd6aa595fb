/* "restart:" of a component: a policy, or a mapping with the numbers as well. */
#include <string.h>

#include "graph/arena.h"
#include "graph/planner.h"
#include "graph/value.h"

static const char *const policies[] = {
    [RESTART_NEVER] = "never",
    [RESTART_ON_FAILURE] = "on-failure",
    [RESTART_ALWAYS] = "always",
    NULL,
};

const struct param_spec restart_options[] = {
    {PARAM_CHOICE(struct restart, policy), .choices = policies, .fallback = "on-failure",
     .doc = "when it is started again"},
    {PARAM_DURATION(struct restart, delay), .fallback = "100ms", .min = 0.001, .max = 86400,
     .doc = "the first pause before that; each is cut by up to a half, at random"},
    {PARAM_DURATION(struct restart, max_delay), .fallback = "30s", .min = 0.001, .max = 86400,
     .doc = "pauses double up to this"},
    {PARAM_INT(struct restart, limit), .fallback = "5", .min = 0, .max = 1000000,
     .unit = "restarts", .doc = "restarts within that time, then its failure goes up; 0: any"},
    {PARAM_DURATION(struct restart, within), .fallback = "1min", .min = 0.001, .max = 31536000,
     .doc = "the time that they are counted in; after as long without one, pauses begin anew"},
    {0},
};

/* "restart: always": the policy alone, under the name that it has there. */
static const struct param_spec short_form[] = {
    {.name = "restart",
     .kind = PARAM_KIND_CHOICE,
     .offset = offsetof(struct restart, policy),
     .width = sizeof(int),
     .choices = policies,
     .doc = "when it is started again"},
    {0},
};

const char *restart_policy_name(const struct restart *restart)
{
    return policies[restart != NULL ? restart->policy : RESTART_NEVER];
}

static struct restart *usual(struct arena *arena)
{
    const struct param_reader reader = {.arena = arena};
    struct restart *restart = arena_alloc(arena, sizeof(*restart));

    REQUIRE(params_set_defaults(&reader, restart_options, restart));
    return restart;
}

const struct restart *restart_of_type(struct arena *arena, const struct component_type *type)
{
    return type->lasts ? usual(arena) : NULL;
}

static bool read_policy(struct param_reader *reader, const struct node *value,
                        struct restart *restart)
{
    const struct node_pair pair = {
        .key =
            node_create_scalar(reader->arena, NULL, short_form[0].name, strlen(short_form[0].name)),
        .value = value};
    const struct node *mapping = node_create_mapping(reader->arena, value, &pair, 1);

    return params_read(reader, short_form, mapping, value, restart);
}

static bool read_options(struct param_reader *reader, const struct node *value,
                         struct restart *restart)
{
    reader->owner = arena_printf(reader->arena, "%s.restart", reader->owner);
    reader->noun = "option";
    if (!params_read(reader, restart_options, value, value, restart)) {
        return false;
    }
    if (restart->delay > restart->max_delay) {
        return errors_report(
            reader->errors, value, "%s: delay (%s) must not be above max_delay (%s)", reader->owner,
            value_show_duration(restart->delay).text, value_show_duration(restart->max_delay).text);
    }
    return true;
}

void component_read_restart(struct planner *planner, struct plan_component *made,
                            const struct node *value)
{
    struct param_reader reader = planner_reader(planner, made->type_name);
    struct restart *restart;
    bool is_good;

    if (value == NULL || value == planner->left_out) {
        return;
    }
    if (value->kind == NODE_SEQUENCE) {
        errors_report(planner->errors, value,
                      "%s: restart must be never, on-failure or always, or a mapping, such as "
                      "{policy: on-failure, limit: 5, within: 1min}; got %s",
                      made->type_name, node_kind_name(value));
        return;
    }
    restart = usual(planner->arena);
    is_good = value->kind == NODE_MAPPING ? read_options(&reader, value, restart)
                                          : read_policy(&reader, value, restart);
    if (is_good) {
        made->restart = restart->policy != RESTART_NEVER ? restart : NULL;
    }
}
