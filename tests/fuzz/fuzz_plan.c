/* Fuzzes the way from a text to a plan, with component types of its own, and checks what plan.h
 * promises of one.  With libFuzzer: fuzz_plan CORPUS; with tests/fuzz/replay.c: over files, as a
 * test. */
#include "graph/error.h"
#include "graph/mem.h"
#include "graph/param.h"
#include "graph/plan.h"
#include "tests/plan_types.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_plan(const struct plan *plan);

/* What is left open is given: a plan comes of it, or words why not. */
static void check_argument(const struct plan *plan)
{
    static const char *const values[] = {"7", "upper", "${param:x}", "", "a\xff"};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char why[200] = "";
        struct plan *made =
            plan_with_argument(plan, fake_types, values[i], strlen(values[i]), why, sizeof(why));

        REQUIRE((made == NULL) == (why[0] != '\0'));
        if (made != NULL) {
            check_plan(made);
        }
        plan_release(made);
    }
}

static void check_graph(const struct plan *plan)
{
    REQUIRE(plan != NULL);
    if (plan->argument != NULL) {
        check_argument(plan); /* until then it is no plan to be used */
    } else {
        check_plan(plan);
    }
}

static void check_parameters(const struct plan_component *component)
{
    const struct param_spec *spec = component->type->parameters;

    for (; spec != NULL && spec->name != NULL; spec++) {
        const void *field = (const char *)component->state + spec->offset;

        free(param_show(spec, component->state, component->mapping));
        if (spec->kind == PARAM_KIND_GRAPH && component->type->definition == NULL) {
            check_graph(*(struct plan *const *)field);
        }
        for (size_t i = 0;
             spec->kind == PARAM_KIND_GRAPHS && i < ((const struct plans *)field)->count; i++) {
            check_graph(((const struct plans *)field)->items[i]);
        }
    }
}

static void check_component(const struct plan *plan, size_t index)
{
    const struct plan_component *component = &plan->components[index];

    REQUIRE(component->index == index && component->type != NULL);
    REQUIRE(component->parent == NULL ||
            (component->parent >= plan->components && component->parent < component));
    REQUIRE(component->common_inboxes <= component->inboxes);
    REQUIRE(component->common_outboxes <= component->outboxes);
    for (unsigned i = 0; i < component->inboxes; i++) {
        REQUIRE(component->in[i].limit > 0 && component->in[i].spec->name != NULL);
        REQUIRE(!component->in[i].is_linked || i < component->common_inboxes);
    }
    REQUIRE(plan_find(plan, component->path) != NULL);
    check_parameters(component);
}

static void check_end(const struct plan *plan, const struct plan_end *end)
{
    const struct plan *of = end->kind == END_OUTER ? plan_outermost(plan) : plan;
    const struct plan_component *component = end->component;

    REQUIRE((end->kind == END_SELF) == (component == NULL));
    REQUIRE(end->kind != END_OUTER || plan != plan->root);
    if (component != NULL) {
        REQUIRE(component == &of->components[component->index]);
        REQUIRE(end->index < (end->is_inbox ? component->inboxes : component->outboxes));
        REQUIRE((end->is_inbox ? component->in : component->out)[end->index].is_linked);
    }
}

static void check_plan(const struct plan *plan)
{
    free(plan_text(plan));
    for (size_t i = 0; i < plan->component_count; i++) {
        check_component(plan, i);
    }
    for (size_t i = 0; i < plan->linkage_count; i++) {
        check_end(plan, &plan->linkages[i].from);
        check_end(plan, &plan->linkages[i].to);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct plan_options options = {.types = fake_types};
    struct errors *errors = errors_create();
    struct plan *plan = plan_parse("fuzz.yaml", (const char *)bytes, size, &options, errors);

    REQUIRE((plan == NULL) == (errors_count(errors) > 0));
    if (plan != NULL) {
        check_plan(plan);
    }
    free(errors_text(errors));
    plan_release(plan);
    errors_destroy(errors);
    return 0;
}
