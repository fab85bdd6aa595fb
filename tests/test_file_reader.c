/* FileReader, on files of the test's own. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "components/util/alarm.h"
#include "graph/loop.h"
#include "tests/folder.h"
#include "tests/harness.h"
#include "tests/unit.h"

static struct harness *start(const char *name, const char *parameters)
{
    char text[512];

    (void)snprintf(text, sizeof(text), "{path: %s, %s}", name[0] == '/' ? name : folder_path(name),
                   parameters);
    return harness_start("FileReader", text);
}

static const char *refusal(const char *name, const char *parameters)
{
    static char reason[1024];
    char text[512];
    struct harness *h;

    (void)snprintf(text, sizeof(text), "{path: %s, %s}", folder_path(name), parameters);
    h = harness_start_refused("FileReader", text);
    (void)strcpy(reason, harness_scene(h)->refusal);
    harness_stop(h);
    return reason;
}

/* ---- waiting ---- */

struct hearing {
    struct harness *h;
    const char *outbox;
    char text[4096];
    size_t size;
    size_t expected;
};

static bool has_heard(void *arg)
{
    struct hearing *hearing = arg;
    const char *heard;

    while (hearing->size < hearing->expected &&
           (heard = harness_heard(hearing->h, hearing->outbox)) != NULL) {
        assert_true(hearing->size + strlen(heard) < sizeof(hearing->text));
        (void)strcpy(hearing->text + hearing->size, heard);
        hearing->size += strlen(heard);
    }
    return hearing->size >= hearing->expected;
}

/* Waits until this has come out, in whatever pieces. */
static void expect(struct harness *h, const char *text)
{
    struct hearing hearing = {.h = h, .outbox = "outbox", .expected = strlen(text)};

    scene_wait(harness_scene(h), has_heard, &hearing);
    assert_string_equal(hearing.text, text);
}

static bool is_over(void *arg)
{
    return component_is_over(harness_component(arg));
}

static void wait_end(struct harness *h)
{
    scene_wait(harness_scene(h), is_over, h);
}

/* Nothing more comes, however long one waits. */
static void expect_nothing(struct harness *h)
{
    scene_wait_seconds(harness_scene(h), 0.05);
    assert_null(harness_heard(h, "outbox"));
}

static bool has_message(void *arg)
{
    const struct component *ears = scene_find(harness_scene(arg), "ears");

    return component_have_inbox(ears, 0)->box.queued > 0;
}

/* The next message, once it is there. */
static const char *next(struct harness *h)
{
    scene_wait(harness_scene(h), has_message, h);
    return harness_heard(h, "outbox");
}

/* ---- tests ---- */

static void test_sends_a_file_in_chunks_and_finishes(void **context)
{
    struct harness *h;

    folder_put("file", "abcdefghij");
    h = start("file", "chunk_size: 4");
    wait_end(h);

    assert_string_equal(harness_heard(h, "outbox"), "abcd");
    assert_string_equal(harness_heard(h, "outbox"), "efgh");
    assert_string_equal(harness_heard(h, "outbox"), "ij");
    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    assert_int_equal(harness_component(h)->state, STOPPED);
    assert_int_equal(harness_stat(h, "bytes"), 10);
    harness_stop(h);
}

