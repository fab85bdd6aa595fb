/* The registry: whatever a component type says of itself is complete. */
#include "components/component_types.h"

#include <ctype.h>

#include "graph/error.h"
#include "graph/param.h"
#include "graph/plan.h"
#include "tests/unit.h"

static void assert_text(const struct component_type *type, const char *name, const char *text)
{
    if (text == NULL || text[0] == '\0') {
        fail_msg("%s: %s says nothing of itself", type->name, name);
    }
}

/* But for two that have an underscore in Kamaelia. */
static void test_types_are_sorted_and_named_in_camel_case(void **context)
{
    for (size_t i = 0; component_types[i] != NULL; i++) {
        const struct component_type *type = component_types[i];

        assert_true(isupper((unsigned char)type->name[0]));
        assert_true(strchr(type->name, '_') == NULL || strstr(type->name, "_RequestControl"));
        assert_text(type, "the type", type->summary);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(type->name, component_types[j]->name);
        }
    }
}

static void check_boxes(const struct component_type *type, const struct box_spec *boxes)
{
    bool was_rare = false;

    for (const struct box_spec *box = boxes; box->name != NULL; box++) {
        assert_text(type, box->name, box->doc);
        assert_int_not_equal(box->carries, 0);
        if (was_rare && !box->rare && box->service == NULL && box->carries != READINESS) {
            fail_msg("%s: %s stands behind a rare box", type->name, box->name);
        }
        was_rare = was_rare || box->rare;
        for (const struct box_spec *other = boxes; other != box; other++) {
            assert_string_not_equal(box->name, other->name);
        }
    }
}

static void test_every_box_says_what_it_is_for(void **context)
{
    for (size_t i = 0; component_types[i] != NULL; i++) {
        const struct component_type *type = component_types[i];

        assert_non_null(type->inboxes);
        assert_non_null(type->outboxes);
        check_boxes(type, type->inboxes);
        check_boxes(type, type->outboxes);
    }
}

static void test_every_parameter_and_statistic_says_what_it_is(void **context)
{
    for (size_t i = 0; component_types[i] != NULL; i++) {
        const struct component_type *type = component_types[i];
        const struct param_spec *param = type->parameters;
        const struct stat_spec *stat = type->statistics;

        for (; param != NULL && param->name != NULL; param++) {
            assert_text(type, param->name, param->doc);
            assert_string_not_equal(param->name, "type"); /* the loader's own */
            assert_string_not_equal(param->name, "boxes");
            assert_string_not_equal(param->name, "restart");
            assert_true(param->offset + param->width <= type->size);
        }
        for (; stat != NULL && stat->name != NULL; stat++) {
            assert_text(type, stat->name, stat->doc);
            assert_text(type, stat->name, stat->unit);
            assert_true(stat->offset + sizeof(uint64_t) <= type->size);
        }
    }
}

static void test_every_default_is_a_value_that_a_user_could_write(void **context)
{
    for (size_t i = 0; component_types[i] != NULL; i++) {
        struct plan *plan = plan_single(component_types[i]);

        assert_non_null(plan); /* it has read them */
        plan_release(plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_are_sorted_and_named_in_camel_case),
        cmocka_unit_test(test_every_box_says_what_it_is_for),
        cmocka_unit_test(test_every_parameter_and_statistic_says_what_it_is),
        cmocka_unit_test(test_every_default_is_a_value_that_a_user_could_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
