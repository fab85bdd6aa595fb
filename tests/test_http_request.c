/* Heads of HTTP requests: what is understood, and what is refused. */
#include "components/protocol/http_request.h"

#include "tests/unit.h"

static struct http_request parse(const char *text)
{
    static char head[8192]; /* the path points into it */
    const size_t size = strlen(text);

    assert_in_range(size, 1, sizeof(head));
    assert_int_equal(http_head_end(text, size, 0), size);
    memcpy(head, text, size);
    return http_request_parse(head, size);
}

static void assert_path(const char *target, const char *path)
{
    char text[512];
    struct http_request request;

    (void)snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", target);
    request = parse(text);
    assert_int_equal(request.status, 0);
    assert_int_equal(request.path_size, strlen(path));
    assert_memory_equal(request.path, path, strlen(path));
}

static void test_a_head_ends_with_an_empty_line(void **context)
{
    assert_int_equal(http_head_end("GET / HTTP/1.1\r\n\r\nmore", 22, 0), 18);
    assert_int_equal(http_head_end("GET / HTTP/1.1\n\nmore", 20, 0), 16);
    assert_int_equal(http_head_end("GET / HTTP/1.1\r\n\r", 17, 0), 0);
    assert_int_equal(http_head_end("GET / HTTP/1.1\r\n\r\n", 18, 17), 18);
    assert_int_equal(http_head_end("", 0, 0), 0);
}

static void test_says_what_is_asked_for(void **context)
{
    const struct http_request get = parse("GET /metrics?x=1 HTTP/1.1\r\nHost: a:1\r\n\r\n");
    const struct http_request head = parse("HEAD / HTTP/1.0\n\n");

    assert_int_equal(get.status, 0);
    assert_int_equal(get.method, HTTP_GET);
    assert_true(get.keep_alive);
    assert_int_equal(head.status, 0);
    assert_int_equal(head.method, HTTP_HEAD);
    assert_false(head.keep_alive);
    assert_int_equal(parse("BREW / HTTP/1.0\n\n").method, HTTP_OTHER);
    assert_path("/metrics", "/metrics");
    assert_path("/metrics?a=/b", "/metrics");
    assert_path("http://host:1/metrics?a", "/metrics");
    assert_path("http://host", "");
    assert_path("*", "*");
    assert_path("/a://b", "/a://b");
}

static void test_a_connection_is_kept_as_the_client_wants(void **context)
{
    assert_true(parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: TE\r\n\r\n").keep_alive);
    assert_false(parse("GET / HTTP/1.1\r\nHost: a\r\nconnection: x , Close\r\n\r\n").keep_alive);
    assert_true(parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
}

static void test_a_body_is_announced(void **context)
{
    assert_int_equal(parse("GET / HTTP/1.0\r\nContent-Length: 12\r\n\r\n").body_size, 12);
    assert_int_equal(parse("GET / HTTP/1.0\r\nContent-Length: 1x\r\n\r\n").status, 400);
    assert_int_equal(parse("GET / HTTP/1.0\r\nContent-Length: -1\r\n\r\n").status, 400);
    assert_int_equal(parse("GET / HTTP/1.0\r\nContent-Length:\r\n\r\n").status, 400);
    assert_int_equal(
        parse("GET / HTTP/1.0\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n").status, 400);
    assert_int_equal(parse("GET / HTTP/1.0\r\nContent-Length: 18446744073709551617\r\n\r\n").status,
                     413);
    assert_int_equal(parse("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").status, 501);
}

static void assert_wants(const char *accept, double text, double openmetrics)
{
    char head[600];
    struct http_request request;

    (void)snprintf(head, sizeof(head), "GET / HTTP/1.0\r\nAccept: %s\r\n\r\n", accept);
    request = parse(head);
    assert_int_equal(request.status, 0);
    assert_int_equal((int)(request.wants_text * 1000 + 0.5), (int)(text * 1000 + 0.5));
    assert_int_equal((int)(request.wants_openmetrics * 1000 + 0.5),
                     (int)(openmetrics * 1000 + 0.5));
}

static void test_accept_says_which_format(void **context)
{
    assert_wants("*/*", 1, 0);
    assert_wants("text/html, text/*;q=0.3", 0.3, 0);
    assert_wants("application/openmetrics-text", 0, 1);
    assert_wants("application/openmetrics-text; version=0.0.1, text/plain;q=0", 0, 0);
    assert_wants("Application/OpenMetrics-Text ;version=1.0.0; q=0.875 ,text/plain;q=1.0", 1,
                 0.875);
    assert_wants("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.25,"
                 "*/*;q=0.1",
                 0.25, 0.5);
    assert_wants("text/plain;q=", 0, 0);
    assert_wants(",,;,", 0, 0);
    assert_wants("", 0, 0);
}

static void test_what_is_not_http_is_refused(void **context)
{
    static const char *const bad[] = {
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / \r\n\r\n",
        " / HTTP/1.1\r\n\r\n",
        "GET  HTTP/1.1\r\n\r\n",
        "GET / http/1.1\r\n\r\n",
        "GET / HTTP/1.1x\r\n\r\n",
        "GET / x HTTP/1.1\r\n\r\n",
        "G\x01T / HTTP/1.0\r\n\r\n",
        "G(T / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",                       /* no Host */
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", /* two */
        "GET / HTTP/1.0\r\nX\r\n\r\n",                  /* no colon */
        "GET / HTTP/1.0\r\n: x\r\n\r\n",                /* no name */
        "GET / HTTP/1.0\r\nX : y\r\n\r\n",              /* a space before the colon */
        "GET / HTTP/1.0\r\nX: y\r\n folded\r\n\r\n",    /* a line that goes on */
        "GET / HTTP/1.0\r\nX: a\rb\r\n\r\n",            /* a bare CR */
        "GET / HTTP/1.0\r\nX: a\x7f\r\n\r\n",           /* DEL */
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        const struct http_request request = parse(bad[i]);

        if (request.status != 400 || request.keep_alive) {
            fail_msg("status %u of \"%s\"", request.status, bad[i]);
        }
    }
    assert_int_equal(parse("PRI * HTTP/2.0\r\n\r\n").status, 505);
}

static void test_a_nul_is_refused(void **context)
{
    char head[] = "GET / HTTP/1.0\r\nX: \0y\r\n\r\n";

    assert_int_equal(http_request_parse(head, sizeof(head) - 1).status, 400);
}

/* Whatever comes, it is read without a step beyond its end (the sanitizers look). */
static void test_random_heads_do_no_harm(void **context)
{
    static const char alphabet[] = "GET /HTP1.0:;,=q\r\n\n \tAccept-Connection*\x80";
    unsigned seed = 1;

    for (int i = 0; i < 20000; i++) {
        const size_t size = 2 + (size_t)(i % 120);
        char *head = malloc(size + 2);
        size_t end;

        for (size_t at = 0; at < size; at++) {
            seed = seed * 1103515245 + 12345;
            head[at] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
        }
        memcpy(head + size, "\n\n", 2);
        end = http_head_end(head, size + 2, 0);
        assert_in_range(end, 1, size + 2);
        (void)http_request_parse(head, end);
        free(head);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_head_ends_with_an_empty_line),
        cmocka_unit_test(test_says_what_is_asked_for),
        cmocka_unit_test(test_a_connection_is_kept_as_the_client_wants),
        cmocka_unit_test(test_a_body_is_announced),
        cmocka_unit_test(test_accept_says_which_format),
        cmocka_unit_test(test_what_is_not_http_is_refused),
        cmocka_unit_test(test_a_nul_is_refused),
        cmocka_unit_test(test_random_heads_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
