/* FileWriter, SimpleFileWriter and Append, on files of the test's own. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graph/loop.h"
#include "graph/supervise.h"
#include "tests/folder.h"
#include "tests/harness.h"
#include "tests/unit.h"

static struct harness *start_type(const char *type, const char *key, const char *name,
                                  const char *parameters)
{
    char text[512];

    (void)snprintf(text, sizeof(text), "{%s: %s, %s}", key, folder_path(name), parameters);
    return harness_start(type, text);
}

static struct harness *start(const char *name, const char *parameters)
{
    return start_type("FileWriter", "path", name, parameters);
}

static void assert_log(struct harness *h, const char *words)
{
    if (strstr(harness_scene(h)->log, words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, harness_scene(h)->log);
    }
}

static void assert_text(const char *name, const char *expected)
{
    const char *text = folder_text(name);

    assert_non_null(text);
    assert_string_equal(text, expected);
}

/* ---- waiting ---- */

struct expected {
    const char *name;
    const char *text;
};

static bool has_text(void *arg)
{
    const struct expected *expected = arg;
    const char *text = folder_text(expected->name);

    return text != NULL && strcmp(text, expected->text) == 0;
}

/* Waits until a file holds this. */
static void expect(struct harness *h, const char *name, const char *text)
{
    struct expected expected = {.name = name, .text = text};

    scene_wait(harness_scene(h), has_text, &expected);
}

static bool is_over(void *arg)
{
    return component_is_over(harness_component(arg));
}

/* Has it finish in order. */
static void finish(struct harness *h)
{
    harness_tell(h, PRODUCER_FINISHED);
    scene_wait(harness_scene(h), is_over, h);
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    assert_int_equal(harness_component(h)->state, STOPPED);
}

/* ---- writing ---- */

