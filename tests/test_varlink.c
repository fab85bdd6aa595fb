/* The Varlink server: calls, their answers, and streams of them. */
#include "tests/unit.h"

#include "daemon/io_axond.h"
#include "tests/varlink_fixture.h"

#include <sys/socket.h>
#include <unistd.h>

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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
