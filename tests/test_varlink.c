/* The Varlink server, with a small service of its own and clients in the same process: the loop
 * runs only while a client waits. */
#include "tests/unit.h"

#include "daemon/io_axond.h"
#include "daemon/varlink_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { NOBODY = 65534, CLIENTS = 4, REQUEST = 4096, OUTPUT = 64 << 10 };

struct fixture {
    struct ev_loop *loop;
    struct varlink_server *server;
    char folder[64];
    char path[80];
    struct varlink_call *waiting; /* a call of Wait */
    int ended;                    /* calls of on_end */
    int told;                     /* replies of Flood that were taken */
    int lost;                     /* replies of Flood that were not */
    int notes;
};

/* ---- the service */

static void on_echo(struct varlink_call *call)
{
    varlink_reply(call, json_pack("{s:s}", "text", varlink_string(call, "text")));
}

static void count_end(struct varlink_call *call)
{
    struct fixture *f = call->context;

    f->ended++;
    if (f->waiting == call) {
        f->waiting = NULL;
    }
    free(call->data);
}

static void on_wait(struct varlink_call *call)
{
    struct fixture *f = call->context;

    call->on_end = count_end;
    f->waiting = call;
}

struct counter {
    json_int_t next;
    json_int_t last;
};

/* One batch of 100 numbers. */
static void produce_numbers(struct varlink_call *call)
{
    struct counter *counter = call->data;
    json_t *numbers = json_array();

    for (int i = 0; i < 100 && counter->next <= counter->last; i++) {
        json_array_append_new(numbers, json_integer(counter->next++));
    }
    if (counter->next > counter->last) {
        varlink_reply(call, json_pack("{s:o}", "numbers", numbers));
    } else {
        (void)varlink_reply_continues(call, json_pack("{s:o}", "numbers", numbers));
    }
}

static void on_count(struct varlink_call *call)
{
    struct counter *counter = calloc(1, sizeof(*counter));

    counter->next = 1;
    counter->last = varlink_int(call, "last", 100);
    call->data = counter;
    call->produce = produce_numbers;
    call->on_end = count_end;
}

static const struct varlink_parameter echo_parameters[] = {
    {.name = "text", .kind = VARLINK_STRING, .required = true},
    {0},
};
static const struct varlink_parameter count_parameters[] = {
    {.name = "last", .kind = VARLINK_INT},
    {0},
};
static const char *const colours[] = {"red", "green", NULL};
static const struct varlink_parameter paint_parameters[] = {
    {.name = "colour", .kind = VARLINK_STRING, .choices = colours},
    {.name = "walls", .kind = VARLINK_STRINGS},
    {.name = "thickness", .kind = VARLINK_FLOAT},
    {.name = "glossy", .kind = VARLINK_BOOL},
    {.name = "frame", .kind = VARLINK_OBJECT},
    {0},
};

static void on_paint(struct varlink_call *call)
{
    varlink_reply(call, NULL);
}

static const struct varlink_method methods[] = {
    {.name = "Echo", .handle = on_echo, .parameters = echo_parameters},
    {.name = "Wait", .handle = on_wait, .more = VARLINK_MAY_STREAM},
    {.name = "Count",
     .handle = on_count,
     .parameters = count_parameters,
     .more = VARLINK_MUST_STREAM},
    {.name = "Paint", .handle = on_paint, .parameters = paint_parameters},
    {.name = "Change", .handle = on_paint, .privileged = true},
    {.name = "Later"},
    {0},
};

static const struct varlink_interface interfaces[] = {
    {.name = "org.example.test", .description = "interface org.example.test\n", .methods = methods},
    {0},
};

static void on_note(void *context, const char *text)
{
    struct fixture *f = context;

    f->notes++;
}

static const struct varlink_service service = {
    .vendor = "The makers",
    .product = "a test",
    .version = "1.2.3",
    .url = "https://example.org/",
    .interfaces = interfaces,
    .max_clients = CLIENTS,
    .max_request = REQUEST,
    .max_output = OUTPUT,
    .too_many_clients = "org.example.test.TooManyClients",
    .note = on_note,
};

