/* Who is the bottleneck, by who waits for whom. */
#include "daemon/bottleneck.h"

#include "tests/unit.h"

/* Components are letters of this text: their addresses are what counts. */
static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

static struct stall stall(char from, char to, double share)
{
    return (struct stall){.from = &letters[from - 'a'], .to = &letters[to - 'a'], .share = share};
}

static char letter(const void *component)
{
    return *(const char *)component;
}

static void test_nobody_waits_nobody_is_to_blame(void **context)
{
    struct bottleneck found[1];

    assert_int_equal(bottlenecks_find(NULL, 0, found, 1), 0);
}

static void test_a_stall_is_followed_to_its_end(void **context)
{
    struct stall stalls[] = {stall('b', 'c', 0.5), stall('a', 'b', 0.9), stall('c', 'd', 0.3)};
    struct bottleneck found[4];

    assert_int_equal(bottlenecks_find(stalls, 3, found, 4), 1);

    assert_int_equal(letter(stalls[found[0].last].to), 'd');
    assert_int_equal(letter(stalls[found[0].first].from), 'a');
    assert_int_equal(found[0].count, 3);
    assert_float_equal(found[0].share, 0.3, 0.0001);
    assert_false(found[0].is_circle);
}

static void test_the_way_can_be_walked(void **context)
{
    struct stall stalls[] = {stall('z', 'y', 0.5), stall('y', 'm', 0.9), stall('m', 'a', 0.3)};
    struct bottleneck found[1];
    char way[8] = "";
    size_t length = 0;

    (void)bottlenecks_find(stalls, 3, found, 1);
    for (size_t at = found[0].first; at != NO_STALL; at = stalls[at].next) {
        way[length++] = letter(stalls[at].from);
    }

    assert_string_equal(way, "zym");
}

static void test_all_who_wait_for_one_are_counted(void **context)
{
    struct stall stalls[] = {stall('a', 'x', 0.2), stall('b', 'x', 0.9), stall('c', 'b', 0.4),
                             stall('d', 'y', 1.0)};
    struct bottleneck found[4];

    assert_int_equal(bottlenecks_find(stalls, 4, found, 4), 2);

    assert_int_equal(letter(stalls[found[0].last].to), 'x');
    assert_int_equal(found[0].count, 3);
    assert_float_equal(found[0].share, 0.9, 0.0001);
    assert_int_equal(letter(stalls[found[1].last].to), 'y');
    assert_int_equal(found[1].count, 1);
}

static void test_who_waits_for_two_is_followed_where_it_waits_longer(void **context)
{
    struct stall stalls[] = {stall('a', 'b', 1.0), stall('b', 'c', 0.1), stall('b', 'd', 0.8)};
    struct bottleneck found[4];

    assert_int_equal(bottlenecks_find(stalls, 3, found, 4), 2);

    assert_int_equal(letter(stalls[found[0].last].to), 'd');
    assert_int_equal(found[0].count, 2); /* a, and what b sends to d */
    assert_int_equal(letter(stalls[found[1].last].to), 'c');
}

/* A socket whose peer does not read, before a protocol that answers: each waits for the other. */
static void test_who_waits_for_something_outside_is_an_end(void **context)
{
    struct stall stalls[] = {stall('s', 'p', 0.9), stall('p', 's', 0.8)};
    struct bottleneck found[4];

    stalls[1].is_end = true;

    assert_int_equal(bottlenecks_find(stalls, 2, found, 4), 1);

    assert_int_equal(letter(stalls[found[0].last].to), 's');
    assert_int_equal(found[0].count, 2);
    assert_false(found[0].is_circle);
}

static void test_a_circle_is_told_as_one(void **context)
{
    struct stall stalls[] = {stall('a', 'b', 1.0), stall('b', 'c', 0.9), stall('c', 'd', 1.0),
                             stall('d', 'b', 0.95)};
    struct bottleneck found[4];

    assert_int_equal(bottlenecks_find(stalls, 4, found, 4), 1);

    assert_true(found[0].is_circle);
    assert_int_equal(letter(stalls[found[0].last].to), 'd');
    assert_int_equal(found[0].count, 4);
    assert_int_equal(letter(stalls[found[0].first].from), 'a');
    assert_int_equal(stalls[found[0].first].way, 3);
}

static void test_one_that_waits_for_itself_is_a_circle(void **context)
{
    struct stall stalls[] = {stall('a', 'a', 1.0)};
    struct bottleneck found[1];

    assert_int_equal(bottlenecks_find(stalls, 1, found, 1), 1);

    assert_true(found[0].is_circle);
}

static void test_the_worst_are_kept_in_order(void **context)
{
    struct stall stalls[] = {stall('a', 'x', 0.1), stall('b', 'y', 0.9), stall('c', 'z', 0.5),
                             stall('d', 'z', 0.5)};
    struct bottleneck found[2];

    assert_int_equal(bottlenecks_find(stalls, 4, found, 2), 3);

    assert_int_equal(letter(stalls[found[0].last].to), 'z');
    assert_int_equal(letter(stalls[found[1].last].to), 'y');
}

static void test_a_long_way_needs_no_stack(void **context)
{
    enum { LONG = 20000 };
    static const char places[LONG + 1];
    struct stall *stalls = calloc(LONG, sizeof(*stalls));
    struct bottleneck found[1];

    for (size_t i = 0; i < LONG; i++) {
        stalls[i] = (struct stall){.from = &places[i], .to = &places[i + 1], .share = 1};
    }

    assert_int_equal(bottlenecks_find(stalls, LONG, found, 1), 1);

    assert_ptr_equal(stalls[found[0].last].to, &places[LONG]);
    assert_int_equal(found[0].count, LONG);
    free(stalls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_waits_nobody_is_to_blame),
        cmocka_unit_test(test_a_stall_is_followed_to_its_end),
        cmocka_unit_test(test_the_way_can_be_walked),
        cmocka_unit_test(test_all_who_wait_for_one_are_counted),
        cmocka_unit_test(test_who_waits_for_two_is_followed_where_it_waits_longer),
        cmocka_unit_test(test_who_waits_for_something_outside_is_an_end),
        cmocka_unit_test(test_a_circle_is_told_as_one),
        cmocka_unit_test(test_one_that_waits_for_itself_is_a_circle),
        cmocka_unit_test(test_the_worst_are_kept_in_order),
        cmocka_unit_test(test_a_long_way_needs_no_stack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
