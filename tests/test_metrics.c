/* Metrics: the text, and who gets it when. */
#include "graph/metrics.h"

#include <ctype.h>

#include "components/component_types.h"
#include "graph/ledger.h"
#include "graph/loop.h"
#include "graph/message.h"
#include "tests/faulty.h"
#include "tests/unit.h"

struct asker {
    struct metrics_request request;
    struct metrics_text *text;
    unsigned answers;
};

static void on_ready(struct metrics_request *request, struct metrics_text *text)
{
    struct asker *asker = request->data;

    metrics_text_release(asker->text);
    asker->text = text;
    asker->answers++;
}

static void ask(struct scene *scene, struct asker *asker, enum metrics_format format)
{
    asker->request = (struct metrics_request){.format = format, .ready = on_ready, .data = asker};
    metrics_ask(scene->loop, &asker->request);
}

static bool is_answered(void *arg)
{
    const struct asker *asker = arg;

    return asker->answers > 0;
}

/* The whole text, to be freed. */
static char *join(const struct metrics_text *text)
{
    char *whole = malloc(text->size + 1);
    size_t used = 0;

    for (size_t i = 0; i < text->count; i++) {
        memcpy(whole + used, text->parts[i]->data, message_size(text->parts[i]));
        used += message_size(text->parts[i]);
    }
    assert_int_equal(used, text->size);
    whole[used] = '\0';
    return whole;
}

static char *metrics(struct scene *scene, enum metrics_format format)
{
    struct asker asker = {.answers = 0};
    char *whole;

    ask(scene, &asker, format);
    scene_wait(scene, is_answered, &asker);
    whole = join(asker.text);
    metrics_text_release(asker.text);
    return whole;
}

static void assert_has(const char *text, const char *line)
{
    if (strstr(text, line) == NULL) {
        fail_msg("no \"%s\" in\n%s", line, text);
    }
}

/* ---- the text */

static void test_names_what_there_is(void **context)
{
    struct scene *scene = faulty_scene("");
    char *text;

    faulty_say(scene, "hello");
    scene_run(scene);
    text = metrics(scene, METRICS_TEXT);

    assert_has(text, "# HELP axond_linkage_bytes_total bytes sent by the outbox\n"
                     "# TYPE axond_linkage_bytes_total counter\n");
    assert_has(text, "\naxond_linkage_bytes_total{component=\"it\",type=\"Faulty\","
                     "outbox=\"outbox\"} 5\n");
    assert_has(text, "\naxond_inbox_queued_messages{component=\"to\",type=\"Probe\","
                     "inbox=\"in0\"} 1\n");
    assert_has(text, "\naxond_component_running{component=\"it\",type=\"Faulty\"} 1\n");
    assert_has(text, "# HELP axond_faulty_passed_messages_total Faulty: messages passed on\n"
                     "# TYPE axond_faulty_passed_messages_total counter\n"
                     "axond_faulty_passed_messages_total{component=\"it\",type=\"Faulty\"} 1\n");
    assert_has(text, "\naxond_connections 0\n");
    assert_null(strstr(text, "out2")); /* nothing was ever linked to it */
    assert_null(strstr(text, "# UNIT"));
    free(text);
    scene_stop(scene);
}

static void test_openmetrics_names_families_without_their_ending(void **context)
{
    struct scene *scene = faulty_scene("");
    char *text = metrics(scene, METRICS_OPENMETRICS);

    assert_has(text, "# TYPE axond_linkage_bytes counter\n# UNIT axond_linkage_bytes bytes\n"
                     "axond_linkage_bytes_total{");
    assert_string_equal(text + strlen(text) - 6, "# EOF\n");
    free(text);
    scene_stop(scene);
}