static int set_up(void **context)
{
    struct fixture *f = calloc(1, sizeof(*f));
    char why[240];

    snprintf(f->folder, sizeof(f->folder), "/tmp/axond-varlink-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    assert_int_equal(chmod(f->folder, 0755), 0);
    snprintf(f->path, sizeof(f->path), "%s/socket", f->folder);
    f->loop = ev_loop_new(EVFLAG_AUTO);
    f->server = varlink_server_create(f->loop, &service, f);
    assert_int_equal(varlink_server_listen(f->server, f->path, 0666, NULL, why, sizeof(why)), 0);
    *context = f;
    return 0;
}

static int tear_down(void **context)
{
    struct fixture *f = *context;

    varlink_server_destroy(f->server);
    ev_loop_destroy(f->loop);
    unlink(f->path);
    rmdir(f->folder);
    free(f);
    return 0;
}

/* ---- clients */

static int join_path(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static int join(struct fixture *f)
{
    return join_path(f->path);
}

/* Runs the loop for as long as there is something to do at once. */
static void settle(struct fixture *f)
{
    for (int i = 0; i < 20; i++) {
        ev_run(f->loop, EVRUN_NOWAIT);
    }
}

/* Sends bytes, with the loop running as long as they do not fit.  Returns how many were taken. */
static size_t say_bytes(struct fixture *f, int fd, const char *bytes, size_t size)
{
    size_t sent = 0;

    for (int idle = 0; sent < size && idle < 100;) {
        ssize_t n = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL);
        if (n > 0) {
            sent += (size_t)n;
            idle = 0;
        } else if (errno != EAGAIN) {
            break;
        } else {
            idle++;
        }
        ev_run(f->loop, EVRUN_NOWAIT);
    }
    return sent;
}

/* Sends a text with its NUL. */
static void say(struct fixture *f, int fd, const char *text)
{
    assert_int_equal(say_bytes(f, fd, text, strlen(text) + 1), strlen(text) + 1);
}

/* Waits for one message.  Returns it, to be freed; NULL when the server has hung up. */
static char *hear(struct fixture *f, int fd)
{
    static char buffer[4 * OUTPUT];
    size_t size = 0;

    for (int i = 0; i < 20000; i++) {
        ssize_t n = recv(fd, buffer + size, 1, 0);
        if (n == 0 || (n == -1 && errno == ECONNRESET)) {
            return NULL;
        }
        if (n == -1) {
            ev_run(f->loop, EVRUN_NOWAIT);
            continue;
        }
        if (buffer[size++] == '\0') {
            return strdup(buffer);
        }
        i = 0;
    }
    fail_msg("no answer");
    return NULL;
}

static void expect(struct fixture *f, int fd, const char *text)
{
    char *heard = hear(f, fd);

    assert_non_null(heard);
    assert_string_equal(heard, text);
    free(heard);
}

static void expect_hang_up(struct fixture *f, int fd)
{
    assert_null(hear(f, fd));
}

static void expect_silence(struct fixture *f, int fd)
{
    char byte;

    settle(f);
    assert_int_equal(recv(fd, &byte, 1, 0), -1);
    assert_int_equal(errno, EAGAIN);
}

#define ECHO(text)   "{\"method\":\"org.example.test.Echo\",\"parameters\":{\"text\":\"" text "\"}}"
#define ECHOED(text) "{\"parameters\":{\"text\":\"" text "\"}}"
#define CALL(method) "{\"method\":\"" method "\"}"
#define MORE(method) "{\"method\":\"org.example.test." method "\",\"more\":true}"

/* ---- the tests */

static void test_says_what_it_is(void **context)
{
    struct fixture *f = *context;
    int fd = join(f);

    say(f, fd, CALL("org.varlink.service.GetInfo"));

    expect(
        f, fd,
        "{\"parameters\":{\"vendor\":\"The makers\",\"product\":\"a test\",\"version\":\"1.2.3\","
        "\"url\":\"https://example.org/\",\"interfaces\":[\"org.varlink.service\","
        "\"org.example.test\"]}}");
    close(fd);
}

static void test_serves_descriptions(void **context)
{
    struct fixture *f = *context;
    int fd = join(f);
    char *own;

    say(f, fd,
        "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
        "\"parameters\":{\"interface\":\"org.example.test\"}}");
    say(f, fd,
        "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
        "\"parameters\":{\"interface\":\"org.example.none\"}}");
    say(f, fd,
        "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
        "\"parameters\":{\"interface\":\"org.varlink.service\"}}");

    expect(f, fd, "{\"parameters\":{\"description\":\"interface org.example.test\\n\"}}");
    expect(f, fd,
           "{\"error\":\"org.varlink.service.InterfaceNotFound\","
           "\"parameters\":{\"interface\":\"org.example.none\"}}");
    own = hear(f, fd);
    assert_non_null(strstr(own, "method GetInfo() -> ("));
    free(own);
    close(fd);
}

static void test_the_description_of_axond_is_compiled_in(void **context)
{
    assert_non_null(strstr(io_axond_description, "\ninterface io.axond\n"));
    assert_non_null(strstr(io_axond_description, "\nerror TooManyClients (limit: int)\n"));
}

static void test_wrong_calls_get_varlinks_own_errors(void **context)
{
    static const char *const calls[][2] = {
        {CALL("org.example.none.Echo"), "{\"error\":\"org.varlink.service.InterfaceNotFound\","
                                        "\"parameters\":{\"interface\":\"org.example.none\"}}"},
        {CALL("Echo"), "{\"error\":\"org.varlink.service.InterfaceNotFound\","
                       "\"parameters\":{\"interface\":\"Echo\"}}"},
        {CALL("org.example.test.Ecko"), "{\"error\":\"org.varlink.service.MethodNotFound\","
                                        "\"parameters\":{\"method\":\"org.example.test.Ecko\"}}"},
        {CALL("org.example.test.Later"), "{\"error\":\"org.varlink.service.MethodNotImplemented\","
                                         "\"parameters\":{\"method\":\"org.example.test.Later\"}}"},
        {CALL("org.example.test.Echo"), "{\"error\":\"org.varlink.service.InvalidParameter\","
                                        "\"parameters\":{\"parameter\":\"text\"}}"},
        {"{\"method\":\"org.example.test.Echo\",\"parameters\":{\"text\":1}}",
         "{\"error\":\"org.varlink.service.InvalidParameter\","
         "\"parameters\":{\"parameter\":\"text\"}}"},
        {"{\"method\":\"org.example.test.Echo\",\"parameters\":{\"text\":\"a\",\"test\":\"b\"}}",
         "{\"error\":\"org.varlink.service.InvalidParameter\","
         "\"parameters\":{\"parameter\":\"test\"}}"},
        {CALL("org.example.test.Count"),
         "{\"error\":\"org.varlink.service.ExpectedMore\",\"parameters\":{}}"},
    };
    struct fixture *f = *context;
    int fd = join(f);

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        say(f, fd, calls[i][0]);
        expect(f, fd, calls[i][1]);
    }
    close(fd);
}

