/* Every component type: rules that hold whatever a component does.
 *
 *     slow reader   with a reader that takes one message at a time, the same messages come out in
 *                   the same order as with one that takes them all, and nobody spins meanwhile
 *     moved         a change of the graph that does not concern it makes no difference, though all
 *                   that its parameters point to lies elsewhere then, and the old place is freed
 *     finishes      producerFinished ends it, after the rest, and is passed on
 *     stops         shutdownMicroprocess ends it at once, whatever waits, and is passed on
 *     idle          without input it is not run, once it has said what its reader has room for
 *
 * and nothing leaks, ever (harness_stop() looks).  A new type is tried without being named here,
 * unless it needs parameters, company or input of a certain form: then it needs a row.  A row may
 * also say that a rule is not for a type, and why. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "components/component_types.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "tests/folder.h"
#include "tests/harness.h"
#include "tests/unit.h"

enum {
    SLOW_READER = 1 << 0,
    FINISHES = 1 << 1,
    STOPS = 1 << 2,
    IDLE = 1 << 3,
    ALONE = SLOW_READER | FINISHES | STOPS | IDLE, /* it is nothing without others */
};

struct row {
    const char *type;
    const char *parameters; /* as in YAML; NULL: none */
    const char *beside;     /* a component that it needs, as in YAML; NULL: none */
    const char *input;      /* of each inbox for data; # is a number; NULL: just that */
    const char *uncounted;  /* an outbox that tells of turns, however many there are; NULL: none */
    bool is_stream;         /* where its messages begin and end is left to chance */
    unsigned except;        /* rules that are not for it … */
    const char *because;    /* … and why */
};