static void test_sends_lines_and_the_last_needs_no_newline(void **context)
{
    struct harness *h;

    folder_put("file", "one\ntwo\n\nlast");
    h = start("file", "mode: lines, chunk_size: 5");
    wait_end(h);

    assert_string_equal(harness_heard(h, "outbox"), "one\n");
    assert_string_equal(harness_heard(h, "outbox"), "two\n");
    assert_string_equal(harness_heard(h, "outbox"), "\n");
    assert_string_equal(harness_heard(h, "outbox"), "last");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_a_line_that_is_too_long_goes_out_by_overlong(void **context)
{
    struct harness *h;

    folder_put("file", "ok\n1234567890\nok\n");
    h = start("file", "mode: lines, chunk_size: 6, max_line: 4");
    wait_end(h);

    assert_string_equal(harness_heard(h, "outbox"), "ok\n");
    assert_string_equal(harness_heard(h, "outbox"), "ok\n");
    assert_null(harness_heard(h, "outbox"));
    assert_string_equal(harness_heard(h, "overlong"), "123");
    assert_string_equal(harness_heard(h, "overlong"), "456789");
    assert_string_equal(harness_heard(h, "overlong"), "0\n");
    assert_int_equal(harness_stat(h, "overlong_lines"), 1);
    harness_stop(h);
}

static void test_sends_the_whole_file_in_one_message(void **context)
{
    struct harness *h;
    static char text[200000];

    memset(text, 'x', sizeof(text) - 1);
    folder_put("file", text);
    h = start("file", "mode: whole");
    wait_end(h);
    assert_string_equal(harness_heard(h, "outbox"), text);
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);

    folder_put("file", "");
    h = start("file", "mode: whole");
    wait_end(h);
    assert_string_equal(harness_heard(h, "outbox"), "");
    harness_stop(h);
}

static void test_a_whole_file_that_is_too_large_is_a_failure(void **context)
{
    struct harness *h;
    char reason[300];

    folder_put("file", "12345");
    h = start("file", "mode: whole, max_size: 4");
    wait_end(h);

    (void)snprintf(reason, sizeof(reason), "%s has more than max_size, 4 bytes",
                   folder_path("file"));
    assert_int_equal(harness_component(h)->state, FAILED);
    assert_string_equal(component_reason(harness_component(h)), reason);
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
    folder_put("file", "1234");
    h = start("file", "mode: whole, max_size: 4");
    expect(h, "1234");
    harness_stop(h);
}

static void test_says_why_a_file_can_not_be_opened(void **context)
{
    assert_non_null(
        strstr(refusal("nowhere", "mode: lines"), "it: could not open /tmp/axond-test-"));
    assert_non_null(strstr(refusal("nowhere", "mode: lines"), ": No such file or directory"));
    assert_non_null(strstr(refusal(".", "mode: lines"), ": Is a directory"));
    assert_non_null(strstr(refusal(".", "follow: true"), ": Is a directory"));
}

static void test_reads_no_more_than_is_taken(void **context)
{
    struct harness *h;
    static char text[100001];

    memset(text, 'x', sizeof(text) - 1);
    folder_put("file", text);
    h = start("file", "chunk_size: 1000");
    harness_bound(h, "outbox", 2);
    scene_wait(harness_scene(h), has_message, h);
    scene_wait_seconds(harness_scene(h), 0.05);

    assert_in_range(harness_stat(h, "bytes"), 1, 3000);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(strlen(next(h)), 1000);
    }
    wait_end(h);
    harness_stop(h);
}

static void test_keeps_to_its_rate(void **context)
{
    struct harness *h;
    double began;
    static char text[4001];

    memset(text, 'x', sizeof(text) - 1);
    folder_put("file", text);
    began = steady_now();
    h = start("file", "rate: 10000");
    expect(h, text);

    assert_true(steady_now() - began >= 0.19); /* 0.1 s worth may come at once, and 0.1 s late */
    harness_stop(h);
}

static void test_reads_what_is_not_in_memory(void **context)
{
    struct harness *h;
    static char text[3001];
    int fd;

    memset(text, 'x', sizeof(text) - 1);
    folder_put("file", text);
    fd = open(folder_path("file"), O_RDONLY);
    assert_return_code(fdatasync(fd), 0);
    assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    close(fd);
    h = start("file", "chunk_size: 1000");

    expect(h, text);
    wait_end(h);
    harness_stop(h);
}

static void test_reads_what_the_kernel_makes_up(void **context)
{
    struct harness *h = start("/proc/version", "mode: whole");

    assert_int_equal(strncmp(next(h), "Linux version ", 14), 0);
    wait_end(h);
    harness_stop(h);
}

