/* The nursery: components that are made before anybody can run them.  What becomes of them in a
 * graph is shown by test_graph_change.c, where each change has one. */
#include "graph/nursery.h"

#include "components/component_types.h"
#include "graph/box.h"
#include "graph/component.h"
#include "graph/error.h"
#include "graph/plan.h"
#include "graph/plan_difference.h"
#include "tests/unit.h"

#define CHAIN                                                                                      \
    "components:\n  a: {type: PassThrough}\n  b: {type: PassThrough}\n  c: {type: NullSink}\n"     \
    "linkages: [a -> b -> c]\n"

static struct plan *parse(const char *yaml)
{
    const struct plan_options options = {.types = component_types};
    struct errors *errors = errors_create();
    struct plan *plan = plan_parse("nursery.yaml", yaml, strlen(yaml), &options, errors);

    assert_non_null(plan);
    errors_destroy(errors);
    return plan;
}

static struct plan_difference *compare(const char *old, const char *fresh)
{
    struct plan *before = parse(old);
    struct plan *after = parse(fresh);
    struct plan_difference *difference = plan_difference_create(before, after);

    plan_release(before);
    plan_release(after);
    return difference;
}

static const struct plan_component *entry(const struct plan_difference *difference,
                                          const char *path)
{
    const struct plan_component *found = plan_find(difference->fresh, path);

    assert_non_null(found);
    return found;
}

static void test_what_is_new_is_made_and_linked_and_what_stays_is_not(void **context)
{
    struct plan_difference *difference = compare("components:\n  c: {type: NullSink}\n", CHAIN);
    struct nursery *nursery = nursery_create(NULL);
    struct component *a;
    struct component *b;

    nursery_fill(nursery, difference, true);
    a = nursery_take(nursery, entry(difference, "a"), NULL);
    b = nursery_take(nursery, entry(difference, "b"), NULL);

    assert_int_equal(a->state, CREATED);
    assert_ptr_equal(box_owner(box_next(&component_outbox(a, 0)->box)), b);
    assert_null(box_next(&component_outbox(b, 0)->box)); /* c is in the graph */
    assert_false(nursery_has(nursery, entry(difference, "c")));
    assert_null(nursery_take(nursery, entry(difference, "c"), NULL));
    nursery_destroy(nursery);
    plan_difference_destroy(difference);
    free(a);
    free(b);
}

static void test_what_nobody_takes_goes_with_it(void **context)
{
    struct plan_difference *difference = compare("components:\n  z: {type: NullSink}\n", CHAIN);
    struct nursery *nursery = nursery_create(NULL);

    nursery_fill(nursery, difference, true);
    assert_true(nursery_has(nursery, entry(difference, "a")));
    plan_difference_destroy(difference); /* it needs only the plan, and keeps that */

    nursery_destroy(nursery); /* the sanitizer sees what is left */
    nursery_destroy(NULL);
    assert_false(nursery_has(NULL, NULL));
}

static void test_for_a_look_at_what_would_be_done_nothing_is_made(void **context)
{
    struct plan_difference *difference = compare("components:\n  z: {type: NullSink}\n", CHAIN);
    struct nursery *nursery = nursery_create(NULL);

    nursery_fill(nursery, difference, false);

    assert_false(nursery_has(nursery, entry(difference, "a")));
    nursery_destroy(nursery);
    plan_difference_destroy(difference);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_new_is_made_and_linked_and_what_stays_is_not),
        cmocka_unit_test(test_what_nobody_takes_goes_with_it),
        cmocka_unit_test(test_for_a_look_at_what_would_be_done_nothing_is_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
