/* The logger with a file, a pipe or a terminal for stderr, and a socket of ours for the journal. */
#include "daemon/log.h"
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int real_stderr;
static char directory[] = "/tmp/axond-test-log.XXXXXX";
static struct sockaddr_un journal_address = {.sun_family = AF_UNIX};

/* Makes fd our stderr, and closes it elsewhere. */
static void redirect(int fd)
{
    assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
    (void)close(fd);
}

/* A file as stderr: what was logged is read back by said(). */
static int file_as_stderr(void)
{
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    assert_return_code(fd, errno);
    redirect(fcntl(fd, F_DUPFD_CLOEXEC, 10));
    return fd;
}

/* What was written to a file, without the time that each line begins with if it is one line. */
static const char *said(int fd)
{
    static char text[65536];
    ssize_t size = pread(fd, text, sizeof(text) - 1, 0);

    assert_return_code(size, errno);
    text[size] = '\0';
    (void)close(fd);
    return size > 13 ? text + 13 : text;
}

/* What the journal was told: the value of a field of an entry, or NULL. */
static const char *field(const char *entry, size_t size, const char *name)
{
    static char value[8192];
    size_t name_size = strlen(name);

    for (size_t at = 0; at < size;) {
        size_t key = strcspn(entry + at, "\n");
        uint64_t length = 0;

        for (unsigned i = 0; i < 8; i++) {
            length |= (uint64_t)(unsigned char)entry[at + key + 1 + i] << (8 * i);
        }
        if (key == name_size && memcmp(entry + at, name, key) == 0) {
            assert_true(length < sizeof(value));
            memcpy(value, entry + at + key + 9, length);
            value[length] = '\0';
            return value;
        }
        at += key + 9 + length + 1;
    }
    return NULL;
}

static int journal_listen(void)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    (void)unlink(journal_address.sun_path);
    assert_return_code(bind(fd, (const struct sockaddr *)&journal_address, sizeof(journal_address)),
                       errno);
    return fd;
}

static int set_up(void **context)
{
    signal(SIGPIPE, SIG_IGN);
    (void)unsetenv("JOURNAL_STREAM");
    (void)unsetenv("NO_COLOR");
    (void)setenv("TERM", "xterm", 1);
    log_set_level(LOG_LEVEL_INFO);
    log_set_journal_path(journal_address.sun_path);
    return 0;
}

static int tear_down(void **context)
{
    log_close();
    assert_int_equal(dup2(real_stderr, STDERR_FILENO), STDERR_FILENO);
    return 0;
}

static void test_names_of_levels_and_targets_are_parsed(void **context)
{
    enum log_level level = LOG_LEVEL_ERROR;
    enum log_target target = LOG_TARGET_AUTO;

    assert_true(log_level_parse("debug", &level));
    assert_int_equal(level, LOG_LEVEL_DEBUG);
    assert_true(log_level_parse("warn", &level));
    assert_string_equal(log_level_name(level), "warning");
    assert_false(log_level_parse("loud", &level));
    assert_int_equal(level, LOG_LEVEL_WARNING);
    assert_true(log_target_parse("journal", &target));
    assert_int_equal(target, LOG_TARGET_JOURNAL);
    assert_false(log_target_parse("printer", &target));
}

static void test_a_line_for_people_says_who_whom_what_and_why(void **context)
{
    int fd = file_as_stderr();
    const char *line;

    assert_int_equal(log_open(LOG_TARGET_AUTO), 0);
    log_event(LOG_LEVEL_WARNING,
              &(struct log_fields){.component = "server/17", .peer = "[::1]:5", .error = -ENOSPC},
              "writing %d bytes", 7);

    line = said(fd);
    assert_string_equal(line,
                        "warning server/17 ([::1]:5): writing 7 bytes: No space left on device\n");
    assert_int_equal(line[-1], ' ');
    assert_int_equal(line[-11], ':'); /* 14:03:22.107 */
}