static void test_parameters_are_of_the_kinds_that_the_table_says(void **context)
{
    static const char *const good[] = {
        "{}",
        "{\"colour\":\"red\",\"walls\":[\"a\",\"b\"],\"thickness\":1,\"glossy\":true,\"frame\":{}}",
        "{\"colour\":null,\"walls\":[],\"thickness\":0.5,\"glossy\":null,\"frame\":null}",
    };
    static const char *const bad[][2] = {
        {"{\"colour\":\"blue\"}", "colour"}, {"{\"walls\":[\"a\",1]}", "walls"},
        {"{\"walls\":\"a\"}", "walls"},      {"{\"thickness\":\"1\"}", "thickness"},
        {"{\"glossy\":\"yes\"}", "glossy"},  {"{\"frame\":[]}", "frame"},
    };
    struct fixture *f = *context;
    int fd = join(f);
    char text[400];

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        snprintf(text, sizeof(text), "{\"method\":\"org.example.test.Paint\",\"parameters\":%s}",
                 good[i]);
        say(f, fd, text);
        expect(f, fd, "{\"parameters\":{}}");
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), "{\"method\":\"org.example.test.Paint\",\"parameters\":%s}",
                 bad[i][0]);
        say(f, fd, text);
        snprintf(text, sizeof(text),
                 "{\"error\":\"org.varlink.service.InvalidParameter\","
                 "\"parameters\":{\"parameter\":\"%s\"}}",
                 bad[i][1]);
        expect(f, fd, text);
    }
    close(fd);
}