static void test_follows_what_has_no_size_without_reading_it_again(void **context)
{
    struct harness *h = start("/proc/version", "mode: lines, follow: true");

    assert_int_equal(strncmp(next(h), "Linux version ", 14), 0);
    expect_nothing(h);

    assert_int_equal(harness_stat(h, "truncated"), 0);
    harness_stop(h);
}

static void test_may_end_while_its_thread_reads(void **context)
{
    for (int i = 0; i < 20; i++) {
        struct harness *h = start("/proc/version", "mode: lines");

        harness_run(h); /* procfs can't say what is in memory: the read has just begun */
        harness_stop(h);
    }
}

static void test_follows_a_file_as_it_grows(void **context)
{
    struct harness *h;

    folder_put("file", "one\ntw");
    h = start("file", "mode: lines, follow: true");
    expect(h, "one\n");
    expect_nothing(h);
    folder_add("file", "o\nthree\n");

    assert_string_equal(next(h), "two\n");
    expect(h, "three\n");
    assert_int_equal(harness_component(h)->state, RUNNING);
    harness_stop(h);
}

static void test_from_end_sends_only_what_comes(void **context)
{
    struct harness *h;

    folder_put("file", "old\n");
    h = start("file", "mode: lines, follow: true, from: end");
    expect_nothing(h);
    folder_add("file", "new\n");

    expect(h, "new\n");
    harness_stop(h);
}

static void test_a_file_that_is_followed_and_idle_costs_nothing(void **context)
{
    struct harness *h;
    uint64_t turns;

    folder_put("file", "one\n");
    h = start("file", "mode: lines, follow: true");
    expect(h, "one\n");
    assert_true(scene_rests(harness_scene(h), 0.05));
    turns = harness_scene(h)->loop->turns;
    folder_put("neighbour", "no business of ours");
    scene_wait_seconds(harness_scene(h), 0.2);

    assert_int_equal(harness_scene(h)->loop->turns, turns);
    harness_stop(h);
}

static void test_a_file_that_was_replaced_is_read_to_its_end_first(void **context)
{
    struct harness *h;

    folder_put("file", "1\n");
    h = start("file", "mode: lines, follow: true");
    expect(h, "1\n");
    folder_rename("file", "file.1");
    folder_add("file.1", "2\n");
    expect(h, "2\n");
    folder_put("file", ""); /* the new one is there; the writer still has the old one */
    expect_nothing(h);
    folder_add("file.1", "3\n");
    expect(h, "3\n");
    assert_int_equal(harness_stat(h, "reopened"), 0);
    folder_add("file.1", "4\n");
    folder_add("file", "5\n");

    expect(h, "4\n5\n");
    assert_int_equal(harness_stat(h, "reopened"), 1);
    folder_add("file", "6\n");
    expect(h, "6\n");
    harness_stop(h);
}

static void test_the_end_of_a_file_that_is_left_is_the_end_of_a_line(void **context)
{
    struct harness *h;

    folder_put("file", "unfinished");
    h = start("file", "mode: lines, follow: true");
    expect_nothing(h);
    folder_put("new", "next\n");
    folder_rename("new", "file");

    assert_string_equal(next(h), "unfinished");
    expect(h, "next\n");
    harness_stop(h);
}

static void test_many_files_one_after_another(void **context)
{
    struct harness *h;
    char text[20];
    char name[20];

    folder_put("file", "0\n");
    h = start("file", "mode: lines, follow: true");
    expect(h, "0\n");
    for (int i = 1; i < 30; i++) {
        (void)snprintf(text, sizeof(text), "%d\n", i);
        (void)snprintf(name, sizeof(name), "file.%d", i);
        folder_rename("file", name);
        folder_put("file", text);
        expect(h, text);
    }

    assert_int_equal(harness_stat(h, "reopened"), 29);
    harness_stop(h);
}

static void test_a_file_that_was_cut_is_read_from_its_start(void **context)
{
    struct harness *h;

    folder_put("file", "a long first line\n");
    h = start("file", "mode: lines, follow: true");
    expect(h, "a long first line\n");
    folder_put("file", "short\n");
    expect(h, "short\n");
    folder_put("file", ""); /* then it is empty, and grows */
    expect_nothing(h);
    folder_put("file", "other\n");

    expect(h, "other\n");
    assert_int_equal(harness_stat(h, "truncated"), 2);
    harness_stop(h);
}