static void test_a_line_without_fields_is_short(void **context)
{
    int fd = file_as_stderr();

    assert_int_equal(log_open(LOG_TARGET_STDERR), 0);
    log_event(LOG_LEVEL_INFO, NULL, "ready");

    assert_string_equal(said(fd), "info: ready\n");
}

static void test_what_the_level_leaves_out_is_not_evaluated(void **context)
{
    int fd = file_as_stderr();
    int evaluated = 0;

    assert_int_equal(log_open(LOG_TARGET_STDERR), 0);
    log_event(LOG_LEVEL_DEBUG, NULL, "%d", ++evaluated);
    log_set_level(LOG_LEVEL_ERROR);
    log_event(LOG_LEVEL_WARNING, NULL, "%d", ++evaluated);
    log_event(LOG_LEVEL_ERROR, NULL, "%d", ++evaluated);

    assert_string_equal(said(fd), "error: 1\n");
}

static void test_control_characters_and_broken_utf8_are_escaped(void **context)
{
    int fd = file_as_stderr();

    assert_int_equal(log_open(LOG_TARGET_STDERR), 0);
    log_event(LOG_LEVEL_INFO, &(struct log_fields){.component = "a\nb", .peer = "\x07"},
              "Grüße \xf0\x9f\x8c\x8d \033[2J\r\n \x9b \xc2\x9b \xc0\xaf \xed\xa0\x80 \xe2\x82");

    assert_string_equal(said(fd),
                        "info a\\nb (\\x07): Grüße \xf0\x9f\x8c\x8d \\x1b[2J\\x0d\\n \\x9b "
                        "\\xc2\\x9b \\xc0\\xaf \\xed\\xa0\\x80 \\xe2\\x82\n");
}

static void test_a_long_text_is_cut_and_says_so(void **context)
{
    int fd = file_as_stderr();
    char *text = malloc(100001);
    const char *line;

    memset(text, '\n', 100000);
    text[100000] = '\0';
    assert_int_equal(log_open(LOG_TARGET_STDERR), 0);
    log_event(LOG_LEVEL_INFO, &(struct log_fields){.component = text, .peer = text, .error = EIO},
              "%s", text);
    free(text);

    line = said(fd);
    assert_true(strlen(line) <= 4096);
    assert_non_null(strstr(line, "\\n…: Input/output error\n"));
}

static void test_a_terminal_gets_colour_unless_no_color_is_set(void **context)
{
    char text[128] = "";
    int ours;
    int terminal;

    assert_int_equal(openpty(&ours, &terminal, NULL, NULL, NULL), 0);
    redirect(terminal);
    assert_int_equal(log_open(LOG_TARGET_STDERR), 0);
    log_event(LOG_LEVEL_ERROR, NULL, "colour");
    assert_true(read(ours, text, sizeof(text) - 1) > 0);
    assert_non_null(strstr(text, "\033[1;31merror\033[0m: colour"));

    (void)setenv("NO_COLOR", "1", 1);
    assert_int_equal(log_open(LOG_TARGET_STDERR), 0);
    log_event(LOG_LEVEL_ERROR, NULL, "none");

    memset(text, 0, sizeof(text));
    assert_true(read(ours, text, sizeof(text) - 1) > 0);
    assert_null(strchr(text, '\033'));
    (void)close(ours);
}

static void test_the_journal_gets_fields(void **context)
{
    int journal = journal_listen();
    char entry[8192];
    ssize_t got;
    size_t size;

    assert_int_equal(log_open(LOG_TARGET_JOURNAL), 0);
    assert_int_equal(log_target(), LOG_TARGET_JOURNAL);
    log_event(LOG_LEVEL_ERROR,
              &(struct log_fields){.component = "server", .peer = "1.2.3.4:5", .error = EADDRINUSE},
              "cannot listen\n");

    got = recv(journal, entry, sizeof(entry), 0);
    assert_return_code(got, errno);
    size = (size_t)got;
    assert_string_equal(field(entry, size, "MESSAGE"), "cannot listen\\n: Address already in use");
    assert_string_equal(field(entry, size, "PRIORITY"), "3");
    assert_string_equal(field(entry, size, "COMPONENT"), "server");
    assert_string_equal(field(entry, size, "PEER"), "1.2.3.4:5");
    assert_string_equal(field(entry, size, "ERRNO"), "98");
    assert_string_equal(field(entry, size, "SYSLOG_IDENTIFIER"), "axond");
    assert_string_equal(field(entry, size, "CODE_FUNC"), __func__);
    assert_non_null(strstr(field(entry, size, "CODE_FILE"), "test_log.c"));
    assert_true(strtol(field(entry, size, "CODE_LINE"), NULL, 10) > 0);
    (void)close(journal);
}

