/* MetricsProtocol alone: the harness stands in for the connection. */
#include "tests/harness.h"
#include "tests/unit.h"

#define GET  "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
#define LAST "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

struct answer {
    char text[256 * 1024];
    size_t used;
};

/* Appends what has come out. */
static void hear(struct harness *h, struct answer *answer)
{
    const char *text;

    while ((text = harness_heard(h, "outbox")) != NULL) {
        assert_in_range(answer->used + harness_heard_size(h), 0, sizeof(answer->text) - 1);
        memcpy(answer->text + answer->used, text, harness_heard_size(h) + 1);
        answer->used += harness_heard_size(h);
    }
}

struct wanted {
    struct harness *h;
    struct answer *answer;
    const char *text;
    unsigned times;
};

static unsigned count(const char *text, const char *what)
{
    unsigned times = 0;

    while ((text = strstr(text, what)) != NULL) {
        text += strlen(what);
        times++;
    }
    return times;
}

static bool has_come(void *arg)
{
    const struct wanted *wanted = arg;

    hear(wanted->h, wanted->answer);
    return count(wanted->answer->text, wanted->text) >= wanted->times;
}

static void wait_times(struct harness *h, struct answer *answer, const char *text, unsigned times)
{
    struct wanted wanted = {h, answer, text, times};

    scene_wait(harness_scene(h), has_come, &wanted);
}

static void assert_refused(const char *request, const char *status, bool is_kept)
{
    struct harness *h = harness_start("MetricsProtocol", NULL);
    struct answer *answer = calloc(1, sizeof(*answer));

    harness_say(h, "inbox", request);
    harness_run(h);
    hear(h, answer);
    if (strncmp(answer->text, status, strlen(status)) != 0) {
        fail_msg("\"%s\" gets \"%s\"", request, answer->text);
    }
    assert_int_equal(count(answer->text, "Connection: close\r\n"), !is_kept);
    assert_int_equal(component_is_over(harness_component(h)), !is_kept);
    assert_int_equal(harness_stat(h, "refused"), 1);
    free(answer);
    harness_stop(h);
}

