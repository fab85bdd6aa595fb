/* The difference of two plans, as "axonctl reload" tells it. */
#include "tests/unit.h"

#include "components/component_types.h"
#include "graph/error.h"
#include "graph/plan.h"
#include "graph/plan_compare.h"

static struct plan *parse(const char *text)
{
    const struct plan_options options = {.types = component_types};
    struct errors *errors = errors_create();
    struct plan *plan = plan_parse("graph.yaml", text, strlen(text), &options, errors);

    if (plan == NULL) {
        errors_print(errors, stderr, false);
    }
    assert_non_null(plan);
    errors_destroy(errors);
    return plan;
}

static void tell(void *arg, const char *path, enum plan_change change)
{
    static const char signs[] = {[PLAN_ADDED] = '+', [PLAN_REMOVED] = '-', [PLAN_CHANGED] = '~'};
    char *told = arg;
    const size_t used = strlen(told);

    (void)snprintf(told + used, 200 - used, "%c%s ", signs[change], path);
}

/* Compares, and returns "~changed +added -removed =unchanged". */
static const char *compare(const char *old_text, const char *fresh_text)
{
    static char told[200];
    struct plan *old = parse(old_text);
    struct plan *fresh = parse(fresh_text);
    struct plan_difference difference;

    told[0] = '\0';
    difference = plan_compare(old, fresh, tell, told);
    (void)snprintf(told + strlen(told), sizeof(told) - strlen(told), "=%zu", difference.unchanged);
    plan_release(old);
    plan_release(fresh);
    return told;
}

#define TWO "components: {a: {type: PassThrough}, b: {type: NullSink}}\n"

static void test_the_same_text_makes_no_difference(void **context)
{
    assert_string_equal(compare(TWO "linkages: [a -> b]", TWO "linkages: [{from: a, to: b}]"),
                        "=2");
}

static void test_components_come_and_go(void **context)
{
    assert_string_equal(compare(TWO, "components: {b: {type: NullSink}, c: {type: NullSink}}"),
                        "+c -a =1");
}

static void test_where_there_was_nothing_all_is_new(void **context)
{
    struct plan *fresh = parse(TWO "linkages: [a -> b]");
    char told[200] = "";
    const struct plan_difference difference = plan_compare(NULL, fresh, tell, told);

    assert_string_equal(told, "+a +b ");
    assert_int_equal(difference.added, 2);
    assert_int_equal(difference.removed + difference.changed + difference.unchanged, 0);
    plan_release(fresh);
}

static void test_another_type_is_a_change(void **context)
{
    assert_string_equal(compare(TWO, "components: {a: {type: NullSink}, b: {type: NullSink}}"),
                        "~a =1");
}

static void test_another_parameter_is_a_change_however_it_is_written(void **context)
{
    static const char with[] = "components: {a: {type: LineFramer, max_line: 1KiB}}";

    assert_string_equal(compare(with, "components: {a: {type: LineFramer, max_line: 1024}}"), "=1");
    assert_string_equal(compare(with, "components: {a: {type: LineFramer, max_line: 1025}}"),
                        "~a =0");
    assert_string_equal(compare(with, "components: {a: {type: LineFramer}}"), "~a =0");
}

static void test_another_bound_is_a_change(void **context)
{
    assert_string_equal(
        compare(TWO, "components: {a: {type: PassThrough, boxes: {inbox: {size: 7}}}, b: {type: "
                     "NullSink}}"),
        "~a =1");
}

static void test_another_restart_policy_is_a_change_however_it_is_written(void **context)
{
    static const char with[] = "components: {a: {type: NullSink, restart: on-failure}}";

    assert_string_equal(
        compare(with, "components: {a: {type: NullSink, restart: {limit: 5, delay: 0.1s}}}"), "=1");
    assert_string_equal(compare(with, "components: {a: {type: NullSink, restart: {limit: 6}}}"),
                        "~a =0");
    assert_string_equal(compare(with, "components: {a: {type: NullSink, restart: never}}"),
                        "~a =0");
    assert_string_equal(compare("components: {a: {type: NullSink}}",
                                "components: {a: {type: NullSink, restart: never}}"),
                        "=1");
}

static void test_another_linkage_changes_where_it_leads_from(void **context)
{
    assert_string_equal(compare(TWO "linkages: [a -> b]", TWO), "~a =1");
    assert_string_equal(compare(TWO, TWO "linkages: [a.outbox -> b.inbox]"), "~a =1");
}

static void test_a_change_inside_a_protocol_changes_the_handler(void **context)
{
    static const char text[] = "graphs: {p: {components: {l: {type: LineFramer%s}}, "
                               "linkages: [self -> l -> self]}}\n"
                               "components: {h: {type: ProtocolHandler, protocol: p}}\n";
    char plain[300];
    char other[300];

    (void)snprintf(plain, sizeof(plain), text, "");
    (void)snprintf(other, sizeof(other), text, ", max_line: 9");

    assert_string_equal(compare(plain, plain), "=1");
    assert_string_equal(compare(plain, other), "~h =0");
}

static void test_a_change_around_what_is_given_later_is_one(void **context)
{
    static const char text[] =
        "graphs: {g: {parameters: {x: {}, y: {default: \"%s\"}}, components: {u: {type: "
        "PureTransformer, function: prefix, text: \"%s${param:y}${param:x}\"}}, linkages: [self -> "
        "u -> self]}}\n"
        "components: {c: {type: Carousel, component: g, argument: x}}\n";
    char plain[400];
    char other[400];

    (void)snprintf(plain, sizeof(plain), text, "1", "<");
    assert_string_equal(compare(plain, plain), "=1");

    (void)snprintf(other, sizeof(other), text, "1", ">");
    assert_string_equal(compare(plain, other), "~c =0");
    (void)snprintf(other, sizeof(other), text, "2", "<");
    assert_string_equal(compare(plain, other), "~c =0");
}

static void test_a_change_in_a_list_of_graphs_is_one(void **context)
{
    static const char two[] = "components: {s: {type: Seq, components: [PassThrough, NullSink]}}";

    assert_string_equal(compare(two, two), "=1");
    assert_string_equal(
        compare(two, "components: {s: {type: Seq, components: [NullSink, PassThrough]}}"), "~s =0");
    assert_string_equal(compare(two, "components: {s: {type: Seq, components: [PassThrough]}}"),
                        "~s =0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_text_makes_no_difference),
        cmocka_unit_test(test_components_come_and_go),
        cmocka_unit_test(test_where_there_was_nothing_all_is_new),
        cmocka_unit_test(test_another_type_is_a_change),
        cmocka_unit_test(test_another_parameter_is_a_change_however_it_is_written),
        cmocka_unit_test(test_another_bound_is_a_change),
        cmocka_unit_test(test_another_restart_policy_is_a_change_however_it_is_written),
        cmocka_unit_test(test_another_linkage_changes_where_it_leads_from),
        cmocka_unit_test(test_a_change_inside_a_protocol_changes_the_handler),
        cmocka_unit_test(test_a_change_around_what_is_given_later_is_one),
        cmocka_unit_test(test_a_change_in_a_list_of_graphs_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