/* The second COMPONENT of an entry begins after so many bytes; 0: there is none. */
static size_t second_component(const char *entry, size_t size)
{
    const char *first = memmem(entry, size, "COMPONENT\n", 10);
    const char *second =
        first != NULL ? memmem(first + 1, size - (size_t)(first + 1 - entry), "COMPONENT\n", 10)
                      : NULL;

    return second != NULL ? (size_t)(second - entry) : 0;
}

static void test_the_journal_finds_all_that_belongs_to_a_component(void **context)
{
    int journal = journal_listen();
    char entry[8192];
    ssize_t size;
    size_t at;

    assert_int_equal(log_open(LOG_TARGET_JOURNAL), 0);
    log_event(LOG_LEVEL_WARNING, &(struct log_fields){.component = "echo/17/lines"}, "too long");
    log_event(LOG_LEVEL_WARNING, &(struct log_fields){.component = "echo"}, "full");

    size = recv(journal, entry, sizeof(entry), 0);
    assert_return_code(size, errno);
    at = second_component(entry, (size_t)size);
    assert_int_not_equal(at, 0);
    assert_string_equal(field(entry + at, (size_t)size - at, "COMPONENT"), "echo");
    assert_string_equal(field(entry, (size_t)size, "COMPONENT"), "echo/17/lines");
    size = recv(journal, entry, sizeof(entry), 0);
    assert_return_code(size, errno);
    assert_int_equal(second_component(entry, (size_t)size), 0);
    (void)close(journal);
}

static void test_the_largest_entry_is_whole(void **context)
{
    int journal = journal_listen();
    char *text = malloc(10001);
    char path[301];
    char entry[8192];
    ssize_t size;

    memset(text, 'x', 10000);
    text[10000] = '\0';
    memcpy(path, text + 10000 - 300, sizeof(path));
    path[96] = '/'; /* so that it is there twice */
    assert_int_equal(log_open(LOG_TARGET_JOURNAL), 0);
    log_write(
        &(const struct log_site){.file = text, .function = text, .line = 1 << 30}, LOG_LEVEL_INFO,
        &(struct log_fields){.component = path, .peer = text, .error = ENOTEMPTY}, "%s", text);
    free(text);

    size = recv(journal, entry, sizeof(entry), 0);
    assert_return_code(size, errno);
    assert_int_equal(strlen(field(entry, (size_t)size, "CODE_FUNC")), 64);
    assert_int_equal(entry[size - 1], '\n');
    (void)close(journal);
}

