/* What axonctl top shows. */
#include "daemon/top_view.h"

#include "tests/unit.h"

/* axond_ctl wants a table of commands, which is beside main(). */
const struct ctl_command ctl_commands[] = {{0}};

static json_t *flow(const char *from, double messages, double queued, const char *unit, double full,
                    double blocked)
{
    return json_pack("{s:s, s:s, s:f, s:f, s:f, s:i, s:s, s:f, s:f, s:f}", "from", from, "to",
                     "z.inbox", "messages_per_second", messages, "bytes_per_second", messages * 100,
                     "queued", queued, "bound", 100, "unit", unit, "full", full, "blocked", blocked,
                     "dropped_per_second", 0.0);
}

/* Three linkages, of which b is the busiest and c is stalled. */
static void set_three(struct top_view *view)
{
    json_t *reply = json_pack("{s:f, s:i, s:i, s:i, s:{s:f, s:f}, s:[o, o, o], s:[]}", "time", 0.0,
                              "components", 4, "linkages", 3, "connections", 1, "traffic",
                              "messages_per_second", 12.5, "bytes_per_second", 2048.0, "rows",
                              flow("a.outbox", 1, 0, "messages", 0, 0),
                              flow("b.outbox", 30, 2048, "bytes", 0.5, 0.001),
                              flow("c.outbox", 1, 100, "messages", 1, 1), "bottlenecks");

    assert_non_null(reply);
    top_view_set(view, reply);
    json_decref(reply);
}

/* The senders, from the top down: "b.outbox a.outbox c.outbox ". */
static const char *order(const struct top_view *view, char text[100])
{
    char cell[40];

    text[0] = '\0';
    for (size_t i = 0; i < view->count; i++) {
        strcat(strcat(text, top_view_cell(view, i, 0, cell, sizeof(cell))), " ");
    }
    return text;
}

static void test_rows_are_sorted_by_a_column_and_else_stay_in_the_order_of_the_graph(void **context)
{
    struct top_view view;
    char text[100];

    top_view_init(&view, NULL);
    set_three(&view);
    assert_string_equal(order(&view, text), "b.outbox a.outbox c.outbox ");
    top_view_deinit(&view);

    top_view_init(&view, "blocked");
    set_three(&view);
    assert_string_equal(order(&view, text), "c.outbox b.outbox a.outbox ");
    view.is_reversed = true;
    top_view_sort(&view);
    assert_string_equal(order(&view, text), "a.outbox b.outbox c.outbox ");
    top_view_deinit(&view);

    top_view_init(&view, "from");
    set_three(&view);
    assert_string_equal(order(&view, text), "a.outbox b.outbox c.outbox ");
    top_view_deinit(&view);
}

static void test_every_column_can_be_named_to_sort_by(void **context)
{
    for (size_t i = 0; i < TOP_COLUMNS; i++) {
        struct top_view view;

        assert_string_equal(top_columns[i].name, top_column_names[i]);
        top_view_init(&view, top_column_names[i]);
        assert_int_equal(view.sort, i);
    }
    assert_null(top_column_names[TOP_COLUMNS]);
}

static void test_cells_are_short_and_have_units(void **context)
{
    static const char *const expected[] = {"b.outbox", "z.inbox", "30.0", "2.9 KiB",
                                           "2 KiB",    "50%",     "<1%",  "0"};
    struct top_view view;
    char cell[40];

    top_view_init(&view, NULL);
    set_three(&view);

    for (size_t c = 0; c < TOP_COLUMNS; c++) {
        assert_string_equal(top_view_cell(&view, 0, c, cell, sizeof(cell)), expected[c]);
    }
    top_view_deinit(&view);
}

static void test_the_headline_says_how_much_there_is(void **context)
{
    struct top_view view;
    char text[200];

    top_view_init(&view, NULL);
    set_three(&view);
    top_view_headline(&view, text, sizeof(text));

    assert_string_equal(text + 8, "  4 components, 3 linkages, 1 connection, 12.5 messages/s, "
                                  "2 KiB/s");
    top_view_deinit(&view);
}

static void says(json_t *bottleneck, const char *expected)
{
    json_t *reply = json_pack("{s:[], s:[o]}", "rows", "bottlenecks", bottleneck);
    struct top_view view;
    char text[300];

    top_view_init(&view, NULL);
    top_view_set(&view, reply);
    json_decref(reply);

    assert_int_equal(top_view_bottlenecks(&view), 1);
    top_view_bottleneck(&view, 0, text, sizeof(text));
    assert_string_equal(text, expected);
    top_view_way(&view, 0, text, sizeof(text));
    assert_string_equal(text, "  a -> b -> c");
    top_view_deinit(&view);
}

static void test_a_bottleneck_is_told_with_what_holds_it_up_itself(void **context)
{
    const char *format = "{s:s, s:s, s:i, s:f, s:s?, s:[sss], s:b}";

    says(json_pack(format, "path", "c", "type", "RateLimit", "stalls", 2, "blocked", 0.98,
                   "waits_for", NULL, "way", "a", "b", "c", "circle", 0),
         "bottleneck: c (RateLimit) holds up 2 linkages, 98% blocked, and is busy, or slow by "
         "itself");
    says(
        json_pack(format, "path", "c", "type", "TCPClient", "stalls", 1, "blocked", 1.0,
                  "waits_for", "a connection to db:1", "way", "a", "b", "c", "circle", 0),
        "bottleneck: c (TCPClient) holds up 1 linkage, 100% blocked, and waits for a connection to "
        "db:1");
    says(json_pack(format, "path", "c", "type", "PassThrough", "stalls", 3, "blocked", 1.0,
                   "waits_for", NULL, "way", "a", "b", "c", "circle", 1),
         "bottleneck: c (PassThrough) holds up 3 linkages, 100% blocked, and waits itself for one "
         "of them: a circle");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_sorted_by_a_column_and_else_stay_in_the_order_of_the_graph),
        cmocka_unit_test(test_every_column_can_be_named_to_sort_by),
        cmocka_unit_test(test_cells_are_short_and_have_units),
        cmocka_unit_test(test_the_headline_says_how_much_there_is),
        cmocka_unit_test(test_a_bottleneck_is_told_with_what_holds_it_up_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