static void test_gives_metrics(void **context)
{
    struct harness *h = harness_start("MetricsProtocol", NULL);
    struct answer *answer = calloc(1, sizeof(*answer));
    const char *body;

    harness_say(h, "inbox", GET);
    harness_run(h);
    wait_times(h, answer, "axond_metrics_protocol_refused_requests_total{", 1);

    assert_int_equal(strncmp(answer->text, "HTTP/1.1 200 OK\r\n", 17), 0);
    assert_int_equal(
        count(answer->text, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"), 1);
    body = strstr(answer->text, "\r\n\r\n") + 4;
    assert_int_equal(strtoul(strstr(answer->text, "Content-Length: ") + 16, NULL, 10),
                     strlen(body));
    assert_int_equal(harness_stat(h, "requests"), 1);
    assert_int_equal(harness_component(h)->state, RUNNING);
    free(answer);
    harness_stop(h);
}

static void test_gives_openmetrics_to_who_wants_that(void **context)
{
    struct harness *h = harness_start("MetricsProtocol", NULL);
    struct answer *answer = calloc(1, sizeof(*answer));

    harness_say(h, "inbox",
                "GET /metrics HTTP/1.1\r\nHost: a\r\n"
                "Accept: application/openmetrics-text;version=1.0.0,*/*;q=0.1\r\n\r\n");
    harness_run(h);
    wait_times(h, answer, "# EOF\n", 1);

    assert_int_equal(count(answer->text, "\r\nContent-Type: application/openmetrics-text; "
                                         "version=1.0.0; charset=utf-8\r\n"),
                     1);
    free(answer);
    harness_stop(h);
}

static void test_head_gets_the_head(void **context)
{
    struct harness *h = harness_start("MetricsProtocol", NULL);
    struct answer *answer = calloc(1, sizeof(*answer));

    harness_say(h, "inbox", "HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\nHEAD /x HTTP/1.0\r\n\r\n");
    harness_run(h);
    wait_times(h, answer, "\r\n\r\n", 2);

    assert_int_equal(strncmp(answer->text, "HTTP/1.1 200 OK\r\n", 17), 0);
    assert_int_equal(count(answer->text, "Content-Length: 0\r\n"), 0);
    assert_int_equal(count(answer->text, "HTTP/1.1 404 Not Found\r\n"), 1);
    assert_int_equal(count(answer->text, "axond_"), 0);
    free(answer);
    harness_stop(h);
}

static void test_requests_may_come_in_any_pieces(void **context)
{
    static const char two[] = "\r\n" GET "POST /metrics HTTP/1.1\r\nHost: a\r\n"
                              "Content-Length: 5\r\n\r\nhello" LAST;

    for (size_t size = 1; size < sizeof(two); size += 7) {
        struct harness *h = harness_start("MetricsProtocol", NULL);
        struct answer *answer = calloc(1, sizeof(*answer));

        for (size_t at = 0; at < sizeof(two) - 1; at += size) {
            const size_t left = sizeof(two) - 1 - at;

            harness_say_bytes(h, "inbox", two + at, left < size ? left : size);
            harness_run(h);
        }
        wait_times(h, answer, "HTTP/1.1 200 OK", 2);

        assert_int_equal(count(answer->text, "HTTP/1.1 405 Method Not Allowed\r\n"), 1);
        assert_int_equal(count(answer->text, "Allow: GET, HEAD\r\n"), 1);
        assert_int_equal(count(answer->text, "Connection: close\r\n"), 1);
        assert_true(component_is_over(harness_component(h)));
        free(answer);
        harness_stop(h);
    }
}

static void test_what_it_does_not_have_gets_an_answer(void **context)
{
    assert_refused("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 Not Found\r\n", true);
    assert_refused("GET /metricsx HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 ", true);
    assert_refused("DELETE /metrics HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 405 ", true);
}

static void test_what_it_does_not_understand_ends_the_connection(void **context)
{
    assert_refused("hello\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n", false);
    assert_refused("PRI * HTTP/2.0\r\n\r\n", "HTTP/1.1 505 ", false);
    assert_refused("GET /metrics HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                   "HTTP/1.1 501 ", false);
    assert_refused("GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n",
                   "HTTP/1.1 413 ", false);
}

static void test_a_head_without_end_is_cut_off(void **context)
{
    struct harness *h = harness_start("MetricsProtocol", NULL);
    struct answer *answer = calloc(1, sizeof(*answer));

    harness_say(h, "inbox", "GET /metrics HTTP/1.1\r\nX: ");
    for (int i = 0; i < 8; i++) {
        char kilobyte[1025];

        memset(kilobyte, 'x', 1024);
        kilobyte[1024] = '\0';
        harness_say(h, "inbox", kilobyte);
        harness_run(h);
    }
    hear(h, answer);

    assert_int_equal(strncmp(answer->text, "HTTP/1.1 431 ", 13), 0);
    assert_true(component_is_over(harness_component(h)));
    free(answer);
    harness_stop(h);
}

static void test_who_is_too_slow_is_told_so(void **context)
{
    struct harness *h = harness_start("MetricsProtocol", "{timeout: 10ms}");
    struct answer *answer = calloc(1, sizeof(*answer));

    harness_say(h, "inbox", "GET /metrics");
    harness_run(h);
    wait_times(h, answer, "HTTP/1.1 408 Request Timeout\r\n", 1);

    assert_true(component_is_over(harness_component(h)));
    free(answer);
    harness_stop(h);
}

static void test_who_asks_nothing_may_take_any_time(void **context)
{
    struct harness *h = harness_start("MetricsProtocol", "{timeout: 10ms}");

    harness_say(h, "inbox", "\r\n");
    scene_wait_seconds(harness_scene(h), 0.03);

    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_component(h)->state, RUNNING);
    harness_stop(h);
}

static void test_who_has_ended_sending_gets_the_answer(void **context)
{
    struct harness *h = harness_start("MetricsProtocol", NULL);
    struct answer *answer = calloc(1, sizeof(*answer));

    harness_say(h, "inbox", GET GET "GET /metr");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    assert_int_equal(harness_component(h)->state, RUNNING);
    wait_times(h, answer, "axond_metrics_protocol_refused_requests_total{", 2);
    harness_run(h);

    assert_true(component_is_over(harness_component(h)));
    free(answer);
    harness_stop(h);
}

static void test_a_slow_reader_holds_it_up(void **context)
{
    struct harness *h = harness_start("MetricsProtocol", NULL);
    struct answer *answer = calloc(1, sizeof(*answer));

    harness_bound(h, "outbox", 1);
    for (int i = 0; i < 5; i++) {
        harness_say(h, "inbox", "GET / HTTP/1.1\r\nHost: a\r\n\r\n" GET);
    }
    harness_run(h);
    assert_in_range(harness_stat(h, "requests"), 1, 2);
    wait_times(h, answer, "axond_metrics_protocol_refused_requests_total{", 5);

    assert_int_equal(count(answer->text, "HTTP/1.1 404 "), 5);
    assert_int_equal(harness_stat(h, "requests"), 10);
    free(answer);
    harness_stop(h);
}

static void test_it_may_be_stopped_while_it_waits(void **context)
{
    struct harness *h = harness_start("MetricsProtocol", NULL);

    harness_say(h, "inbox", GET);
    harness_run(h);
    harness_tell(h, SHUTDOWN_MICROPROCESS);
    harness_run(h);
    scene_wait_seconds(harness_scene(h), 0.01);

    assert_true(component_is_over(harness_component(h)));
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gives_metrics),
        cmocka_unit_test(test_gives_openmetrics_to_who_wants_that),
        cmocka_unit_test(test_head_gets_the_head),
        cmocka_unit_test(test_requests_may_come_in_any_pieces),
        cmocka_unit_test(test_what_it_does_not_have_gets_an_answer),
        cmocka_unit_test(test_what_it_does_not_understand_ends_the_connection),
        cmocka_unit_test(test_a_head_without_end_is_cut_off),
        cmocka_unit_test(test_who_is_too_slow_is_told_so),
        cmocka_unit_test(test_who_asks_nothing_may_take_any_time),
        cmocka_unit_test(test_who_has_ended_sending_gets_the_answer),
        cmocka_unit_test(test_a_slow_reader_holds_it_up),
        cmocka_unit_test(test_it_may_be_stopped_while_it_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
