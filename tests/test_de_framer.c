/* DeFramer alone. */
#include "graph/loop.h"
#include "tests/harness.h"
#include "tests/unit.h"

static void test_takes_a_frame_apart(void **context)
{
    struct harness *h = harness_start("DeFramer", NULL);

    harness_say(h, "inbox", "1 1\n1");
    harness_run(h);
    HEARS(h, "outbox", "1 1");
    harness_say(h, "inbox", "50 4\n11\n1tag 0\n007 3\nabc");
    harness_run(h);

    HEARS(h, "outbox", "50 11\n1", "tag ", "007 abc");
    harness_stop(h);
}

static void test_it_does_not_matter_where_a_stream_is_cut(void **context)
{
    static const char text[] = "1 3\nab\n22 0\n3 1\n ";

    for (size_t first = 0; first < sizeof(text); first++) {
        for (size_t second = first; second < sizeof(text); second++) {
            struct harness *h = harness_start("DeFramer", NULL);

            harness_say_bytes(h, "inbox", text, first);
            harness_say_bytes(h, "inbox", text + first, second - first);
            harness_say_bytes(h, "inbox", text + second, sizeof(text) - 1 - second);
            harness_run(h);

            HEARS(h, "outbox", "1 ab\n", "22 ", "3  ");
            harness_stop(h);
        }
    }
}

static void test_a_sequence_comes_out_as_it_went_in(void **context)
{
    struct scene *scene = scene_start(NULL, "components:\n"
                                            "  from: {type: Probe}\n"
                                            "  tag: {type: TagWithSequenceNumber}\n"
                                            "  frame: {type: Framer}\n"
                                            "  cut: {type: Chunkifier, chunksize: 7}\n"
                                            "  unframe: {type: DeFramer}\n"
                                            "  to: {type: Probe}\n"
                                            "linkages:\n"
                                            "  - from.out0 -> tag.inbox\n"
                                            "  - tag -> frame -> cut -> unframe\n"
                                            "  - unframe.outbox -> to.in0\n"
                                            "  - from.signal -> tag.control\n");
    struct component *from = scene_find(scene, "from");
    char text[300];
    char tagged[320];

    for (int i = 0; i < 200; i++) {
        (void)snprintf(text, sizeof(text), "%0*d\n%d 3\n", i, i, i);
        probe_send(from, PROBE_OUT0, text);
    }
    outbox_notify(from, PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);

    for (int i = 0; i < 200; i++) {
        (void)snprintf(tagged, sizeof(tagged), "%d %0*d\n%d 3\n", i, i, i, i);
        assert_string_equal(probe_take(scene, scene_find(scene, "to"), PROBE_IN0), tagged);
        scene_run(scene);
    }
    assert_int_equal(scene_find(scene, "unframe")->state, STOPPED);
    scene_stop(scene);
}

static void test_data_may_be_any_bytes(void **context)
{
    struct harness *h = harness_start("DeFramer", NULL);
    unsigned char frame[6 + 256] = "9 256\n";
    const char *heard;

    for (size_t i = 0; i < 256; i++) {
        frame[6 + i] = (unsigned char)i;
    }
    harness_say_bytes(h, "inbox", frame, sizeof(frame));
    harness_run(h);
    heard = harness_heard(h, "outbox");

    assert_int_equal(harness_heard_size(h), 2 + 256);
    assert_memory_equal(heard, "9 ", 2);
    assert_memory_equal(heard + 2, frame + 6, 256);
    harness_stop(h);
}