static void test_auto_is_the_journal_only_if_stderr_goes_there(void **context)
{
    int journal = journal_listen();
    int fd = file_as_stderr();
    char stream[64];
    struct stat st;

    assert_int_equal(fstat(STDERR_FILENO, &st), 0);
    (void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    (void)setenv("JOURNAL_STREAM", stream, 1);
    assert_int_equal(log_open(LOG_TARGET_AUTO), 0);
    assert_int_equal(log_target(), LOG_TARGET_JOURNAL);

    (void)setenv("JOURNAL_STREAM", "1:1", 1);
    assert_int_equal(log_open(LOG_TARGET_AUTO), 0);
    assert_int_equal(log_target(), LOG_TARGET_STDERR);
    (void)close(fd);
    (void)close(journal);
}

static void test_without_a_journal_lines_go_to_stderr(void **context)
{
    int fd = file_as_stderr();

    (void)unlink(journal_address.sun_path);
    assert_int_equal(log_open(LOG_TARGET_JOURNAL), -ENOENT);
    log_event(LOG_LEVEL_INFO, NULL, "here");

    assert_string_equal(said(fd), "info: here\n");
}

static void test_a_journal_that_was_restarted_is_found_again(void **context)
{
    int journal = journal_listen();
    char entry[8192];
    ssize_t size;

    assert_int_equal(log_open(LOG_TARGET_JOURNAL), 0);
    (void)close(journal);
    log_event(LOG_LEVEL_INFO, NULL, "lost");
    journal = journal_listen();
    log_event(LOG_LEVEL_INFO, NULL, "found");

    size = recv(journal, entry, sizeof(entry), 0);
    assert_return_code(size, errno);
    assert_string_equal(field(entry, (size_t)size, "MESSAGE"),
                        "lines of this log that were lost: 1");
    size = recv(journal, entry, sizeof(entry), 0);
    assert_return_code(size, errno);
    assert_string_equal(field(entry, (size_t)size, "MESSAGE"), "found");
    (void)close(journal);
}

/* Logs 10,000 lines and returns how often that had to wait for something. */
static long shout(void)
{
    struct rusage before;
    struct rusage after;

    (void)getrusage(RUSAGE_SELF, &before);
    for (int i = 0; i < 10000; i++) {
        log_event(LOG_LEVEL_INFO, NULL, "line %d of many, long enough to fill what holds them", i);
    }
    (void)getrusage(RUSAGE_SELF, &after);
    return after.ru_nvcsw - before.ru_nvcsw;
}

static void test_a_pipe_that_nobody_reads_costs_lines_not_time(void **context)
{
    static char text[1 << 20];
    size_t size = 0;
    ssize_t got;
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    redirect(ends[1]);
    assert_int_equal(log_open(LOG_TARGET_STDERR), 0);
    assert_in_range(shout(), 0, 100);
    assert_true(read(ends[0], text, 32768) > 0);
    log_event(LOG_LEVEL_INFO, NULL, "room again");

    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    while ((got = read(ends[0], text + size, sizeof(text) - 1 - size)) > 0) {
        size += (size_t)got;
    }
    assert_non_null(strstr(text, "warning: lines of this log that were lost: "));
    assert_non_null(strstr(text, "info: room again\n"));
    (void)close(ends[0]);
}

static void test_a_journal_that_is_stuck_costs_lines_not_time(void **context)
{
    int journal = journal_listen();

    assert_int_equal(log_open(LOG_TARGET_JOURNAL), 0);
    assert_in_range(shout(), 0, 100);
    (void)close(journal);
}

static void test_a_reader_that_left_and_a_full_disk_are_survived(void **context)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    redirect(ends[1]);
    (void)close(ends[0]);
    assert_int_equal(log_open(LOG_TARGET_STDERR), 0);
    errno = EINTR;
    log_event(LOG_LEVEL_INFO, NULL, "to nobody");
    assert_int_equal(errno, EINTR);

    redirect(open("/dev/full", O_WRONLY | O_CLOEXEC));
    log_event(LOG_LEVEL_INFO, NULL, "to a full disk");
    assert_int_equal(errno, EINTR);

    /* nothing is lost for good: the next that gets through says so */
    int fd = file_as_stderr();
    log_event(LOG_LEVEL_INFO, NULL, "here");
    assert_non_null(strstr(said(fd), "info: here\n"));
}