static void test_requests_sent_ahead_wait_for_the_one_in_hand(void **context)
{
    static const char ahead[] = CALL("org.example.test.Wait") "\0" ECHO("one") "\0" ECHO("two");
    struct fixture *f = *context;
    int fd = join(f);

    assert_int_equal(say_bytes(f, fd, ahead, sizeof(ahead)), sizeof(ahead));
    expect_silence(f, fd);
    assert_non_null(f->waiting);
    varlink_reply(f->waiting, NULL);

    expect(f, fd, "{\"parameters\":{}}");
    expect(f, fd, ECHOED("one"));
    expect(f, fd, ECHOED("two"));
    assert_int_equal(f->ended, 1);
    close(fd);
}

static void test_many_requests_at_once_are_all_answered(void **context)
{
    struct fixture *f = *context;
    int fd = join(f);
    char *requests = calloc(1000, 100);
    size_t size = 0;
    char text[100];

    for (int i = 0; i < 1000; i++) {
        size += (size_t)snprintf(requests + size, 100, ECHO("%d"), i) + 1;
    }
    assert_int_equal(say_bytes(f, fd, requests, size), size);

    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof(text), ECHOED("%d"), i);
        expect(f, fd, text);
    }
    free(requests);
    close(fd);
}

static void test_a_oneway_call_gets_no_reply(void **context)
{
    struct fixture *f = *context;
    int fd = join(f);

    say(f, fd, "{\"method\":\"org.example.test.Paint\",\"oneway\":true}");
    say(f, fd, "{\"method\":\"org.example.test.Nothing\",\"oneway\":true}");
    say(f, fd, ECHO("next"));

    expect(f, fd, ECHOED("next"));
    close(fd);
}

