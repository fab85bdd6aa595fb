/* Introspector. */
#include "graph/graph.h"
#include "tests/scene.h"
#include "tests/unit.h"

/* What it has told, line by line, sorted where the order means nothing. */
struct reader {
    struct scene *scene;
    char text[64 * 1024];
};

static void read_on(struct reader *reader)
{
    const char *more;

    while ((more = probe_take(reader->scene, scene_find(reader->scene, "reader"), PROBE_IN0)) !=
           NULL) {
        assert_true(strlen(reader->text) + strlen(more) < sizeof(reader->text));
        strcat(reader->text, more);
    }
}

static bool has_line(const struct reader *reader, const char *line)
{
    const size_t length = strlen(line);

    for (const char *at = reader->text; *at != '\0'; at = strchr(at, '\n') + 1) {
        if (strncmp(at, line, length) == 0 && at[length] == '\n') {
            return true;
        }
    }
    return false;
}

static void assert_line(const struct reader *reader, const char *line)
{
    if (!has_line(reader, line)) {
        fail_msg("no line %s in\n%s", line, reader->text);
    }
}

static size_t count_lines(const struct reader *reader)
{
    size_t count = 0;

    for (const char *at = reader->text; *at != '\0'; at++) {
        count += *at == '\n';
    }
    return count;
}

/* The place of a line; it has to be there. */
static size_t place_of(const struct reader *reader, const char *line)
{
    const char *at = strstr(reader->text, line);

    assert_non_null(at);
    return (size_t)(at - reader->text);
}

#define TOPOLOGY                                                                                   \
    "components:\n"                                                                                \
    "  reader: {type: Probe, boxes: {in0: {size: %s}}}\n"                                          \
    "  map: {type: Introspector, interval: 10ms}\n"                                                \
    "  pass: {type: PassThrough}\n"                                                                \
    "linkages:\n"                                                                                  \
    "  - map.outbox -> reader.in0\n"                                                               \
    "  - pass.outbox -> reader.in1\n"

static void start(struct reader *reader, const char *bound)
{
    char yaml[1000];

    (void)snprintf(yaml, sizeof(yaml), TOPOLOGY, bound);
    reader->text[0] = '\0';
    reader->scene = scene_start(NULL, yaml);
}

static bool has_looked_again(void *arg)
{
    struct reader *reader = arg;

    read_on(reader);
    return reader->text[0] != '\0';
}

static void test_tells_all_there_is_and_nothing_twice(void **context)
{
    static struct reader reader;

    start(&reader, "1MiB");
    scene_run(reader.scene);
    read_on(&reader);

    assert_memory_equal(reader.text, "DEL ALL\n", 8);
    assert_line(&reader, "ADD NODE \"pass\" \"PassThrough\" randompos component");
    assert_line(&reader, "ADD NODE \"pass.i.inbox\" \"inbox\" randompos inbox");
    assert_line(&reader, "ADD LINK \"pass\" \"pass.i.inbox\"");
    assert_line(&reader, "ADD NODE \"pass.o.outbox\" \"outbox\" randompos outbox");
    assert_line(&reader, "ADD LINK \"pass\" \"pass.o.outbox\"");
    assert_line(&reader, "ADD NODE \"map\" \"Introspector\" randompos component");
    assert_line(&reader, "ADD LINK \"map.o.outbox\" \"reader.i.in0\"");
    assert_line(&reader, "ADD LINK \"pass.o.outbox\" \"reader.i.in1\"");
    /* three components, 4 + 4, 1 + 2 and 2 + 2 boxes, two linkages */
    assert_int_equal(count_lines(&reader), 1 + 3 + 2 * 15 + 2);
    scene_stop(reader.scene);
}

static void test_nodes_come_before_the_linkages_between_them(void **context)
{
    static struct reader reader;

    start(&reader, "1MiB");
    scene_run(reader.scene);
    read_on(&reader);

    assert_true(place_of(&reader, "ADD LINK \"map.o.outbox\" \"reader.i.in0\"") >
                place_of(&reader, "ADD NODE \"pass\""));
    scene_stop(reader.scene);
}

static void test_costs_nothing_while_nothing_changes(void **context)
{
    static struct reader reader;
    uint64_t turns;

    start(&reader, "1MiB");
    scene_wait_seconds(reader.scene, 0.1);
    read_on(&reader);
    reader.text[0] = '\0';
    scene_run(reader.scene);
    turns = reader.scene->loop->turns;
    scene_wait_seconds(reader.scene, 0.1);
    read_on(&reader);

    assert_int_equal(reader.scene->loop->turns, turns);
    assert_string_equal(reader.text, "");
    scene_stop(reader.scene);
}

static void test_tells_what_has_gone_linkages_first(void **context)
{
    static struct reader reader;

    start(&reader, "1MiB");
    scene_run(reader.scene);
    read_on(&reader);
    reader.text[0] = '\0';
    component_finish(scene_find(reader.scene, "pass"));
    scene_wait(reader.scene, has_looked_again, &reader);

    assert_string_equal(reader.text, "DEL LINK \"pass.o.outbox\" \"reader.i.in1\"\n"
                                     "DEL NODE \"pass.i.inbox\"\n"
                                     "DEL NODE \"pass.i.control\"\n"
                                     "DEL NODE \"pass.o.outbox\"\n"
                                     "DEL NODE \"pass.o.signal\"\n"
                                     "DEL NODE \"pass\"\n");
    scene_stop(reader.scene);
}