static void test_waits_for_a_file_and_the_folders_above_it(void **context)
{
    struct harness *h = start("a/b/file", "mode: lines, follow: true, from: end");
    char text[300];

    expect_nothing(h);
    assert_true(harness_component(h)->type->describe(harness_component(h), text, sizeof(text)));
    assert_non_null(strstr(text, "/a/b/file: No such file or directory"));
    assert_return_code(mkdir(folder_path("a"), 0700), 0);
    expect_nothing(h);
    assert_return_code(mkdir(folder_path("a/b"), 0700), 0);
    expect_nothing(h);
    folder_put("a/b/file", "here\n");

    expect(h, "here\n");
    assert_false(harness_component(h)->type->describe(harness_component(h), text, sizeof(text)));
    harness_stop(h);
}

static void test_finds_a_file_again_whose_folder_was_replaced(void **context)
{
    struct harness *h;

    assert_return_code(mkdir(folder_path("logs"), 0700), 0);
    folder_put("logs/file", "1\n");
    h = start("logs/file", "mode: lines, follow: true");
    expect(h, "1\n");
    folder_rename("logs", "logs.old");
    expect_nothing(h);
    assert_return_code(mkdir(folder_path("logs"), 0700), 0);
    expect_nothing(h);
    folder_put("logs/file", "2\n");

    expect(h, "2\n");
    harness_stop(h);
}

static void test_follows_a_symbolic_link_that_is_set_anew(void **context)
{
    struct harness *h;

    folder_put("monday", "1\n");
    folder_put("tuesday", "2\n");
    assert_return_code(symlink("monday", folder_path("today")), 0);
    h = start("today", "mode: lines, follow: true");
    expect(h, "1\n");
    assert_return_code(symlink("tuesday", folder_path("new")), 0);
    folder_rename("new", "today");

    expect(h, "2\n");
    folder_add("tuesday", "3\n");
    expect(h, "3\n");
    harness_stop(h);
}

static unsigned waiting(struct scene *scene, unsigned inbox)
{
    return component_inbox(scene_find(scene, "sink"), inbox)->box.queued;
}

static bool both_have_heard(void *arg)
{
    return waiting(arg, PROBE_IN0) == 1 && waiting(arg, PROBE_IN1) == 1;
}

static bool the_second_has_heard_more(void *arg)
{
    return waiting(arg, PROBE_IN1) == 2;
}

static void test_several_follow_one_file(void **context)
{
    struct scene *scene;
    char yaml[600];

    folder_put("file", "1\n");
    (void)snprintf(yaml, sizeof(yaml),
                   "components:\n"
                   "  a: {type: FileReader, path: %s, mode: lines, follow: true}\n"
                   "  b: {type: FileReader, path: %s, mode: lines, follow: true}\n"
                   "  sink: {type: Probe}\n"
                   "linkages: [a.outbox -> sink.in0, b.outbox -> sink.in1]\n",
                   folder_path("file"), folder_path("file"));
    scene = scene_start(NULL, yaml);
    scene_wait(scene, both_have_heard, scene);
    component_finish(scene_find(scene, "a")); /* the other's watch stays */
    folder_add("file", "2\n");
    scene_wait(scene, the_second_has_heard_more, scene);

    assert_string_equal(probe_take(scene, scene_find(scene, "sink"), PROBE_IN0), "1\n");
    assert_null(probe_take(scene, scene_find(scene, "sink"), PROBE_IN0));
    assert_string_equal(probe_take(scene, scene_find(scene, "sink"), PROBE_IN1), "1\n");
    assert_string_equal(probe_take(scene, scene_find(scene, "sink"), PROBE_IN1), "2\n");
    scene_stop(scene);
}