static void test_a_oneway_call_counts_even_if_its_client_has_left(void **context)
{
    struct fixture *f = *context;
    int fd = join(f);
    static const char bytes[] = "{\"method\":\"org.example.test.Wait\",\"oneway\":true}";

    assert_int_equal(send(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
    close(fd);
    settle(f);

    assert_int_equal(f->ended, 1); /* it was begun, and ended as nobody waits for it */
    assert_int_equal(varlink_server_clients(f->server), 0);
}

static void test_a_long_list_comes_in_batches(void **context)
{
    struct fixture *f = *context;
    int fd = join(f);
    json_int_t next = 1;
    bool more = true;

    say(f, fd,
        "{\"method\":\"org.example.test.Count\",\"parameters\":{\"last\":100000},\"more\":true}");
    for (int i = 0; i < 50; i++) { /* for as long as nobody reads, only so much is made ready */
        settle(f);
    }
    assert_int_equal(f->ended, 0);
    assert_in_range(varlink_connection_pending(f->server->connections), 0, OUTPUT);

    while (more) {
        char *text = hear(f, fd);
        json_t *reply = json_loads(text, 0, NULL);
        const json_t *numbers = json_object_get(json_object_get(reply, "parameters"), "numbers");
        for (size_t i = 0; i < json_array_size(numbers); i++) {
            assert_int_equal(json_integer_value(json_array_get(numbers, i)), next);
            next++;
        }
        more = json_is_true(json_object_get(reply, "continues"));
        json_decref(reply);
        free(text);
    }

    assert_int_equal(next, 100001);
    assert_int_equal(f->ended, 1);
    close(fd);
}

/* Says a kilobyte for as long as it is taken. */
static void flood(struct fixture *f, bool politely)
{
    char text[1024];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (int i = 0; i < 1000; i++) {
        if ((!politely || varlink_call_has_room(f->waiting)) &&
            varlink_reply_continues(f->waiting, json_pack("{s:s}", "text", text)) == 0) {
            f->told++;
        } else {
            f->lost++;
        }
        if (i % 10 == 0) {
            ev_run(f->loop, EVRUN_NOWAIT);
        }
        if (f->waiting == NULL) {
            return;
        }
    }
}

static void test_a_slow_reader_of_a_stream_is_cut_off(void **context)
{
    struct fixture *f = *context;
    int fd = join(f);
    int other = join(f);

    say(f, fd, MORE("Wait"));
    settle(f);
    flood(f, false);
    settle(f);

    assert_null(f->waiting);
    assert_int_equal(f->ended, 1);
    assert_int_equal(varlink_server_clients(f->server), 1);
    say(f, other, ECHO("unharmed"));
    expect(f, other, ECHOED("unharmed"));
    close(fd);
    close(other);
}

static void test_a_source_that_looks_for_room_loses_messages_instead(void **context)
{
    struct fixture *f = *context;
    int fd = join(f);

    say(f, fd, MORE("Wait"));
    settle(f);
    flood(f, true);

    assert_int_equal(f->told + f->lost, 1000);
    assert_true(f->lost > 0);
    assert_non_null(f->waiting);
    for (int i = 0; i < f->told; i++) {
        free(hear(f, fd));
    }
    assert_true(varlink_call_has_room(f->waiting));
    varlink_reply(f->waiting, NULL);
    expect(f, fd, "{\"parameters\":{}}");
    close(fd);
}

static void test_a_call_ends_when_its_client_goes(void **context)
{
    struct fixture *f = *context;
    int fd = join(f);

    say(f, fd, MORE("Wait"));
    settle(f);
    assert_non_null(f->waiting);
    close(fd);
    settle(f);

    assert_null(f->waiting);
    assert_int_equal(f->ended, 1);
    assert_int_equal(varlink_server_clients(f->server), 0);
}

static void test_a_client_that_sends_no_more_still_gets_its_answers(void **context)
{
    struct fixture *f = *context;
    int fd = join(f);

    say(f, fd, ECHO("one"));
    say(f, fd, CALL("org.example.test.Wait"));
    shutdown(fd, SHUT_WR);

    expect(f, fd, ECHOED("one"));
    expect_silence(f, fd);
    varlink_reply(f->waiting, NULL);
    expect(f, fd, "{\"parameters\":{}}");
    expect_hang_up(f, fd);
    close(fd);
}

static void test_a_client_that_goes_after_it_stopped_sending_is_noticed(void **context)
{
    struct fixture *f = *context;
    int fd = join(f);

    say(f, fd, MORE("Wait"));
    shutdown(fd, SHUT_WR);
    settle(f);
    assert_true(ev_is_active(&f->server->patrol));
    assert_non_null(f->waiting);
    close(fd);
    ev_feed_event(f->loop, &f->server->patrol, EV_TIMER);
    settle(f);

    assert_null(f->waiting);
    assert_int_equal(varlink_server_clients(f->server), 0);
    ev_feed_event(f->loop, &f->server->patrol, EV_TIMER);
    settle(f);
    assert_false(ev_is_active(&f->server->patrol));
}

static void test_what_is_not_varlink_is_disconnected(void **context)
{
    static const char *const garbage[] = {
        "",
        "GET / HTTP/1.1\r\n\r\n",
        "[]",
        "\"text\"",
        "{",
        "{}",
        "{\"method\":7}",
        "{\"method\":\"org.example.test.Paint\",\"parameters\":[]}",
        "{\"method\":\"org.example.test.Paint\",\"more\":1}",
        "{\"method\":\"org.example.test.Paint\",\"more\":true,\"oneway\":true}",
        "{\"method\":\"org.example.test.Paint\",\"method\":\"org.example.test.Echo\"}",
        "{\"method\":\"org.example.test.Paint\"} x",
        "{\"method\":\"\xff\"}",
        "{\"method\":\"a\\u0000b\"}",
        "]]]]{\"method\":\"org.example.test.Paint\"}",
    };
    struct fixture *f = *context;
    int other = join(f);

    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        int fd = join(f);
        say(f, fd, garbage[i]);
        expect_hang_up(f, fd);
        close(fd);
    }

    say(f, other, ECHO("unharmed"));
    expect(f, other, ECHOED("unharmed"));
    close(other);
}

static void test_deep_and_crowded_requests_are_not_even_parsed(void **context)
{
    char text[2 * VARLINK_MAX_VALUES + 100];

    memset(text, '[', sizeof(text));
    assert_true(varlink_frame_is_modest(text, VARLINK_MAX_DEPTH));
    assert_false(varlink_frame_is_modest(text, VARLINK_MAX_DEPTH + 1));
    memset(text, ',', sizeof(text));
    assert_true(varlink_frame_is_modest(text, VARLINK_MAX_VALUES));
    assert_false(varlink_frame_is_modest(text, VARLINK_MAX_VALUES + 1));
    memset(text, '[', sizeof(text)); /* but in a string it is only text */
    text[0] = '"';
    text[1] = '\\';
    text[2] = '"';
    assert_true(varlink_frame_is_modest(text, sizeof(text)));
}

static void test_a_request_without_end_is_cut_off_at_the_limit(void **context)
{
    struct fixture *f = *context;
    int fd = join(f);
    int other = join(f);
    size_t size = 100 << 20;
    char *bytes = malloc(size);

    memset(bytes, 'x', size);
    assert_true(say_bytes(f, fd, bytes, size) < (1 << 20)); /* what the socket's buffers took */
    expect_hang_up(f, fd);

    say(f, other, ECHO("unharmed"));
    expect(f, other, ECHOED("unharmed"));
    free(bytes);
    close(fd);
    close(other);
}

static void test_a_request_of_exactly_the_limit_is_taken(void **context)
{
    struct fixture *f = *context;
    int fd = join(f);
    char text[REQUEST + 2];
    size_t length = (size_t)snprintf(text, sizeof(text), "%s", CALL("org.example.test.Paint"));

    memset(text + length, ' ', REQUEST - length);
    text[REQUEST] = '\0';
    say(f, fd, text);
    expect(f, fd, "{\"parameters\":{}}");

    text[REQUEST] = ' ';
    text[REQUEST + 1] = '\0';
    say(f, fd, text);
    expect_hang_up(f, fd);
    close(fd);
}

static void test_half_a_request_harms_nobody(void **context)
{
    static const char whole[] = ECHO("at last");
    struct fixture *f = *context;
    int fd = join(f);
    int other = join(f);

    assert_int_equal(say_bytes(f, fd, whole, 20), 20);
    say(f, other, ECHO("unharmed"));
    expect(f, other, ECHOED("unharmed"));
    assert_int_equal(say_bytes(f, fd, whole + 20, sizeof(whole) - 20), sizeof(whole) - 20);

    expect(f, fd, ECHOED("at last"));
    close(fd);
    close(other);
}

static void test_one_client_too_many_is_told_so(void **context)
{
    struct fixture *f = *context;
    int fds[CLIENTS];
    int fd;

    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = join(f);
    }
    fd = join(f);
    expect(f, fd, "{\"error\":\"org.example.test.TooManyClients\",\"parameters\":{\"limit\":4}}");
    expect_hang_up(f, fd);
    close(fd);

    close(fds[0]);
    settle(f);
    fds[0] = join(f);
    for (int i = 0; i < CLIENTS; i++) {
        say(f, fds[i], ECHO("served"));
        expect(f, fds[i], ECHOED("served"));
        close(fds[i]);
    }
}

