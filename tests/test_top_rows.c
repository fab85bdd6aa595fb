/* Which linkages are worth a row of axonctl top; and what is remembered of all. */
#include "daemon/flow_table.h"
#include "daemon/top_rows.h"

#include "tests/unit.h"

static void *name(const void *arg)
{
    return strdup(arg);
}

static void offer(struct top_rows *rows, const char *text, double messages, double bytes,
                  double queue)
{
    double by[TOP_MEASURES] = {[TOP_MESSAGES] = messages, [TOP_BYTES] = bytes, [TOP_QUEUE] = queue};

    top_rows_offer(rows, by, name, text);
}

static void see(void *arg, const struct top_row *row)
{
    char *text = arg;

    strcat(strcat(text, row->data), " ");
}

static void test_the_first_by_each_measure_are_kept_and_the_first_of_all(void **context)
{
    struct top_rows rows;
    char text[100] = "";

    top_rows_init(&rows, 2);
    offer(&rows, "first", 0, 0, 0);
    offer(&rows, "second", 1, 1, 0);
    offer(&rows, "dull", 2, 2, 0.1);
    offer(&rows, "many", 9, 1, 0);
    offer(&rows, "large", 1, 99, 0);
    offer(&rows, "full", 0, 0, 1);
    offer(&rows, "small", 1, 3, 0);
    top_rows_each(&rows, see, text);

    assert_string_equal(text, "first second dull many large full small ");
    text[0] = '\0';
    offer(&rows, "more", 8, 88, 0.5);
    top_rows_each(&rows, see, text);
    assert_string_equal(text, "first second many large full more ");
    top_rows_deinit(&rows);
}

static void test_what_does_nothing_gets_a_row_only_as_one_of_the_first(void **context)
{
    struct top_rows rows;
    char text[100] = "";

    top_rows_init(&rows, 2);
    offer(&rows, "a", 0, 0, 0);
    offer(&rows, "b", 0, 0, 0);
    offer(&rows, "c", 0, 0, 0);
    top_rows_each(&rows, see, text);

    assert_string_equal(text, "a b ");
    top_rows_deinit(&rows);
}

static void test_of_many_the_highest_are_kept(void **context)
{
    struct top_rows rows;
    double least = 1e9;

    top_rows_init(&rows, 50);
    for (unsigned i = 0; i < 5000; i++) {
        offer(&rows, "x", (i * 2654435761U) % 100003 + 1, 0, 0);
    }
    for (size_t i = 0; i < 50; i++) {
        const double value = rows.rankings[TOP_MESSAGES].rows[i]->by[TOP_MESSAGES];

        least = value < least ? value : least;
    }

    assert_int_equal(rows.rankings[TOP_MESSAGES].count, 50);
    assert_float_equal(rows.rankings[TOP_MESSAGES].rows[0]->by[TOP_MESSAGES], least, 0.1);
    unsigned above = 0;
    for (unsigned i = 0; i < 5000; i++) {
        above += (i * 2654435761U) % 100003 + 1 > (unsigned)least;
    }
    assert_int_equal(above, 49);
    top_rows_deinit(&rows);
}

static void test_counts_are_found_by_their_outbox(void **context)
{
    static const char outboxes[1000 * 8];
    struct flow_table table = {0};

    for (size_t i = 0; i < 1000; i += 2) {
        const struct flow_counts counts = {.out = (const void *)&outboxes[8 * i], .messages = i};

        flow_table_add(&table, &counts);
    }

    for (size_t i = 0; i < 1000; i++) {
        const struct flow_counts *found = flow_table_find(&table, (const void *)&outboxes[8 * i]);

        if (i % 2 == 1) {
            assert_null(found);
        } else {
            assert_int_equal(found->messages, i);
        }
    }
    assert_int_equal(table.count, 500);
    flow_table_deinit(&table);
    assert_null(flow_table_find(&table, (const void *)outboxes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_by_each_measure_are_kept_and_the_first_of_all),
        cmocka_unit_test(test_what_does_nothing_gets_a_row_only_as_one_of_the_first),
        cmocka_unit_test(test_of_many_the_highest_are_kept),
        cmocka_unit_test(test_counts_are_found_by_their_outbox),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