static void test_a_histogram_is_cumulative(void **context)
{
    struct scene *scene = faulty_scene("boxes: {inbox: {time_in_queue: true}}");
    char *text;

    faulty_say(scene, "one");
    faulty_say(scene, "two");
    scene_run(scene);
    ledger_note_wait(scene->loop->ledger, component_inbox(scene_find(scene, "it"), FAULTY_INBOX),
                     3.0);
    ledger_note_wait(scene->loop->ledger, component_inbox(scene_find(scene, "it"), FAULTY_INBOX),
                     3600.0);
    text = metrics(scene, METRICS_TEXT);

    assert_has(text, "# TYPE axond_inbox_wait_seconds histogram\n");
#define OF_IT "{component=\"it\",type=\"Faulty\",inbox=\"inbox\""
    assert_has(text, "axond_inbox_wait_seconds_bucket" OF_IT ",le=\"2.5\"} 2\n");
    assert_has(text, "axond_inbox_wait_seconds_bucket" OF_IT ",le=\"5.0\"} 3\n");
    assert_has(text, "axond_inbox_wait_seconds_bucket" OF_IT ",le=\"60.0\"} 3\n");
    assert_has(text, "axond_inbox_wait_seconds_bucket" OF_IT ",le=\"+Inf\"} 4\n");
    assert_has(text, "axond_inbox_wait_seconds_count" OF_IT "} 4\n");
    assert_has(text, "axond_inbox_wait_seconds_sum" OF_IT "} 3603");
    free(text);
    scene_stop(scene);
}

static void write_own(void *arg, struct metrics_writer *writer)
{
    static const struct metrics_family family = {"axond_test", NULL, "of the test",
                                                 METRICS_COUNTER};

    metrics_write(writer, &family, "version=\"1\"", 0.5);
}

static void test_the_owner_of_the_loop_adds_its_own(void **context)
{
    struct scene *scene = faulty_scene("");
    char *text;

    scene->loop->hooks.metrics = write_own;
    text = metrics(scene, METRICS_TEXT);

    assert_has(text, "# HELP axond_test_total of the test\n# TYPE axond_test_total counter\n"
                     "axond_test_total{version=\"1\"} 0.5\n");
    free(text);
    scene_stop(scene);
}

/* ---- names from the tables of types */

static void assert_name(const char *type, const char *statistic, const char *unit, bool is_gauge,
                        const char *expected)
{
    const struct component_type of = {.name = type};
    const struct stat_spec spec = {
        .name = statistic, .unit = unit, .doc = "…", .is_gauge = is_gauge};
    char name[METRICS_NAME_SIZE];

    assert_string_equal(metrics_family_of(&of, &spec, name).name, expected);
}

static void test_names_are_made_of_type_statistic_and_unit(void **context)
{
    assert_name("TCPServer", "connections", "connections", true, "axond_tcp_server_connections");
    assert_name("TCPServer", "timed_out", "connections", false,
                "axond_tcp_server_timed_out_connections");
    assert_name("PureTransformer", "dropped", "messages", false,
                "axond_pure_transformer_dropped_messages");
    assert_name("FileWriter", "reopened", "times", false, "axond_file_writer_reopened");
    assert_name("ByteRate_RequestControl", "x", "bytes", false,
                "axond_byte_rate_request_control_x_bytes");
}

/* What Prometheus wants of names, and that no two families are one: in OpenMetrics not even a
 * counter and a gauge that differ by _total. */
static void test_every_statistic_has_a_name_of_its_own(void **context)
{
    struct hash names = {0};

    for (size_t i = 0; component_types[i] != NULL; i++) {
        const struct stat_spec *spec = component_types[i]->statistics;

        for (; spec != NULL && spec->name != NULL; spec++) {
            char *name = malloc(METRICS_NAME_SIZE);
            const struct metrics_family family = metrics_family_of(component_types[i], spec, name);

            assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789"), strlen(name));
            assert_null(strstr(name, "__"));
            assert_null(strstr(name, "_total"));
            assert_null(strpbrk(spec->doc, "\\\n"));
            if (family.unit != NULL) {
                assert_string_equal(name + strlen(name) - strlen(family.unit), family.unit);
            }
            if (hash_put(&names, name, name) != NULL) {
                fail_msg("%s: there is another %s", component_types[i]->name, name);
            }
        }
    }
    for (size_t at = 0;;) {
        const struct hash_entry *entry = hash_next(&names, &at);

        if (entry == NULL) {
            break;
        }
        free(entry->value);
    }
    hash_deinit(&names);
}

/* ---- who gets it */