static void test_finishes_at_the_end_of_a_followed_file_when_told(void **context)
{
    struct harness *h;

    folder_put("file", "one\ntwo\nrest");
    h = start("file", "mode: lines, follow: true");
    harness_bound(h, "outbox", 1);
    harness_tell(h, PRODUCER_FINISHED);

    assert_string_equal(next(h), "one\n");
    assert_string_equal(next(h), "two\n");
    assert_string_equal(next(h), "rest");
    wait_end(h);
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_stops_at_once_when_told(void **context)
{
    struct harness *h;

    folder_put("file", "one\ntwo\n");
    h = start("file", "mode: lines, rate: 1");
    harness_tell(h, SHUTDOWN_MICROPROCESS);
    harness_run(h);

    assert_int_equal(harness_component(h)->state, STOPPED);
    assert_int_equal(harness_notice(h, "signal"), SHUTDOWN_MICROPROCESS);
    harness_stop(h);
}

static void test_a_fifo_ends_with_its_last_writer(void **context)
{
    struct harness *h;
    int writer;

    assert_return_code(mkfifo(folder_path("fifo"), 0600), 0);
    h = start("fifo", "mode: lines");
    expect_nothing(h);
    assert_int_equal(harness_component(h)->state, RUNNING);
    writer = open(folder_path("fifo"), O_WRONLY | O_NONBLOCK);
    assert_return_code(writer, 0);
    assert_int_equal(write(writer, "one\ntwo\n", 8), 8);
    expect(h, "one\ntwo\n");
    close(writer);

    wait_end(h);
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

static void test_a_followed_fifo_goes_on_with_the_next_writer(void **context)
{
    struct harness *h;

    assert_return_code(mkfifo(folder_path("fifo"), 0600), 0);
    h = start("fifo", "mode: lines, follow: true");
    for (int i = 0; i < 3; i++) {
        folder_add("fifo", "line\n");
        expect(h, "line\n");
    }

    assert_int_equal(harness_component(h)->state, RUNNING);
    harness_stop(h);
}

static void test_there_is_nothing_in_dev_null(void **context)
{
    struct harness *h = start("/dev/null", "mode: lines");

    wait_end(h);

    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

static int setup(void **context)
{
    folder_make();
    return 0;
}

static int teardown(void **context)
{
    folder_remove();
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_sends_a_file_in_chunks_and_finishes),
        TEST(test_sends_lines_and_the_last_needs_no_newline),
        TEST(test_a_line_that_is_too_long_goes_out_by_overlong),
        TEST(test_sends_the_whole_file_in_one_message),
        TEST(test_a_whole_file_that_is_too_large_is_a_failure),
        TEST(test_says_why_a_file_can_not_be_opened),
        TEST(test_reads_no_more_than_is_taken),
        TEST(test_keeps_to_its_rate),
        TEST(test_reads_what_is_not_in_memory),
        TEST(test_reads_what_the_kernel_makes_up),
        TEST(test_follows_what_has_no_size_without_reading_it_again),
        TEST(test_may_end_while_its_thread_reads),
        TEST(test_follows_a_file_as_it_grows),
        TEST(test_from_end_sends_only_what_comes),
        TEST(test_a_file_that_is_followed_and_idle_costs_nothing),
        TEST(test_a_file_that_was_replaced_is_read_to_its_end_first),
        TEST(test_the_end_of_a_file_that_is_left_is_the_end_of_a_line),
        TEST(test_many_files_one_after_another),
        TEST(test_a_file_that_was_cut_is_read_from_its_start),
        TEST(test_waits_for_a_file_and_the_folders_above_it),
        TEST(test_finds_a_file_again_whose_folder_was_replaced),
        TEST(test_follows_a_symbolic_link_that_is_set_anew),
        TEST(test_several_follow_one_file),
        TEST(test_finishes_at_the_end_of_a_followed_file_when_told),
        TEST(test_stops_at_once_when_told),
        TEST(test_a_fifo_ends_with_its_last_writer),
        TEST(test_a_followed_fifo_goes_on_with_the_next_writer),
        TEST(test_there_is_nothing_in_dev_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