static void test_adds_what_arrives_to_the_file(void **context)
{
    struct harness *h;

    folder_put("file", "old ");
    h = start("file", "mode: \"0600\"");
    harness_say(h, "inbox", "one ");
    harness_say(h, "inbox", "");
    harness_say(h, "inbox", "two ");
    harness_run(h);
    assert_text("file", "old one two ");
    harness_say(h, "inbox", "three");
    finish(h);

    assert_text("file", "old one two three");
    assert_int_equal(harness_stat(h, "messages"), 4);
    assert_int_equal(harness_stat(h, "bytes"), 13);
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

static void test_makes_the_file_with_its_permissions(void **context)
{
    const mode_t before = umask(0022);
    struct harness *h = start("file", "mode: \"0664\"");
    struct stat about;

    assert_return_code(stat(folder_path("file"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0644);
    harness_stop(h);
    (void)umask(before);
}

static void test_makes_the_folders_that_are_missing_if_it_may(void **context)
{
    struct harness *h = start("a/b/file", "directories: true");
    struct stat about;
    char text[300];

    assert_return_code(stat(folder_path("a/b"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0750);
    harness_stop(h);
    (void)snprintf(text, sizeof(text), "{path: %s}", folder_path("c/file"));
    h = harness_start_refused("FileWriter", text);
    assert_non_null(strstr(harness_scene(h)->refusal, "it: could not open /tmp/axond-test-"));
    assert_non_null(strstr(harness_scene(h)->refusal, "/c/file: No such file or directory"));
    harness_stop(h);
}

static void test_discards_what_the_file_held_only_once_all_have_started(void **context)
{
    struct harness *h;

    folder_put("file", "old");
    h = start("file", "append: false");
    assert_text("file", "old"); /* another component may not start: the reload is refused */
    harness_run(h);
    assert_text("file", "");
    harness_say(h, "inbox", "new");
    harness_run(h);

    assert_text("file", "new");
    harness_stop(h);
}

static void test_ends_lines_that_have_no_end(void **context)
{
    struct harness *h = start("file", "end_lines: true");

    harness_say(h, "inbox", "one\n");
    harness_say(h, "inbox", "two");
    harness_say(h, "inbox", "");
    harness_say(h, "inbox", "three\n");
    harness_run(h);

    assert_text("file", "one\ntwo\n\nthree\n");
    harness_stop(h);
}

static void test_many_messages_are_all_written(void **context)
{
    struct harness *h = start("file", "mode: \"0640\"");
    char expected[5000] = "";
    char line[20];

    for (int i = 0; i < 1000; i++) {
        (void)snprintf(line, sizeof(line), "%d\n", i);
        (void)strcat(expected, line);
        harness_say(h, "inbox", line);
    }
    harness_run(h);

    assert_text("file", expected);
    harness_stop(h);
}

static void test_hands_on_what_is_written_as_it_is_taken(void **context)
{
    struct harness *h = start("file", "forwarder: true");

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "one");
    harness_say(h, "inbox", "two");
    harness_say(h, "inbox", "three");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    assert_string_equal(harness_heard(h, "outbox"), "one");
    assert_null(harness_heard(h, "outbox"));
    harness_run(h);
    assert_string_equal(harness_heard(h, "outbox"), "two");
    assert_int_equal(harness_component(h)->state, RUNNING);
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "three");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    assert_text("file", "onetwothree");
    harness_stop(h);
}

static void test_gathers_for_flush_interval(void **context)
{
    struct harness *h = start("file", "flush_interval: 100ms");

    harness_say(h, "inbox", "one ");
    harness_run(h);
    assert_text("file", "");
    harness_say(h, "inbox", "two ");
    expect(h, "file", "one two ");
    harness_say(h, "inbox", "three");
    harness_run(h);
    assert_text("file", "one two ");
    finish(h); /* does not wait for the interval */

    assert_text("file", "one two three");
    harness_stop(h);
}

static void test_gathers_up_to_64_messages(void **context)
{
    struct harness *h = start("file", "flush_interval: 1min");
    char expected[65] = "";

    for (int i = 0; i < 63; i++) {
        harness_say(h, "inbox", "x");
        harness_run(h);
        (void)strcat(expected, "x");
    }
    assert_text("file", "");
    harness_say(h, "inbox", "x");
    harness_run(h);

    assert_text("file", strcat(expected, "x"));
    harness_say(h, "inbox", "y");
    harness_run(h);
    assert_text("file", expected);
    harness_stop(h);
}

static void test_costs_nothing_while_there_is_nothing_to_write(void **context)
{
    struct harness *h =
        start("file", "flush_interval: 10ms, fsync: interval, fsync_interval: 10ms");

    harness_say(h, "inbox", "one");
    expect(h, "file", "one");

    assert_true(scene_rests(harness_scene(h), 0.2));
    harness_stop(h);
}

/* ---- fsync ---- */

static bool has_handed_on(void *arg)
{
    return component_have_inbox(scene_find(harness_scene(arg), "ears"), 0)->box.queued > 0;
}

static void test_hands_on_only_what_is_on_the_disk_if_that_is_wanted(void **context)
{
    struct harness *h = start("file", "fsync: always, forwarder: true");

    harness_say(h, "inbox", "one");
    harness_run(h);
    assert_text("file", "one");
    assert_null(harness_heard(h, "outbox")); /* the thread's answer comes by the loop */
    harness_say(h, "inbox", "two");
    harness_run(h);
    assert_text("file", "one"); /* one after another */
    scene_wait(harness_scene(h), has_handed_on, h);

    assert_string_equal(harness_heard(h, "outbox"), "one");
    expect(h, "file", "onetwo");
    finish(h);
    harness_stop(h);
}

static void test_ends_once_the_file_is_on_the_disk(void **context)
{
    struct harness *h = start("file", "fsync: interval, fsync_interval: 1h");

    harness_say(h, "inbox", "one");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    assert_text("file", "one");
    assert_int_equal(harness_component(h)->state, RUNNING);
    scene_wait(harness_scene(h), is_over, h);

    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_may_be_stopped_while_its_thread_works(void **context)
{
    for (int i = 0; i < 20; i++) {
        struct harness *h = start("file", "fsync: always");

        harness_say(h, "inbox", "one");
        harness_run(h);
        harness_tell(h, SHUTDOWN_MICROPROCESS);
        harness_run(h);
        assert_int_equal(harness_component(h)->state, STOPPED);
        harness_stop(h);
    }
}

/* ---- another file at the path ---- */

static void test_notices_that_the_file_was_moved_away(void **context)
{
    struct harness *h = start("file", "fsync: interval");

    harness_say(h, "inbox", "one");
    harness_run(h);
    folder_rename("file", "file.1");
    scene_wait_seconds(harness_scene(h), 1.05);
    harness_say(h, "inbox", "two");
    harness_run(h);

    assert_text("file.1", "one");
    assert_text("file", "two");
    assert_int_equal(harness_stat(h, "reopened"), 1);
    finish(h);
    harness_stop(h);
}

static void test_a_reload_has_a_file_made_that_was_moved_away(void **context)
{
    struct harness *h = start("file", "append: false");

    harness_say(h, "inbox", "one");
    harness_run(h);
    folder_rename("file", "file.1");
    component_note_reload(harness_component(h));

    assert_text("file", ""); /* at once */
    harness_say(h, "inbox", "two");
    harness_run(h);
    component_note_reload(harness_component(h));
    harness_run(h);
    assert_text("file.1", "one");
    assert_text("file", "two"); /* it is not emptied again */
    assert_int_equal(harness_stat(h, "reopened"), 1);
    finish(h);
    harness_stop(h);
}

static void test_a_reload_has_what_failed_tried_again_at_once(void **context)
{
    struct harness *h = start("logs/file", "directories: true");

    folder_rename("logs", "logs.old");
    folder_put("logs", "in the way");
    component_note_reload(harness_component(h));
    harness_run(h);
    assert_int_equal(harness_stat(h, "errors"), 1);
    folder_rename("logs", "out of it");
    component_note_reload(harness_component(h));
    harness_run(h);

    assert_text("logs/file", "");
    finish(h);
    harness_stop(h);
}

static void test_notices_that_the_file_was_removed(void **context)
{
    struct harness *h = start("file", "append: false");

    harness_say(h, "inbox", "one");
    harness_run(h);
    assert_return_code(unlink(folder_path("file")), 0);
    scene_wait_seconds(harness_scene(h), 1.05);
    harness_say(h, "inbox", "two");
    harness_run(h);

    assert_text("file", "two");
    harness_stop(h);
}

static void test_opens_the_file_for_each_write_if_it_is_not_held_open(void **context)
{
    struct harness *h = start_type("Append", "filename", "file", "hold_open: false");

    harness_say(h, "inbox", "one");
    harness_run(h);
    folder_rename("file", "file.1");
    harness_say(h, "inbox", "two");
    harness_run(h);

    assert_text("file.1", "one");
    assert_text("file", "two");
    assert_int_equal(harness_stat(h, "reopened"), 0);
    harness_stop(h);
}

/* ---- trouble ---- */

/* A file that can't be written, as if the disk were full, until it is mended. */
static struct harness *start_full(const char *parameters)
{
    assert_return_code(symlink("/dev/full", folder_path("file")), 0);
    return start("file", parameters);
}

static void mend(void)
{
    folder_put("space", "");
    assert_return_code(symlink("space", folder_path("new")), 0);
    folder_rename("new", "file");
}

static bool has_tried_thrice(void *arg)
{
    return harness_stat(arg, "errors") >= 3;
}

static void test_says_once_that_the_disk_is_full_and_keeps_everything(void **context)
{
    struct harness *h = start_full("mode: \"0640\"");
    uint64_t turns;
    char text[300];

    harness_say(h, "inbox", "one ");
    harness_run(h);
    assert_log(h, "it: could not write to /tmp/axond-test-");
    assert_log(h, "/file: No space left on device; what comes waits, and it is tried again");
    assert_true(harness_component(h)->type->describe(harness_component(h), text, sizeof(text)));
    assert_non_null(strstr(text, "not able to write to "));
    harness_scene(h)->log[0] = '\0';
    harness_say(h, "inbox", "two ");
    harness_run(h);
    assert_int_equal(harness_stat(h, "errors"), 1); /* it is not tried for each message */
    turns = harness_scene(h)->loop->turns;
    scene_wait(harness_scene(h), has_tried_thrice, h);
    assert_string_equal(harness_scene(h)->log, "");
    assert_in_range(harness_scene(h)->loop->turns - turns, 2, 3 + harness_stat(h, "errors"));
    mend();
    expect(h, "file", "one two ");

    assert_log(h, "again after ");
    assert_log(h, " s; nothing was lost");
    assert_false(harness_component(h)->type->describe(harness_component(h), text, sizeof(text)));
    harness_say(h, "inbox", "three");
    harness_run(h);
    assert_text("file", "one two three");
    harness_stop(h);
}

static void test_finishes_once_all_is_written_after_all(void **context)
{
    struct harness *h = start_full("mode: \"0640\"");

    harness_say(h, "inbox", "one");
    harness_tell(h, PRODUCER_FINISHED);
    scene_wait_seconds(harness_scene(h), 0.2);
    assert_int_equal(harness_component(h)->state, RUNNING);
    mend();
    scene_wait(harness_scene(h), is_over, h);

    assert_text("file", "one");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_says_how_much_was_dropped_meanwhile_and_tears_nothing(void **context)
{
    struct harness *h = start_full("boxes: {inbox: {size: 2, when_full: drop_oldest}}");

    harness_say(h, "inbox", "one ");
    harness_run(h); /* it has taken this one */
    harness_say(h, "inbox", "two ");
    harness_say(h, "inbox", "three ");
    harness_say(h, "inbox", "four ");
    harness_say(h, "inbox", "five ");
    mend();
    expect(h, "file", "one four five ");

    assert_log(h, " s; 2 messages were dropped meanwhile");
    harness_stop(h);
}

static void test_says_what_it_could_not_write_when_it_has_to_stop(void **context)
{
    struct harness *h = start_full("mode: \"0640\"");

    harness_say(h, "inbox", "one");
    harness_run(h);
    harness_say(h, "inbox", "two");
    harness_tell(h, SHUTDOWN_MICROPROCESS);
    harness_run(h);

    assert_int_equal(harness_component(h)->state, STOPPED);
    assert_log(h, "has to stop: 2 messages were not written to /tmp/axond-test-");
    harness_stop(h);
}

static void test_loses_nothing_when_it_is_restarted_by_hand(void **context)
{
    struct harness *h = start_full("mode: \"0640\"");

    harness_say(h, "inbox", "one ");
    harness_say(h, "inbox", "two ");
    harness_run(h);
    harness_say(h, "inbox", "three");
    assert_int_equal(component_restart(harness_component(h)), 0);
    mend();
    assert_int_equal(component_restart(harness_component(h)), 0);
    harness_run(h);

    assert_text("file", "one two three");
    assert_null(strstr(harness_scene(h)->log, "has to stop"));
    harness_stop(h);
}

static void test_waits_for_the_folder_to_come_back(void **context)
{
    struct harness *h;

    assert_return_code(mkdir(folder_path("logs"), 0700), 0);
    h = start("logs/file", "mode: \"0640\"");
    harness_say(h, "inbox", "one");
    harness_run(h);
    folder_rename("logs", "logs.old");
    scene_wait_seconds(harness_scene(h), 1.05);
    harness_say(h, "inbox", "two");
    harness_run(h);
    assert_log(h, "/logs/file: No such file or directory; what comes waits");
    assert_return_code(mkdir(folder_path("logs"), 0700), 0);

    expect(h, "logs/file", "two");
    assert_text("logs.old/file", "one");
    harness_stop(h);
}

/* The size that files may have, which stands for the space on the disk. */
static void set_limit(rlim_t size)
{
    struct rlimit limit;

    assert_return_code(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_return_code(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_a_message_that_is_written_in_part_is_continued(void **context)
{
    struct harness *h;

    (void)signal(SIGXFSZ, SIG_IGN); /* as the daemon does */
    h = start("file", "mode: \"0640\"");
    set_limit(10);
    harness_say(h, "inbox", "12345678");
    harness_say(h, "inbox", "abcdefgh");
    harness_say(h, "inbox", "xyz");
    harness_run(h);
    assert_text("file", "12345678ab");
    assert_log(h, "/file: File too large; what comes waits");
    scene_wait_seconds(harness_scene(h), 0.3);
    assert_text("file", "12345678ab");
    set_limit(RLIM_INFINITY);

    expect(h, "file", "12345678abcdefghxyz");
    assert_int_equal(harness_stat(h, "messages"), 3);
    assert_int_equal(harness_stat(h, "bytes"), 19);
    harness_stop(h);
}

static void test_a_message_never_lies_in_two_files(void **context)
{
    struct harness *h;

    (void)signal(SIGXFSZ, SIG_IGN);
    h = start("file", "mode: \"0640\"");
    set_limit(10);
    harness_say(h, "inbox", "12345678");
    harness_say(h, "inbox", "abcdefgh");
    harness_run(h);
    assert_text("file", "12345678ab");
    folder_rename("file", "file.1");

    expect(h, "file", "abcdefgh");
    assert_text("file.1", "12345678");
    assert_int_equal(harness_stat(h, "bytes"), 16);
    set_limit(RLIM_INFINITY);
    harness_stop(h);
}

/* ---- what is no regular file ---- */

/* Whether there is something to read. */
static bool has_more(void *arg)
{
    int size = 0;

    assert_return_code(ioctl(*(const int *)arg, FIONREAD, &size), errno);
    return size > 0;
}

static void test_a_fifo_is_written_as_it_is_read(void **context)
{
    static char bytes[200 * 1000];
    struct harness *h;
    size_t got = 0;
    int reader;

    assert_return_code(mkfifo(folder_path("fifo"), 0600), 0);
    h = start("fifo", "mode: \"0640\""); /* nobody reads yet */
    memset(bytes, 'x', sizeof(bytes));
    for (int i = 0; i < 10; i++) {
        harness_say_bytes(h, "inbox", bytes, sizeof(bytes) / 10);
    }
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    assert_int_equal(harness_component(h)->state, RUNNING);
    reader = open(folder_path("fifo"), O_RDONLY | O_NONBLOCK);
    assert_return_code(reader, 0);
    while (got < sizeof(bytes)) {
        scene_wait(harness_scene(h), has_more, &reader);
        got += (size_t)read(reader, bytes, sizeof(bytes));
    }

    assert_int_equal(got, sizeof(bytes));
    scene_wait(harness_scene(h), is_over, h);
    harness_stop(h);
    close(reader);
}

static void test_the_next_reader_of_a_fifo_gets_whole_messages(void **context)
{
    struct harness *h;
    char bytes[100];
    int reader;

    (void)signal(SIGPIPE, SIG_IGN); /* as the daemon does */
    assert_return_code(mkfifo(folder_path("fifo"), 0600), 0);
    reader = open(folder_path("fifo"), O_RDONLY | O_NONBLOCK);
    h = start("fifo", "mode: \"0640\"");
    close(reader);
    harness_say(h, "inbox", "whole");
    harness_run(h);
    assert_log(h, "/fifo: Broken pipe; what comes waits");
    scene_wait_seconds(harness_scene(h), 0.2);
    reader = open(folder_path("fifo"), O_RDONLY | O_NONBLOCK);
    scene_wait(harness_scene(h), has_more, &reader);

    assert_int_equal(read(reader, bytes, sizeof(bytes)), 5);
    harness_stop(h);
    close(reader);
}

/* ---- Kamaelia's names ---- */

static void test_simple_file_writer_replaces_unless_told_to_add(void **context)
{
    struct harness *h;

    folder_put("file", "old");
    h = start_type("SimpleFileWriter", "filename", "file", "mode: wb");
    harness_say(h, "inbox", "new");
    finish(h);
    assert_text("file", "new");
    harness_stop(h);
    h = start_type("SimpleFileWriter", "filename", "file", "mode: ab");
    harness_say(h, "inbox", "er");
    finish(h);

    assert_text("file", "newer");
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

static void test_append_adds_and_hands_on(void **context)
{
    struct harness *h;

    folder_put("file", "old");
    h = start_type("Append", "filename", "file", "hold_open: true");
    harness_say(h, "inbox", "new");
    harness_run(h);

    assert_text("file", "oldnew");
    assert_string_equal(harness_heard(h, "outbox"), "new");
    harness_stop(h);
}

static int setup(void **context)
{
    folder_make();
    return 0;
}

static int teardown(void **context)
{
    set_limit(RLIM_INFINITY);
    folder_remove();
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_adds_what_arrives_to_the_file),
        TEST(test_makes_the_file_with_its_permissions),
        TEST(test_makes_the_folders_that_are_missing_if_it_may),
        TEST(test_discards_what_the_file_held_only_once_all_have_started),
        TEST(test_ends_lines_that_have_no_end),
        TEST(test_many_messages_are_all_written),
        TEST(test_hands_on_what_is_written_as_it_is_taken),
        TEST(test_gathers_for_flush_interval),
        TEST(test_gathers_up_to_64_messages),
        TEST(test_costs_nothing_while_there_is_nothing_to_write),
        TEST(test_hands_on_only_what_is_on_the_disk_if_that_is_wanted),
        TEST(test_ends_once_the_file_is_on_the_disk),
        TEST(test_may_be_stopped_while_its_thread_works),
        TEST(test_notices_that_the_file_was_moved_away),
        TEST(test_a_reload_has_a_file_made_that_was_moved_away),
        TEST(test_a_reload_has_what_failed_tried_again_at_once),
        TEST(test_notices_that_the_file_was_removed),
        TEST(test_opens_the_file_for_each_write_if_it_is_not_held_open),
        TEST(test_says_once_that_the_disk_is_full_and_keeps_everything),
        TEST(test_finishes_once_all_is_written_after_all),
        TEST(test_says_how_much_was_dropped_meanwhile_and_tears_nothing),
        TEST(test_says_what_it_could_not_write_when_it_has_to_stop),
        TEST(test_loses_nothing_when_it_is_restarted_by_hand),
        TEST(test_waits_for_the_folder_to_come_back),
        TEST(test_a_message_that_is_written_in_part_is_continued),
        TEST(test_a_message_never_lies_in_two_files),
        TEST(test_a_fifo_is_written_as_it_is_read),
        TEST(test_the_next_reader_of_a_fifo_gets_whole_messages),
        TEST(test_simple_file_writer_replaces_unless_told_to_add),
        TEST(test_append_adds_and_hands_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