/* Files are in a folder of the test's; "text" is on standard input as well. */
static const struct row rows[] = {
    {"ActivityMonitor", .uncounted = "observed"},
    {"Append", .parameters = "{filename: appended}"},
    {"Backplane", .parameters = "{name: main}"},
    {"ByteRate_RequestControl", .parameters = "{rate: 1, chunksize: 3600}"},
    {"Carousel", .parameters = "{component: {type: OneShot, msg: a}, argument: msg}"},
    {"Chargen", .parameters = "{text: x}", .except = SLOW_READER,
     .because = "it says as much as its reader takes"},
    {"CheapAndCheerfulClock", .parameters = "{interval: 1h}"},
    {"Chooser", .parameters = "{items: [a, b, c], loop: true}", .input = "NEXT"},
    {"Chunkifier", .parameters = "{chunksize: 7}"},
    {"Collate", .parameters = "{max_size: 10}"},
    {"ConnectedSocketAdapter", .except = ALONE, .because = "it is made with a socket, by others"},
    {"Connector", .except = ALONE, .because = "it is a service of the loop"},
    {"ConsoleEchoer", .parameters = "{forwarder: true}"},
    {"DataDeChunker", .parameters = "{syncmessage: X}", .input = "X#"},
    {"DataSource", .parameters = "{messages: [a, b, c]}"},
    {"DeFramer", .input = "# 2\nab"},
    {"Exchange", .except = ALONE, .because = "it is a service of the loop"},
    {"Fanout", .parameters = "{boxnames: [a, b]}"},
    {"FastRestartServer", .parameters = "{host: 127.0.0.1, port: 0, protocol: EchoProtocol}"},
    {"FastRestartSingleServer", .parameters = "{host: 127.0.0.1, port: 0}"},
    {"FileReader", .parameters = "{path: text, mode: lines, follow: true}"},
    {"Files", .except = ALONE, .because = "it is a service of the loop"},
    {"FileWriter", .parameters = "{path: written, forwarder: true}"},
    {"FortuneCookieProtocol", .parameters = "{fortunes: text, rate: 10000}", .is_stream = true},
    {"ForwardIteratingChooser", .parameters = "{items: [a, b, c]}", .input = "NEXT"},
    {"Framer", .input = "# data"},
    {"Graphline", .parameters =
                      "{components: {a: {type: PassThrough}, b: {type: PassThrough}},"
                      " linkages: [self.inbox -> a.inbox, a -> b, b.outbox -> self.outbox]}"},
    {"InactivityChassis", .parameters = "{component: PassThrough, timeout: 1h}"},
    {"Introspector", .parameters = "{interval: 10ms}"},
    {"LineFramer", .parameters = "{max_line: 7}", .input = "line #\n"},
    {"LossyConnector", .except = SLOW_READER, .because = "it drops what there is no room for"},
    {"MessageRateLimit", .parameters = "{messages_per_second: 2000, burst: 10}"},
    {"MetricsProtocol", .input = "GET /# HTTP/1.1\r\nHost: a\r\n\r\n", .except = SLOW_READER,
     .because = "its answers are longer than what is kept here"},
    {"MetricsServer", .parameters = "{port: 0}"},
    {"OnDemandLimit", .input = "NEXT"},
    {"OneShot", .parameters = "{msg: a}"},
    {"PAR", .parameters = "{components: [{type: PassThrough}, {type: NullSink}]}"},
    {"PeriodicWakeup", .parameters = "{interval: 1h}"},
    {"Pipeline", .parameters = "{components: [{type: PassThrough}, {type: PassThrough}]}"},
    {"Plug", .parameters = "{splitter: split, component: PassThrough}",
     .beside = "{type: PlugSplitter, name: split}"},
    {"PlugSplitter", .parameters = "{name: split}"},
    {"PromptedFileReader", .parameters = "{filename: text, readmode: lines}", .input = "1"},
    {"ProtocolHandler", .parameters = "{protocol: EchoProtocol}"},
    {"PublishTo", .parameters = "{destination: main, forwarder: true}",
     .beside = "{type: Backplane, name: main}"},
    {"PureTransformer", .parameters = "{function: prefix, text: \"> \"}"},
    {"RangeFilter", .parameters = "{ranges: [[10, 19], [30, 80]]}"},
    {"RateChunker", .parameters = "{datarate: 70, chunkrate: 10}"},
    {"RateControl", .parameters = "{rate: 5000, burst: 50}", .is_stream = true},
    {"Reaper", .except = ALONE, .because = "it is a service of the loop"},
    {"Selector", .except = ALONE, .because = "it is a service of the loop"},
    {"Seq", .parameters = "{components: [{type: PassThrough}, {type: PassThrough}]}"},
    {"ServerCore", .parameters = "{host: 127.0.0.1, port: 0, protocol: EchoProtocol}"},
    {"SimpleDetupler", .parameters = "{index: 1}", .input = "a # b"},
    {"SimpleFileWriter", .parameters = "{filename: rewritten}"},
    {"SimpleServer", .parameters = "{host: 127.0.0.1, port: 0, protocol: EchoProtocol}"},
    {"SingleServer", .parameters = "{host: 127.0.0.1, port: 0}"},
    {"SubscribeTo", .parameters = "{source: main, boxes: {inbox: {size: 1000}}}",
     .beside = "{type: Backplane, name: main}"},
    {"TCPClient", .except = ALONE, .because = "it ends by itself without a server to talk to"},
    {"TCPServer", .parameters = "{host: 127.0.0.1}"},
    {"Ticker", .parameters = "{interval: 1h}"},
    {"TriggeredOneShot", .parameters = "{msg: a}"},
    {"TriggeredSource", .parameters = "{msg: a}"},
    {"UnixProcess", .parameters = "{command: [cat], buffersize: 16}", .is_stream = true},
    {"VariableByteRate_RequestControl", .parameters = "{rate: 1, chunksize: 3600}"},
};

static const struct row *find_row(const struct component_type *type)
{
    static const struct row none;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].type, type->name) == 0) {
            return &rows[i];
        }
    }
    return &none;
}

/* Tries a rule on every type that it is for. */
static void for_every_type(unsigned rule,
                           void (*try)(const struct component_type *type, const struct row *row))
{
    for (size_t i = 0; component_types[i] != NULL; i++) {
        const struct row *row = find_row(component_types[i]);

        if ((row->except & rule) == 0) {
            try(component_types[i], row);
        }
    }
}

/* ---- one of a type ---- */

/* Standard input is the text, from its start. */
static void renew_input(void)
{
    const int fd = open("text", O_RDONLY | O_CLOEXEC);

    assert_return_code(fd, errno);
    assert_return_code(dup2(fd, STDIN_FILENO), errno);
    assert_return_code(close(fd), errno);
}

static struct harness *start(const struct component_type *type, const struct row *row)
{
    const struct param_spec *param = type->parameters;

