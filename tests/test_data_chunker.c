/* DataChunker alone. */
#include "tests/harness.h"
#include "tests/unit.h"

static void test_puts_the_syncmessage_before_each_message(void **context)
{
    struct harness *h = harness_start("DataChunker", NULL);

    harness_say(h, "inbox", "hello\n");
    harness_say(h, "inbox", "");
    harness_run(h);

    HEARS(h, "outbox", "XXXXXXXXXXXXXXXXXXXXXXXXhello\n", "XXXXXXXXXXXXXXXXXXXXXXXX");
    harness_stop(h);
}

static void test_a_syncmessage_of_the_users_own_will_do(void **context)
{
    struct harness *h = harness_start("DataChunker", "{syncmessage: \"<|>\"}");

    harness_say(h, "inbox", "a X b");
    harness_run(h);

    HEARS(h, "outbox", "<|>a X b");
    harness_stop(h);
}

static void test_no_byte_of_the_syncmessage_is_left_in_a_chunk(void **context)
{
    struct harness *h = harness_start("DataChunker", "{syncmessage: XY}");

    harness_say(h, "inbox", "aXYbYX100%");
    harness_run(h);

    HEARS(h, "outbox", "XYa%58%59b%59%58100%25");
    harness_stop(h);
}

static void test_what_is_longer_than_max_chunk_is_dropped_and_counted(void **context)
{
    struct harness *h = harness_start("DataChunker", "{syncmessage: X, max_chunk: 6}");

    harness_say(h, "inbox", "abcdef"); /* exactly the limit passes */
    harness_say(h, "inbox", "abcdefg");
    harness_say(h, "inbox", "XX");
    harness_say(h, "inbox", "XXa"); /* seven bytes once it is escaped */
    harness_run(h);

    HEARS(h, "outbox", "Xabcdef", "X%58%58");
    assert_int_equal(harness_stat(h, "too_long"), 2);
    harness_stop(h);
}

static void test_waits_for_a_slow_reader(void **context)
{
    struct harness *h = harness_start("DataChunker", "{syncmessage: X}");

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "a");
    harness_say(h, "inbox", "b");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    HEARS(h, "outbox", "Xa");
    harness_run(h);

    HEARS(h, "outbox", "Xb");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_puts_the_syncmessage_before_each_message),
        cmocka_unit_test(test_a_syncmessage_of_the_users_own_will_do),
        cmocka_unit_test(test_no_byte_of_the_syncmessage_is_left_in_a_chunk),
        cmocka_unit_test(test_what_is_longer_than_max_chunk_is_dropped_and_counted),
        cmocka_unit_test(test_waits_for_a_slow_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