static void assert_fails(const char *parameters, const char *stream, const char *reason)
{
    struct harness *h = harness_start("DeFramer", parameters);

    harness_say(h, "inbox", "1 1\na");
    harness_say(h, "inbox", stream);
    harness_run(h);

    HEARS(h, "outbox", "1 a"); /* what came before is not lost */
    if (harness_component(h)->state != FAILED) {
        fail_msg("\"%s\" passes for a frame", stream);
    }
    assert_string_equal(component_reason(harness_component(h)), reason);
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_a_stream_that_is_no_frame_is_a_failure(void **context)
{
    static const char reason[] = "no frame: a tag, a space, a length and a newline were expected";

    assert_fails(NULL, "\n", reason);
    assert_fails(NULL, "2\n", reason);
    assert_fails(NULL, "2 \n", reason);
    assert_fails(NULL, " 2\n", reason);
    assert_fails(NULL, "2  2\n", reason);
    assert_fails(NULL, "2 -2\n", reason);
    assert_fails(NULL, "2 2x\n", reason);
    assert_fails(NULL, "2 2\r\n", reason);
    assert_fails(NULL, "\x01 2\n", reason);
    assert_fails(NULL, "2 12345678901\n", reason);
    assert_fails(NULL, "GET / HTTP/1.1\r\n\r\n", reason);
    assert_fails(NULL,
                 "0123456789012345678901234567890123456789012345678901234567890123456789012345 "
                 "and there is never a newline",
                 reason);
}

static void test_a_frame_longer_than_max_frame_is_a_failure_before_its_data(void **context)
{
    assert_fails("{max_frame: 4}", "2 5\n", "a frame of 5 bytes was announced, and max_frame is 4");
    assert_fails(NULL, "2 9999999999\n",
                 "a frame of 9999999999 bytes was announced, and max_frame is 1048576");
}

static void test_a_header_that_never_ends_takes_no_memory(void **context)
{
    struct harness *h = harness_start("DeFramer", NULL);

    for (int i = 0; i < 75; i++) {
        harness_say(h, "inbox", "x");
        harness_run(h);
        assert_int_equal(harness_component(h)->state, RUNNING);
    }
    harness_say(h, "inbox", "x");
    harness_run(h);

    assert_int_equal(harness_component(h)->state, FAILED);
    harness_stop(h);
}

static void test_an_announced_length_costs_no_memory_before_its_bytes_come(void **context)
{
    struct harness *h = harness_start("DeFramer", "{max_frame: 512MiB}");

    harness_say(h, "inbox", "1 536870912\nonly this");
    harness_run(h);

    assert_true(harness_scene(h)->loop->pool.memory <= 4 * BLOCK_SIZE);
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

static void test_a_frame_that_the_end_cuts_off_is_dropped_and_said(void **context)
{
    struct harness *h = harness_start("DeFramer", NULL);

    harness_say(h, "inbox", "1 2\nab2 3\nab");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    HEARS(h, "outbox", "1 ab");
    assert_string_equal(harness_scene(h)->log,
                        "it: the stream ended within a frame, which is dropped");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_of_messages_a_frame_that_lacks_bytes_is_dropped_and_no_other(void **context)
{
    struct harness *h = harness_start("DeFramer", "{input: messages}");

    harness_say(h, "inbox", "1 1\na");
    harness_say(h, "inbox", "2 2\n");
    harness_say(h, "inbox", "3 3\na");
    harness_say(h, "inbox", "4 4\naaaa");
    harness_run(h);

    HEARS(h, "outbox", "1 a", "4 aaaa");
    assert_int_equal(harness_stat(h, "dropped"), 2);
    assert_int_equal(harness_component(h)->state, RUNNING);
    harness_stop(h);
}

static void test_of_messages_what_stands_behind_the_length_is_cut_off(void **context)
{
    struct harness *h = harness_start("DeFramer", "{input: messages}");

    harness_say(h, "inbox", "1 2\n1111");
    harness_run(h);

    HEARS(h, "outbox", "1 11");
    harness_stop(h);
}

static void test_of_messages_garbage_is_dropped_and_counted(void **context)
{
    struct harness *h = harness_start("DeFramer", "{input: messages, max_frame: 4}");

    harness_say(h, "inbox", "");
    harness_say(h, "inbox", "garbage");
    harness_say(h, "inbox", "2 x\nab");
    harness_say(h, "inbox", "3 5\nabcde");
    harness_say(h, "inbox", "4 4\nabcd");
    harness_run(h);

    HEARS(h, "outbox", "4 abcd");
    assert_int_equal(harness_stat(h, "dropped"), 4);
    harness_stop(h);
}

static void test_waits_for_a_slow_reader_frame_by_frame(void **context)
{
    struct harness *h = harness_start("DeFramer", NULL);

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "1 1\na2 0\n3 1\nc");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    HEARS(h, "outbox", "1 a");
    harness_run(h);
    HEARS(h, "outbox", "2 ");
    harness_run(h);

    HEARS(h, "outbox", "3 c");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_takes_a_frame_apart),
        cmocka_unit_test(test_it_does_not_matter_where_a_stream_is_cut),
        cmocka_unit_test(test_a_sequence_comes_out_as_it_went_in),
        cmocka_unit_test(test_data_may_be_any_bytes),
        cmocka_unit_test(test_a_stream_that_is_no_frame_is_a_failure),
        cmocka_unit_test(test_a_frame_longer_than_max_frame_is_a_failure_before_its_data),
        cmocka_unit_test(test_a_header_that_never_ends_takes_no_memory),
        cmocka_unit_test(test_an_announced_length_costs_no_memory_before_its_bytes_come),
        cmocka_unit_test(test_a_frame_that_the_end_cuts_off_is_dropped_and_said),
        cmocka_unit_test(test_of_messages_a_frame_that_lacks_bytes_is_dropped_and_no_other),
        cmocka_unit_test(test_of_messages_what_stands_behind_the_length_is_cut_off),
        cmocka_unit_test(test_of_messages_garbage_is_dropped_and_counted),
        cmocka_unit_test(test_waits_for_a_slow_reader_frame_by_frame),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