    for (; param != NULL && param->name != NULL && row->parameters == NULL; param++) {
        if (param->required) {
            fail_msg("%s needs %s: give it a row in test_every_type.c", type->name, param->name);
        }
    }
    renew_input();
    return harness_start_beside(type->name, row->parameters, row->beside);
}

/* Runs until nothing has work; sockets and files are looked at as well. */
static void run(struct harness *h)
{
    struct loop *loop = harness_scene(h)->loop;
    const uint64_t turns = loop->turns;

    do {
        loop_once(loop, false);
        if (loop->turns - turns > 100000) {
            fail_msg("%s spins", harness_component(h)->type->name);
        }
    } while (loop->queue.first != NULL);
}

/* Lets time pass until somebody has work.  False: it is over, or the time is. */
static bool has_more(struct harness *h, double until)
{
    struct scene *scene = harness_scene(h);
    const uint64_t turns = scene->loop->turns;

    while (!component_is_over(harness_component(h)) && ev_time() < until) {
        scene_wait_seconds(scene, 0.001);
        if (scene->loop->turns != turns) {
            return true;
        }
    }
    return false;
}

static bool is_for_data(enum carries carries)
{
    return carries == BYTES || carries == LINES || carries == ANYTHING;
}

/* The name of an outbox for data, or NULL. */
static const char *data_outbox(struct harness *h, unsigned index)
{
    const struct box_spec *spec = harness_component(h)->plan->out[index].spec;

    return is_for_data(spec->carries) ? spec->name : NULL;
}

enum { MESSAGES = 100 };

static void feed_inbox(struct harness *h, const char *inbox, const char *input)
{
    for (int i = 0; i < MESSAGES; i++) {
        const char *hash = input != NULL ? strchr(input, '#') : NULL;
        char text[64];

        if (input == NULL) {
            (void)snprintf(text, sizeof(text), "%d", i);
        } else if (hash == NULL) {
            (void)snprintf(text, sizeof(text), "%s", input);
        } else {
            (void)snprintf(text, sizeof(text), "%.*s%d%s", (int)(hash - input), input, i, hash + 1);
        }
        harness_say(h, inbox, text);
    }
}

static void feed(struct harness *h, const struct row *row)
{
    const struct plan_component *plan = harness_component(h)->plan;

    for (unsigned i = 0; i < plan->inboxes; i++) {
        if (is_for_data(plan->in[i].spec->carries)) {
            feed_inbox(h, plan->in[i].spec->name, row->input);
        }
    }
}

static void for_data_outboxes(struct harness *h, void (*act)(struct harness *h, const char *outbox))
{
    for (unsigned i = 0; i < harness_component(h)->plan->outboxes; i++) {
        const char *outbox = data_outbox(h, i);

        if (outbox != NULL) {
            act(h, outbox);
        }
    }
}

static void bound_by_one(struct harness *h, const char *outbox)
{
    harness_bound(h, outbox, 1);
}

/* Expects that it has heeded the bound. */
static void check_bound(struct harness *h, const char *outbox)
{
    const struct component *self = harness_component(h);
    struct component *ears = scene_find(harness_scene(h), "ears");

    if (component_inbox(ears, component_find_outbox(self, outbox))->box.queued > 1) {
        fail_msg("%s sends on %s though there is no room", self->type->name, outbox);
    }
}

/* What came out by each outbox, one message after another. */
struct heard {
    char text[16][MESSAGES * 64];
    size_t used[16];
    size_t messages;
};

/* Takes a message from each outbox that has one.  Returns how many there were. */
static size_t hear(struct harness *h, const struct row *row, struct heard *heard)
{
    size_t count = 0;

    for (unsigned i = 0; i < harness_component(h)->plan->outboxes; i++) {
        const char *outbox = data_outbox(h, i);
        const char *text = outbox != NULL ? harness_heard(h, outbox) : NULL;

        if (text == NULL) {
            continue;
        }
        count++;
        if (row->uncounted == NULL || strcmp(row->uncounted, outbox) != 0) {
            heard->used[i] += (size_t)snprintf(heard->text[i] + heard->used[i],
                                               sizeof(heard->text[i]) - heard->used[i],
                                               row->is_stream ? "%s" : "[%s]", text);
            assert_true(heard->used[i] < sizeof(heard->text[i]));
        }
    }
    heard->messages += count;
    return count;
}