static void test_closed_standard_descriptors_are_filled(void **context)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        (void)close(STDIN_FILENO);
        (void)close(STDERR_FILENO);
        log_event(LOG_LEVEL_INFO, NULL, "before log_open: to nobody");
        int opened = log_open(LOG_TARGET_AUTO);
        log_event(LOG_LEVEL_INFO, NULL, "to /dev/null");
        _exit(opened == 0 && socket(AF_INET, SOCK_STREAM, 0) > STDERR_FILENO ? 0 : 1);
    }

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_a_loop_logs_through_the_hook(void **context)
{
    int fd = file_as_stderr();

    assert_int_equal(log_open(LOG_TARGET_STDERR), 0);
    log_from_loop(NULL, LOG_LEVEL_DEBUG, "server", NULL, "not wanted");
    log_from_loop(NULL, LOG_LEVEL_ERROR, "server", NULL, "100%s sure");

    assert_string_equal(said(fd), "error server: 100%s sure\n");
}

static void test_a_line_that_repeats_is_held_back_and_counted(void **context)
{
    int fd = file_as_stderr();
    struct log_limit limit = {.lines = 0};
    int passed = 0;

    assert_int_equal(log_open(LOG_TARGET_STDERR), 0);
    for (int i = 0; i < LOG_BURST + 5; i++) {
        passed += log_limit_pass(&limit, &LOG_HERE, LOG_LEVEL_WARNING);
    }
    assert_int_equal(passed, LOG_BURST);
    limit.interval--; /* time passes */
    assert_true(log_limit_pass(&limit, &LOG_HERE, LOG_LEVEL_WARNING));

    assert_string_equal(said(fd), "warning: 5 lines like the next were held back\n");
}

static void test_log_event_limited_counts_by_place(void **context)
{
    int fd = file_as_stderr();
    const char *text;
    int lines = 0;

    assert_int_equal(log_open(LOG_TARGET_STDERR), 0);
    for (int i = 0; i < 3 * LOG_BURST; i++) {
        log_event_limited(LOG_LEVEL_INFO, NULL, "often");
    }
    log_event_limited(LOG_LEVEL_INFO, NULL, "elsewhere");

    text = said(fd);
    assert_non_null(strstr(text, "elsewhere"));
    for (; (text = strstr(text, "often")) != NULL; text++) {
        lines++;
    }
    assert_in_range(lines, LOG_BURST, 2 * LOG_BURST); /* twice if an interval began meanwhile */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_of_levels_and_targets_are_parsed),
#define WITH_STDERR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
        WITH_STDERR(test_a_line_for_people_says_who_whom_what_and_why),
        WITH_STDERR(test_a_line_without_fields_is_short),
        WITH_STDERR(test_what_the_level_leaves_out_is_not_evaluated),
        WITH_STDERR(test_control_characters_and_broken_utf8_are_escaped),
        WITH_STDERR(test_a_long_text_is_cut_and_says_so),
        WITH_STDERR(test_a_terminal_gets_colour_unless_no_color_is_set),
        WITH_STDERR(test_the_journal_gets_fields),
        WITH_STDERR(test_the_journal_finds_all_that_belongs_to_a_component),
        WITH_STDERR(test_the_largest_entry_is_whole),
        WITH_STDERR(test_auto_is_the_journal_only_if_stderr_goes_there),
        WITH_STDERR(test_without_a_journal_lines_go_to_stderr),
        WITH_STDERR(test_a_journal_that_was_restarted_is_found_again),
        WITH_STDERR(test_a_pipe_that_nobody_reads_costs_lines_not_time),
        WITH_STDERR(test_a_journal_that_is_stuck_costs_lines_not_time),
        WITH_STDERR(test_a_reader_that_left_and_a_full_disk_are_survived),
        WITH_STDERR(test_closed_standard_descriptors_are_filled),
        WITH_STDERR(test_a_loop_logs_through_the_hook),
        WITH_STDERR(test_a_line_that_repeats_is_held_back_and_counted),
        WITH_STDERR(test_log_event_limited_counts_by_place),
    };
    int failed;

    real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    if (real_stderr == -1 || mkdtemp(directory) == NULL) {
        perror("test_log");
        return 1;
    }
    (void)snprintf(journal_address.sun_path, sizeof(journal_address.sun_path), "%s/journal",
                   directory);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(journal_address.sun_path);
    (void)rmdir(directory);
    return failed;
}
