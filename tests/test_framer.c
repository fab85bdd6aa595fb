/* Framer alone. */
#include "tests/harness.h"
#include "tests/unit.h"

static void test_puts_the_length_between_tag_and_data(void **context)
{
    struct harness *h = harness_start("Framer", NULL);

    harness_say(h, "inbox", "1 1");
    harness_say(h, "inbox", "1 11");
    harness_say(h, "inbox", "50 1111");
    harness_say(h, "inbox", "tag  two words\n");
    harness_say(h, "inbox", "3 ");
    harness_run(h);

    HEARS(h, "outbox", "1 1\n1", "1 2\n11", "50 4\n1111", "tag 11\n two words\n", "3 0\n");
    harness_stop(h);
}

static void test_data_may_be_any_bytes(void **context)
{
    struct harness *h = harness_start("Framer", NULL);
    unsigned char item[5 + 256] = "1234 ";
    const char *heard;

    for (size_t i = 0; i < 256; i++) {
        item[5 + i] = (unsigned char)i;
    }
    harness_say_bytes(h, "inbox", item, sizeof(item));
    harness_run(h);
    heard = harness_heard(h, "outbox");

    assert_int_equal(harness_heard_size(h), strlen("1234 256\n") + 256);
    assert_memory_equal(heard, "1234 256\n", 9);
    assert_memory_equal(heard + 9, item + 5, 256);
    harness_stop(h);
}

static void test_a_sequence_is_framed_one_by_one(void **context)
{
    struct harness *h = harness_start("Framer", NULL);
    char item[32];
    char frame[32];

    for (int i = 0; i < 100; i++) {
        (void)snprintf(item, sizeof(item), "%d %d", i, i);
        (void)snprintf(frame, sizeof(frame), "%d %d\n%d", i, i < 10 ? 1 : 2, i);
        harness_say(h, "inbox", item);
        harness_run(h);
        HEARS(h, "outbox", frame);
    }
    harness_stop(h);
}

static void test_what_has_no_tag_is_dropped_counted_and_said_once(void **context)
{
    static const char longest[] =
        "0123456789012345678901234567890123456789012345678901234567890123";
    struct harness *h = harness_start("Framer", NULL);
    char item[80];

    harness_say(h, "inbox", "untagged");
    harness_run(h);
    assert_string_equal(harness_scene(h)->log,
                        "it: dropped a message that does not begin with a tag and a space: "
                        "\"untagged\" (said once, counted from now on)");
    harness_scene(h)->log[0] = '\0';
    harness_say(h, "inbox", "");
    harness_say(h, "inbox", " no tag");
    harness_say(h, "inbox", "two\nlines x");
    (void)snprintf(item, sizeof(item), "%s4 x", longest);
    harness_say(h, "inbox", item); /* a tag of 65 bytes */
    (void)snprintf(item, sizeof(item), "%s x", longest);
    harness_say(h, "inbox", item);
    harness_run(h);

    (void)snprintf(item, sizeof(item), "%s 1\nx", longest);
    HEARS(h, "outbox", item);
    assert_int_equal(harness_stat(h, "untagged"), 5);
    assert_string_equal(harness_scene(h)->log, "");
    harness_stop(h);
}

static void test_what_is_longer_than_max_frame_is_dropped_and_counted(void **context)
{
    struct harness *h = harness_start("Framer", "{max_frame: 4}");

    harness_say(h, "inbox", "1 1234"); /* exactly the limit passes */
    harness_say(h, "inbox", "2 12345");
    harness_run(h);

    HEARS(h, "outbox", "1 4\n1234");
    assert_int_equal(harness_stat(h, "too_long"), 1);
    harness_stop(h);
}

static void test_waits_for_a_slow_reader_then_passes_the_end_on(void **context)
{
    struct harness *h = harness_start("Framer", NULL);

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "1 a");
    harness_say(h, "inbox", "2 b");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    HEARS(h, "outbox", "1 1\na");
    assert_int_equal(harness_notice(h, "signal"), DATA);
    harness_run(h);

    HEARS(h, "outbox", "2 1\nb");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_puts_the_length_between_tag_and_data),
        cmocka_unit_test(test_data_may_be_any_bytes),
        cmocka_unit_test(test_a_sequence_is_framed_one_by_one),
        cmocka_unit_test(test_what_has_no_tag_is_dropped_counted_and_said_once),
        cmocka_unit_test(test_what_is_longer_than_max_frame_is_dropped_and_counted),
        cmocka_unit_test(test_waits_for_a_slow_reader_then_passes_the_end_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