/* Tells it to finish, and takes what comes until it has. */
static void finish(struct harness *h, const struct row *row, bool is_slow, struct heard *heard)
{
    const double until = ev_time() + 60;

    if (!component_is_over(harness_component(h))) {
        harness_tell(h, PRODUCER_FINISHED);
    }
    do {
        run(h);
        if (is_slow) {
            for_data_outboxes(h, check_bound);
        }
    } while (hear(h, row, heard) > 0 || has_more(h, until));
    if (harness_component(h)->state != STOPPED) {
        fail_msg("%s does not heed producerFinished", harness_component(h)->type->name);
    }
    if (harness_notice(h, "signal") != PRODUCER_FINISHED) {
        fail_msg("%s does not pass producerFinished on", harness_component(h)->type->name);
    }
}

enum manner { FAST, SLOW, MOVED };

/* Has the graph changed into one that is the same. */
static void move(struct harness *h)
{
    const struct component *self = harness_component(h);

    assert_true(scene_change(harness_scene(h), NULL));
    if (scene_find(harness_scene(h), "it") != self) {
        fail_msg("%s does not stay as it is, though its parameters do", self->type->name);
    }
}

/* A life from the first message to producerFinished.  turns: how many it took. */
static struct heard *live(const struct component_type *type, const struct row *row,
                          enum manner manner, uint64_t *turns)
{
    struct harness *h = start(type, row);
    struct heard *heard = mem_alloc(sizeof(*heard));

    if (manner == SLOW) {
        for_data_outboxes(h, bound_by_one);
    }
    if (manner == MOVED) {
        move(h);
        run(h);
        move(h);
    }
    feed(h, row);
    finish(h, row, manner == SLOW, heard);
    *turns = harness_scene(h)->loop->turns;
    harness_stop(h);
    return heard;
}

/* ---- the rules ---- */

static void compare_lives(const struct component_type *type, const char *other_is,
                          const struct heard *fast, const struct heard *other)
{
    for (size_t i = 0; i < sizeof(fast->text) / sizeof(fast->text[0]); i++) {
        if (strcmp(fast->text[i], other->text[i]) != 0) {
            fail_msg("%s: a fast reader hears %s, %s %s", type->name, fast->text[i], other_is,
                     other->text[i]);
        }
    }
}

static void try_moved(const struct component_type *type, const struct row *row)
{
    uint64_t turns;
    struct heard *still = live(type, row, FAST, &turns);
    struct heard *moved = live(type, row, MOVED, &turns);

    compare_lives(type, "after changes of the graph", still, moved);
    free(still);
    free(moved);
}

static void try_slow_reader(const struct component_type *type, const struct row *row)
{
    uint64_t turns;
    struct heard *fast = live(type, row, FAST, &turns);
    struct heard *slow = live(type, row, SLOW, &turns);

    compare_lives(type, "a slow one", fast, slow);
    if (turns > 20 + 4 * (MESSAGES + slow->messages)) {
        fail_msg("%s takes %u turns for %zu messages", type->name, (unsigned)turns, slow->messages);
    }
    free(fast);
    free(slow);
}

static void try_finish(const struct component_type *type, const struct row *row)
{
    struct harness *h = start(type, row);
    struct heard *heard = mem_alloc(sizeof(*heard));

    for_data_outboxes(h, bound_by_one);
    run(h);
    finish(h, row, true, heard);
    free(heard);
    harness_stop(h);
}

static void try_stop(const struct component_type *type, const struct row *row)
{
    struct harness *h = start(type, row);

    for_data_outboxes(h, harness_block);
    run(h);
    feed(h, row);
    run(h);
    if (component_is_over(harness_component(h))) {
        fail_msg("%s does not wait for room", type->name);
    }
    harness_tell(h, SHUTDOWN_MICROPROCESS);
    run(h);
    if (harness_component(h)->state != STOPPED) {
        fail_msg("%s does not heed shutdownMicroprocess", type->name);
    }
    if (harness_notice(h, "signal") != SHUTDOWN_MICROPROCESS) {
        fail_msg("%s does not pass shutdownMicroprocess on", type->name);
    }
    harness_stop(h);
}