static void test_one_gathering_serves_all_who_have_asked(void **context)
{
    struct scene *scene = faulty_scene("");
    struct asker askers[3] = {{.answers = 0}};

    for (int i = 0; i < 3; i++) {
        ask(scene, &askers[i], i == 2 ? METRICS_OPENMETRICS : METRICS_TEXT);
    }
    for (int i = 0; i < 3; i++) {
        scene_wait(scene, is_answered, &askers[i]);
    }

    assert_ptr_equal(askers[0].text, askers[1].text);
    assert_ptr_not_equal(askers[0].text, askers[2].text);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(askers[i].answers, 1);
        metrics_text_release(askers[i].text);
    }
    scene_stop(scene);
}

static void test_who_asks_again_hears_what_is_new(void **context)
{
    struct scene *scene = faulty_scene("");
    char *text = metrics(scene, METRICS_TEXT);

    assert_has(text, "axond_faulty_passed_messages_total{component=\"it\",type=\"Faulty\"} 0\n");
    free(text);
    faulty_say(scene, "one");
    scene_run(scene);
    text = metrics(scene, METRICS_TEXT);

    assert_has(text, "axond_faulty_passed_messages_total{component=\"it\",type=\"Faulty\"} 1\n");
    free(text);
    scene_stop(scene);
}

static void test_who_has_withdrawn_hears_nothing(void **context)
{
    struct scene *scene = faulty_scene("");
    struct asker gone = {.answers = 0};
    char *text;

    ask(scene, &gone, METRICS_TEXT);
    metrics_withdraw(&gone.request);
    metrics_withdraw(&gone.request);
    text = metrics(scene, METRICS_TEXT);

    assert_int_equal(gone.answers, 0);
    free(text);
    scene_stop(scene);
}

static void test_the_loop_may_end_while_somebody_waits(void **context)
{
    struct scene *scene = faulty_scene("");
    struct asker asker = {.answers = 0};

    ask(scene, &asker, METRICS_TEXT);
    ledger_begin(ledger_of(scene->loop)); /* and in the midst of it */
    assert_false(ledger_go_on(scene->loop->ledger, 1));
    scene_stop(scene);

    metrics_withdraw(&asker.request);
    assert_int_equal(asker.answers, 0);
}

/* The work is in slices whose size is known: no step looks at more than a few components. */
static void test_rendering_goes_on_in_small_steps(void **context)
{
    enum { COMPONENTS = 1000 };
    char *yaml = malloc(COMPONENTS * 32 + 32);
    size_t used = (size_t)sprintf(yaml, "components:\n");
    struct metrics_writer *writer;
    struct scene *scene;
    struct metrics_text *text;
    unsigned steps = 1;

    for (int i = 0; i < COMPONENTS; i++) {
        used += (size_t)sprintf(yaml + used, "  c%d: {type: Probe}\n", i);
    }
    scene = scene_start(NULL, yaml);
    free(yaml);
    ledger_gather(ledger_of(scene->loop));
    writer = metrics_writer_create(scene->loop, ledger_accounts(scene->loop->ledger), METRICS_TEXT);
    while (metrics_writer_go_on(writer)) {
        steps++;
    }
    text = metrics_writer_finish(writer);

    assert_true(steps > 3 * COMPONENTS / 100);
    assert_true(text->count > 1);
    for (size_t i = 0; i < text->count; i++) {
        assert_in_range(message_size(text->parts[i]), 1, 64 << 10);
    }
    metrics_text_release(text);
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_what_there_is),
        cmocka_unit_test(test_openmetrics_names_families_without_their_ending),
        cmocka_unit_test(test_a_histogram_is_cumulative),
        cmocka_unit_test(test_the_owner_of_the_loop_adds_its_own),
        cmocka_unit_test(test_names_are_made_of_type_statistic_and_unit),
        cmocka_unit_test(test_every_statistic_has_a_name_of_its_own),
        cmocka_unit_test(test_one_gathering_serves_all_who_have_asked),
        cmocka_unit_test(test_who_asks_again_hears_what_is_new),
        cmocka_unit_test(test_who_has_withdrawn_hears_nothing),
        cmocka_unit_test(test_the_loop_may_end_while_somebody_waits),
        cmocka_unit_test(test_rendering_goes_on_in_small_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