static void test_changes_take_root_or_the_daemons_user(void **context)
{
    struct fixture *f = *context;
    int fd = join(f);

    say(f, fd, CALL("org.example.test.Change"));
    expect(f, fd, "{\"parameters\":{}}");
    close(fd);

    if (geteuid() == 0) { /* else there is no way to be somebody else */
        assert_int_equal(seteuid(NOBODY), 0);
        fd = join(f);
        assert_int_equal(seteuid(0), 0);
        say(f, fd, CALL("org.example.test.Change"));
        expect(f, fd, "{\"error\":\"org.varlink.service.PermissionDenied\",\"parameters\":{}}");
        say(f, fd, CALL("org.example.test.Paint"));
        expect(f, fd, "{\"parameters\":{}}");
        close(fd);
    }
}

static void test_without_descriptors_accepting_is_paused(void **context)
{
    struct fixture *f = *context;
    int fd = join(f);
    struct rlimit old;
    struct rlimit none;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = 0; /* what is open stays so */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    settle(f);
    assert_false(f->server->accepting);
    assert_int_equal(f->notes, 1); /* it did not try again and again */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    ev_feed_event(f->loop, &f->server->retry, EV_TIMER);
    say(f, fd, ECHO("at last"));

    expect(f, fd, ECHOED("at last"));
    close(fd);
}

static void test_replaces_the_socket_of_a_daemon_that_is_gone(void **context)
{
    struct fixture *f = *context;
    struct varlink_server *server = varlink_server_create(f->loop, &service, f);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char why[240] = "";
    char path[100];
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(path, sizeof(path), "%s/stale", f->folder);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
    assert_int_equal(varlink_server_listen(server, path, 0600, NULL, why, sizeof(why)), 0);

    fd = join_path(path);
    say(f, fd, ECHO("here"));
    expect(f, fd, ECHOED("here"));
    close(fd);
    varlink_server_destroy(server);
    assert_int_equal(access(path, F_OK), -1); /* and takes its own away */
}

