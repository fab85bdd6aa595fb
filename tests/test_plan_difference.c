/* The difference of two plans, as "axonctl reload" tells it. */
#include "tests/unit.h"

#include "components/component_types.h"
#include "graph/error.h"
#include "graph/plan.h"
#include "graph/plan_difference.h"

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

/* "~changed !replaced >relinked +added -removed =kept" */
static const char *tell(const struct plan_difference *difference)
{
    static const char signs[] = {[PLAN_ADDED] = '+',
                                 [PLAN_REMOVED] = '-',
                                 [PLAN_CHANGED] = '~',
                                 [PLAN_REPLACED] = '!',
                                 [PLAN_RELINKED] = '>'};
    static char told[400];
    size_t used = 0;

    for (size_t i = 0; i < difference->count; i++) {
        const struct plan_change *one = &difference->changes[i];

        used += (size_t)snprintf(told + used, sizeof(told) - used, "%c%s ", signs[one->kind],
                                 (one->after != NULL ? one->after : one->before)->path);
    }
    (void)snprintf(told + used, sizeof(told) - used, "=%zu", difference->kept);
    return told;
}

static const char *compare(const char *old_text, const char *fresh_text)
{
    struct plan *old = parse(old_text);
    struct plan *fresh = parse(fresh_text);
    struct plan_difference *difference = plan_difference_create(old, fresh);
    const char *told = tell(difference);

    plan_difference_destroy(difference);
    plan_release(old);
    plan_release(fresh);
    return told;
}

/* Why the only component that is not the same is not. */
static const char *why(const char *old_text, const char *fresh_text)
{
    static char text[400];
    struct plan *old = parse(old_text);
    struct plan *fresh = parse(fresh_text);
    struct plan_difference *difference = plan_difference_create(old, fresh);

    assert_int_equal(difference->count, 1);
    (void)snprintf(text, sizeof(text), "%s", difference->changes[0].why);
    plan_difference_destroy(difference);
    plan_release(old);
    plan_release(fresh);
    return text;
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
    struct plan_difference *difference = plan_difference_create(NULL, fresh);

    assert_string_equal(tell(difference), "+a +b =0");
    assert_int_equal(difference->made_count, 2); /* outbox and signal */
    plan_difference_destroy(difference);
    plan_release(fresh);
}

static void test_another_type_replaces(void **context)
{
    assert_string_equal(compare(TWO, "components: {a: {type: NullSink}, b: {type: NullSink}}"),
                        "!a =1");
}

static void test_another_parameter_is_a_change_however_it_is_written(void **context)
{
    static const char with[] = "components: {a: {type: LineFramer, max_line: 1KiB}}";

    assert_string_equal(compare(with, "components: {a: {type: LineFramer, max_line: 1024}}"), "=1");
    assert_string_equal(compare(with, "components: {a: {type: LineFramer, max_line: 1025}}"),
                        "~a =0");
    assert_string_equal(compare(with, "components: {a: {type: LineFramer}}"), "~a =0");
}

static void test_what_can_not_be_changed_in_place_replaces(void **context)
{
    assert_string_equal(compare("components: {a: {type: DataSource, messages: [x]}}",
                                "components: {a: {type: DataSource, messages: [x, y]}}"),
                        "!a =0");
    assert_string_equal(compare("components: {a: {type: PassThrough}}",
                                "components: {a: {type: PassThrough, boxes: {inbox: {when_full: "
                                "drop_newest}}}}"),
                        "!a =0");
}

static void test_says_what_differs(void **context)
{
    assert_string_equal(why("components: {a: {type: LineFramer, max_line: 1KiB}}",
                            "components: {a: {type: LineFramer, max_line: 2KiB, restart: always}}"),
                        "max_line: 1KiB -> 2KiB; restart: never -> always");
    assert_string_equal(
        why("components: {a: {type: PassThrough}}", "components: {a: {type: LineFramer}}"),
        "type: PassThrough -> LineFramer");
    assert_string_equal(why(TWO "linkages: [a.outbox -> b.inbox]", TWO),
                        "outbox leads to nowhere, not b.inbox");
}

static void test_places_stay(void **context)
{
    struct plan *old = parse("components: {a: {type: NullSink}, b: {type: NullSink}}");
    struct plan *fresh =
        parse("components: {c: {type: NullSink}, d: {type: NullSink}, b: {type: NullSink}}");
    struct plan_difference *difference = plan_difference_create(old, fresh);

    assert_int_equal(plan_find(fresh, "b")->index, 1);
    assert_int_equal(plan_find(fresh, "c")->index, 0); /* a's */
    assert_int_equal(plan_find(fresh, "d")->index, 2);
    assert_int_equal(fresh->places, 3);
    plan_difference_destroy(difference);
    plan_release(old);
    plan_release(fresh);
}

static void test_what_a_replaced_chassis_holds_is_replaced_with_it(void **context)
{
    static const char text[] = "components: {p: {type: %s, components: {x: {type: PassThrough}}}, "
                               "q: {type: Graphline, components: {y: {type: %s}}}}";
    char old[300];
    char fresh[300];

    (void)snprintf(old, sizeof(old), text, "Graphline", "PassThrough");
    (void)snprintf(fresh, sizeof(fresh), text, "Graphline", "NullSink");
    assert_string_equal(compare(old, fresh), "~q !q/y =2");
    assert_string_equal(
        compare("components: {p: {type: Graphline, components: {x: {type: PassThrough}}}}",
                "components: {p: {type: Pipeline, components: [{type: PassThrough, name: x}]}}"),
        "!p !p/x =0");
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

static void test_another_linkage_relinks_where_it_leads_from(void **context)
{
    assert_string_equal(compare(TWO "linkages: [a -> b]", TWO), ">a =1");
    assert_string_equal(compare(TWO, TWO "linkages: [a.outbox -> b.inbox]"), ">a =1");
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
    assert_string_equal(compare(plain, other), "!c =0");
    (void)snprintf(other, sizeof(other), text, "2", "<");
    assert_string_equal(compare(plain, other), "!c =0");
}

static void test_a_change_in_a_list_of_graphs_is_one(void **context)
{
    static const char two[] = "components: {s: {type: Seq, components: [PassThrough, NullSink]}}";

    assert_string_equal(compare(two, two), "=1");
    assert_string_equal(
        compare(two, "components: {s: {type: Seq, components: [NullSink, PassThrough]}}"), "!s =0");
    assert_string_equal(compare(two, "components: {s: {type: Seq, components: [PassThrough]}}"),
                        "!s =0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_text_makes_no_difference),
        cmocka_unit_test(test_components_come_and_go),
        cmocka_unit_test(test_where_there_was_nothing_all_is_new),
        cmocka_unit_test(test_another_type_replaces),
        cmocka_unit_test(test_another_parameter_is_a_change_however_it_is_written),
        cmocka_unit_test(test_another_bound_is_a_change),
        cmocka_unit_test(test_another_restart_policy_is_a_change_however_it_is_written),
        cmocka_unit_test(test_another_linkage_relinks_where_it_leads_from),
        cmocka_unit_test(test_what_can_not_be_changed_in_place_replaces),
        cmocka_unit_test(test_says_what_differs),
        cmocka_unit_test(test_places_stay),
        cmocka_unit_test(test_what_a_replaced_chassis_holds_is_replaced_with_it),
        cmocka_unit_test(test_a_change_inside_a_protocol_changes_the_handler),
        cmocka_unit_test(test_a_change_around_what_is_given_later_is_one),
        cmocka_unit_test(test_a_change_in_a_list_of_graphs_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