static void try_idle(const struct component_type *type, const struct row *row)
{
    struct harness *h = start(type, row);

    for_data_outboxes(h, bound_by_one);
    run(h);
    if (!scene_rests(harness_scene(h), 0.01)) {
        fail_msg("%s is run with nothing to do", type->name);
    }
    harness_stop(h);
}

static void test_a_change_of_the_graph_does_not_concern_what_stays(void **context)
{
    for_every_type(SLOW_READER, try_moved);
}

static void test_with_a_slow_reader_the_same_comes_out(void **context)
{
    for_every_type(SLOW_READER, try_slow_reader);
}

static void test_producer_finished_ends_it_and_is_passed_on(void **context)
{
    for_every_type(FINISHES, try_finish);
}

static void test_shutdown_microprocess_ends_it_and_is_passed_on(void **context)
{
    for_every_type(STOPS, try_stop);
}

static void test_without_input_it_is_not_run(void **context)
{
    for_every_type(IDLE, try_idle);
}

/* One of each at once: what wakes now and then is found as well. */
static void test_all_of_them_cost_nothing_for_a_second(void **context)
{
    static char yaml[16 * 1024] = "components:\n";
    size_t used = strlen(yaml);
    struct scene *scene;
    unsigned iterations;

    for (size_t i = 0; component_types[i] != NULL; i++) {
        const struct row *row = find_row(component_types[i]);

        if ((row->except & IDLE) == 0) {
            used += (size_t)snprintf(yaml + used, sizeof(yaml) - used, "  %s: {type: %s, <<: %s}\n",
                                     component_types[i]->name, component_types[i]->name,
                                     row->parameters != NULL ? row->parameters : "{}");
            assert_true(used < sizeof(yaml));
        }
    }
    renew_input();
    scene = scene_start(NULL, yaml);
    assert_non_null(scene->graph);
    assert_true(scene_rests(scene, 1));
    iterations = ev_iteration(scene->loop->ev);
    assert_true(scene_rests(scene, 1));

    assert_in_range(ev_iteration(scene->loop->ev) - iterations, 0, 3); /* this test's own timer */
    scene_stop(scene);
}

static void test_every_row_is_of_a_type_and_says_why_a_rule_is_not_for_it(void **context)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t at = 0;

        while (component_types[at] != NULL &&
               strcmp(component_types[at]->name, rows[i].type) != 0) {
            at++;
        }
        if (component_types[at] == NULL) {
            fail_msg("there is no %s", rows[i].type);
        }
        assert_int_equal(rows[i].except != 0, rows[i].because != NULL);
    }
}

/* ---- what they write goes nowhere ---- */

static int saved_stdout = -1;

static int silence(void **context)
{
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)fflush(stdout);
    saved_stdout = dup(STDOUT_FILENO);
    if (nowhere == -1 || saved_stdout == -1 || dup2(nowhere, STDOUT_FILENO) == -1) {
        return -1;
    }
    return close(nowhere);
}

static int end_silence(void **context)
{
    (void)fflush(stdout);
    return dup2(saved_stdout, STDOUT_FILENO) == -1 ? -1 : close(saved_stdout);
}

/* ---- what they read ---- */

static int enter_folder(void **context)
{
    folder_make();
    for (int i = 0; i < MESSAGES; i++) {
        folder_add("text", "a line of text\n");
    }
    return chdir(folder_path("."));
}

static int leave_folder(void **context)
{
    folder_remove();
    return chdir("/");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_change_of_the_graph_does_not_concern_what_stays,
                                        silence, end_silence),
        cmocka_unit_test_setup_teardown(test_with_a_slow_reader_the_same_comes_out, silence,
                                        end_silence),
        cmocka_unit_test_setup_teardown(test_producer_finished_ends_it_and_is_passed_on, silence,
                                        end_silence),
        cmocka_unit_test_setup_teardown(test_shutdown_microprocess_ends_it_and_is_passed_on,
                                        silence, end_silence),
        cmocka_unit_test_setup_teardown(test_without_input_it_is_not_run, silence, end_silence),
        cmocka_unit_test_setup_teardown(test_all_of_them_cost_nothing_for_a_second, silence,
                                        end_silence),
        cmocka_unit_test(test_every_row_is_of_a_type_and_says_why_a_rule_is_not_for_it),
    };

    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