static void test_leaves_what_is_not_its_own(void **context)
{
    struct fixture *f = *context;
    struct varlink_server *server = varlink_server_create(f->loop, &service, f);
    struct stat st;
    char why[240] = "";
    char path[100];
    int fd;

    assert_int_equal(varlink_server_listen(server, f->path, 0600, NULL, why, sizeof(why)),
                     -EADDRINUSE);
    assert_non_null(strstr(why, f->path));
    assert_non_null(strstr(why, "another daemon answers there already"));

    snprintf(path, sizeof(path), "%s/file", f->folder);
    fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(varlink_server_listen(server, path, 0600, NULL, why, sizeof(why)), -EEXIST);
    assert_non_null(strstr(why, "something that is not a socket is in the way"));
    close(fd);
    unlink(path);

    snprintf(path, sizeof(path), "%s/none/socket", f->folder);
    assert_int_equal(varlink_server_listen(server, path, 0600, NULL, why, sizeof(why)), -ENOENT);
    *strrchr(path, '/') = '\0';
    assert_non_null(strstr(why, path));
    assert_non_null(strstr(why, "does not exist"));

    snprintf(path, sizeof(path), "%s/group", f->folder);
    assert_int_equal(varlink_server_listen(server, path, 0600, "no-such-group", why, sizeof(why)),
                     -EINVAL);
    assert_non_null(strstr(why, "there is no group \"no-such-group\""));
    assert_int_equal(access(path, F_OK), -1);

    varlink_server_destroy(server);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0666);
}

static void test_listens_on_a_socket_that_is_passed_in(void **context)
{
    struct fixture *f = *context;
    struct varlink_server *server = varlink_server_create(f->loop, &service, f);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[100];
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int pair[2];

    snprintf(path, sizeof(path), "%s/passed", f->folder);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(varlink_server_listen_fd(server, fd), 0);
    fd = join_path(path);
    say(f, fd, ECHO("here"));
    expect(f, fd, ECHOED("here"));
    close(fd);

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(varlink_server_listen_fd(server, pair[0]), -EINVAL);
    close(pair[1]);

    varlink_server_destroy(server);
    assert_int_equal(access(path, F_OK), 0); /* whoever made it removes it */
    unlink(path);
}

static void test_the_end_of_the_server_ends_its_calls(void **context)
{
    struct fixture *f = *context;
    char why[240];
    int fd = join(f);

    say(f, fd, MORE("Wait"));
    settle(f);
    assert_int_equal(varlink_reply_continues(f->waiting, NULL), 0);
    varlink_server_destroy(f->server);

    assert_int_equal(f->ended, 1);
    f->server = varlink_server_create(f->loop, &service, f);
    assert_int_equal(varlink_server_listen(f->server, f->path, 0666, NULL, why, sizeof(why)), 0);
    expect(f, fd, "{\"parameters\":{},\"continues\":true}"); /* what was said is still sent */
    expect_hang_up(f, fd);
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(says_what_it_is),
        TEST(serves_descriptions),
        TEST(the_description_of_axond_is_compiled_in),
        TEST(wrong_calls_get_varlinks_own_errors),
        TEST(parameters_are_of_the_kinds_that_the_table_says),
        TEST(requests_sent_ahead_wait_for_the_one_in_hand),
        TEST(many_requests_at_once_are_all_answered),
        TEST(a_oneway_call_gets_no_reply),
        TEST(a_oneway_call_counts_even_if_its_client_has_left),
        TEST(a_long_list_comes_in_batches),
        TEST(a_slow_reader_of_a_stream_is_cut_off),
        TEST(a_source_that_looks_for_room_loses_messages_instead),
        TEST(a_call_ends_when_its_client_goes),
        TEST(a_client_that_sends_no_more_still_gets_its_answers),
        TEST(a_client_that_goes_after_it_stopped_sending_is_noticed),
        TEST(what_is_not_varlink_is_disconnected),
        TEST(deep_and_crowded_requests_are_not_even_parsed),
        TEST(a_request_without_end_is_cut_off_at_the_limit),
        TEST(a_request_of_exactly_the_limit_is_taken),
        TEST(half_a_request_harms_nobody),
        TEST(one_client_too_many_is_told_so),
        TEST(changes_take_root_or_the_daemons_user),
        TEST(without_descriptors_accepting_is_paused),
        TEST(replaces_the_socket_of_a_daemon_that_is_gone),
        TEST(leaves_what_is_not_its_own),
        TEST(listens_on_a_socket_that_is_passed_in),
        TEST(the_end_of_the_server_ends_its_calls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
