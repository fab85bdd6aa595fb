#include "tests/varlink_fixture.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit.h"

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

const struct varlink_service service = {
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

int set_up(void **context)
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

int tear_down(void **context)
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

int join_path(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

int join(struct fixture *f)
{
    return join_path(f->path);
}

void settle(struct fixture *f)
{
    for (int i = 0; i < 20; i++) {
        ev_run(f->loop, EVRUN_NOWAIT);
    }
}

size_t say_bytes(struct fixture *f, int fd, const char *bytes, size_t size)
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

void say(struct fixture *f, int fd, const char *text)
{
    assert_int_equal(say_bytes(f, fd, text, strlen(text) + 1), strlen(text) + 1);
}

char *hear(struct fixture *f, int fd)
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

void expect(struct fixture *f, int fd, const char *text)
{
    char *heard = hear(f, fd);

    assert_non_null(heard);
    assert_string_equal(heard, text);
    free(heard);
}

void expect_hang_up(struct fixture *f, int fd)
{
    assert_null(hear(f, fd));
}

void expect_silence(struct fixture *f, int fd)
{
    char byte;

    settle(f);
    assert_int_equal(recv(fd, &byte, 1, 0), -1);
    assert_int_equal(errno, EAGAIN);
}