static void test_tells_of_a_linkage_that_is_made_or_undone(void **context)
{
    static struct reader reader;
    struct component *pass;

    start(&reader, "1MiB");
    pass = scene_find(reader.scene, "pass");
    scene_run(reader.scene);
    read_on(&reader);
    reader.text[0] = '\0';
    probe_link(pass, 1, scene_find(reader.scene, "reader"), PROBE_CONTROL);
    loop_changed(reader.scene->loop);
    scene_wait(reader.scene, has_looked_again, &reader);
    assert_string_equal(reader.text, "ADD LINK \"pass.o.signal\" \"reader.i.control\"\n");
    reader.text[0] = '\0';
    box_unlink(&component_outbox(pass, 1)->box);
    loop_changed(reader.scene->loop);
    scene_wait(reader.scene, has_looked_again, &reader);

    assert_string_equal(reader.text, "DEL LINK \"pass.o.signal\" \"reader.i.control\"\n");
    scene_stop(reader.scene);
}

/* So many components that a look takes many messages, of which only one may wait. */
static void start_crowd(struct reader *reader)
{
    char yaml[30000] = "components:\n"
                       "  reader: {type: Probe, boxes: {in0: {size: 1}}}\n"
                       "  map: {type: Introspector, interval: 10ms}\n";

    for (int i = 0; i < 300; i++) {
        (void)snprintf(yaml + strlen(yaml), sizeof(yaml) - strlen(yaml), "  p%d: {type: Probe}\n",
                       i);
    }
    strcat(yaml, "linkages: [map.outbox -> reader.in0]\n");
    reader->text[0] = '\0';
    reader->scene = scene_start(NULL, yaml);
}

static void test_waits_for_a_slow_reader(void **context)
{
    static struct reader reader;
    struct component *probe;
    uint64_t turns;

    start_crowd(&reader);
    probe = scene_find(reader.scene, "reader");
    scene_wait_seconds(reader.scene, 0.05);
    assert_int_equal(component_inbox(probe, PROBE_IN0)->box.queued, 1);
    assert_in_range(component_inbox(probe, PROBE_IN0)->box.queued_cost, 4096, 8192);
    turns = reader.scene->loop->turns;
    scene_wait_seconds(reader.scene, 0.05);
    assert_int_equal(reader.scene->loop->turns, turns);

    for (int i = 0; i < 1000 && component_inbox(probe, PROBE_IN0)->box.queued > 0; i++) {
        assert_non_null(probe_take(reader.scene, probe, PROBE_IN0));
        scene_run(reader.scene);
    }
    assert_true(component_inbox(probe, PROBE_IN0)->bytes > 300 * 500);
    scene_stop(reader.scene);
}

static void test_what_changes_during_a_look_is_told_by_the_next(void **context)
{
    static struct reader reader;

    start_crowd(&reader);
    scene_run(reader.scene); /* the look goes on when there is room */
    component_finish(scene_find(reader.scene, "p0"));
    scene_run(reader.scene);
    while (strstr(reader.text, "DEL NODE \"p0\"\n") == NULL) {
        reader.text[0] = '\0';
        scene_wait(reader.scene, has_looked_again, &reader);
    }

    scene_stop(reader.scene);
}

static void test_a_client_that_has_finished_sending_gets_the_whole_picture(void **context)
{
    static struct reader reader;

    start(&reader, "1MiB");
    component_tell(scene_find(reader.scene, "map"), PRODUCER_FINISHED, NULL, 0);
    scene_run(reader.scene);
    read_on(&reader);

    assert_int_equal(scene_find(reader.scene, "map")->state, STOPPED);
    assert_line(&reader, "ADD LINK \"pass.o.outbox\" \"reader.i.in1\"");
    scene_stop(reader.scene);
}

static void test_ends_in_the_middle_of_a_look(void **context)
{
    static struct reader reader;

    start(&reader, "1");
    scene_run(reader.scene);
    component_tell(scene_find(reader.scene, "map"), SHUTDOWN_MICROPROCESS, NULL, 0);
    scene_run(reader.scene);

    assert_int_equal(scene_find(reader.scene, "map")->state, STOPPED);
    scene_stop(reader.scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tells_all_there_is_and_nothing_twice),
        cmocka_unit_test(test_nodes_come_before_the_linkages_between_them),
        cmocka_unit_test(test_costs_nothing_while_nothing_changes),
        cmocka_unit_test(test_tells_what_has_gone_linkages_first),
        cmocka_unit_test(test_tells_of_a_linkage_that_is_made_or_undone),
        cmocka_unit_test(test_waits_for_a_slow_reader),
        cmocka_unit_test(test_what_changes_during_a_look_is_told_by_the_next),
        cmocka_unit_test(test_a_client_that_has_finished_sending_gets_the_whole_picture),
        cmocka_unit_test(test_ends_in_the_middle_of_a_look),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
