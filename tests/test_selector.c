/* Selector, after the original's own test suite, with real descriptors. */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "graph/graph.h"
#include "graph/readiness.h"
#include "graph/service.h"
#include "tests/scene.h"
#include "tests/unit.h"

/* Has a descriptor watched when the test says so, and counts what it is told. */
struct watcher {
    struct readiness readiness;
    int far_end; /* of the socket pair whose near end is watched */
    unsigned readable;
    unsigned writable;
    unsigned turn; /* its last one, among those of all */
};

static unsigned turns;

enum { WATCHER_CONTROL, WATCHER_READ_READY, WATCHER_SEND_READY };
enum { WATCHER_SIGNAL, WATCHER_SELECTOR_SIGNAL };

static const struct box_spec watcher_inboxes[] = {
    [WATCHER_CONTROL] = {.name = "control", .carries = NOTICES, .doc = "stop"},
    [WATCHER_READ_READY] = {.name = "ReadReady", .carries = READINESS, .doc = "it can be read"},
    [WATCHER_SEND_READY] = {.name = "SendReady", .carries = READINESS, .doc = "it can be written"},
    {0},
};
static const struct box_spec watcher_outboxes[] = {
    [WATCHER_SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "stopped"},
    [WATCHER_SELECTOR_SIGNAL] = {.name = "_selectorSignal",
                                 .carries = NOTICES,
                                 .rare = true,
                                 .service = "selector",
                                 .doc = "newReader and its like"},
    {0},
};

static void ask(struct component *self, enum message_kind kind)
{
    struct watcher *watcher = component_state(self);
    struct message *msg = message_notice(component_pool(self), kind, self, 0);

    msg->readiness = &watcher->readiness;
    outbox_send(self, WATCHER_SELECTOR_SIGNAL, msg);
}

static int watcher_start(struct component *self)
{
    struct watcher *watcher = component_state(self);
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    watcher->far_end = ends[1];
    readiness_init(&watcher->readiness, self, ends[0], WATCHER_READ_READY, WATCHER_SEND_READY);
    return 0;
}

static void watcher_run(struct component *self)
{
    struct watcher *watcher = component_state(self);

    watcher->turn = ++turns;
    watcher->readable += inbox_is_ready(self, WATCHER_READ_READY) ? 1 : 0;
    watcher->writable += inbox_is_ready(self, WATCHER_SEND_READY) ? 1 : 0;
}

static void watcher_stop(struct component *self)
{
    struct watcher *watcher = component_state(self);

    ask(self, REMOVE_READER);
    ask(self, REMOVE_WRITER);
    close(readiness_fd(&watcher->readiness));
    close(watcher->far_end);
}

static const struct component_type watcher_type = {
    .name = "Watcher",
    .summary = "counts what the Selector tells it",
    .size = sizeof(struct watcher),
    .inboxes = watcher_inboxes,
    .outboxes = watcher_outboxes,
    .start = watcher_start,
    .run = watcher_run,
    .stop = watcher_stop,
};

static const struct component_type *const types[] = {&watcher_type, NULL};

struct cast {
    struct scene *scene;
    struct component *a, *b, *c;
};

static void start(struct cast *cast)
{
    cast->scene = scene_start(types, "components:\n"
                                     "  a: {type: Watcher}\n"
                                     "  b: {type: Watcher}\n"
                                     "  c: {type: Watcher}\n");
    cast->a = scene_find(cast->scene, "a");
    cast->b = scene_find(cast->scene, "b");
    cast->c = scene_find(cast->scene, "c");
}

static struct watcher *watcher_of(struct component *component)
{
    return component_state(component);
}

/* Makes the watched end readable. */
static void poke(struct component *component)
{
    assert_int_equal(write(watcher_of(component)->far_end, "x", 1), 1);
}

static void unpoke(struct component *component)
{
    char byte;

    assert_int_equal(read(readiness_fd(&watcher_of(component)->readiness), &byte, 1), 1);
}

/* One iteration that does not sleep, and what it woke. */
static void look(struct cast *cast)
{
    loop_once(cast->scene->loop, false);
    scene_run(cast->scene);
}

static struct component *selector_of(struct cast *cast)
{
    struct inbox *notify = service_find(cast->scene->loop, "selector");

    assert_non_null(notify);
    return box_owner(&notify->box);
}

static uint64_t selector_stat(struct cast *cast, const char *name)
{
    struct component *selector = selector_of(cast);
    const struct stat_spec *spec = selector->type->statistics;

    while (strcmp(spec->name, name) != 0) {
        spec++;
        assert_non_null(spec->name);
    }
    return *(const uint64_t *)(const void *)((const char *)component_state(selector) +
                                             spec->offset);
}

static void test_it_waits_for_requests_without_a_turn(void **context)
{
    struct cast cast;

    start(&cast);
    assert_int_equal(selector_of(&cast)->state, RUNNING);
    for (int i = 0; i < 100; i++) {
        look(&cast);
    }

    assert_int_equal(cast.scene->loop->turns, 0);
    assert_int_equal(selector_of(&cast)->state, RUNNING);
    scene_stop(cast.scene);
}

/* One after the other, in the next look. */
static void assert_turns(struct cast *cast, struct component *first, struct component *second,
                         struct component *third)
{
    const unsigned before = turns;

    look(cast);
    assert_int_equal(watcher_of(first)->turn, before + 1);
    assert_int_equal(watcher_of(second)->turn, before + 2);
    assert_int_equal(watcher_of(third)->turn, before + 3);
}

static void test_who_is_ready_first_is_run_first(void **context)
{
    struct cast cast;

    start(&cast);
    ask(cast.a, NEW_READER);
    ask(cast.b, NEW_READER);
    ask(cast.c, NEW_READER);
    look(&cast);
    poke(cast.c);
    poke(cast.a);
    poke(cast.b);

    assert_turns(&cast, cast.c, cast.a, cast.b);
    scene_stop(cast.scene);
}

static void test_who_waits_for_his_turn_comes_before_who_is_told(void **context)
{
    struct cast cast;

    start(&cast);
    ask(cast.a, NEW_READER);
    ask(cast.b, NEW_READER);
    look(&cast);
    poke(cast.b);
    poke(cast.a);
    component_wake(cast.c);

    assert_turns(&cast, cast.c, cast.b, cast.a);
    scene_stop(cast.scene);
}

static void test_a_reader_is_told_when_it_can_read(void **context)
{
    struct cast cast;

    start(&cast);
    ask(cast.a, NEW_READER);
    look(&cast);
    assert_int_equal(watcher_of(cast.a)->readable, 0);
    poke(cast.a);
    look(&cast);

    assert_int_equal(watcher_of(cast.a)->readable, 1);
    assert_int_equal(watcher_of(cast.a)->writable, 0);
    unpoke(cast.a);
    scene_stop(cast.scene);
}

static void test_each_reader_is_told_of_its_own_descriptor(void **context)
{
    struct cast cast;

    start(&cast);
    ask(cast.a, NEW_READER);
    ask(cast.b, NEW_READER);
    ask(cast.c, NEW_READER);
    assert_int_equal(selector_stat(&cast, "watched"), 3);
    poke(cast.b);
    look(&cast);
    unpoke(cast.b);
    poke(cast.c);
    look(&cast);
    unpoke(cast.c);

    assert_int_equal(watcher_of(cast.a)->readable, 0);
    assert_int_equal(watcher_of(cast.b)->readable, 1);
    assert_int_equal(watcher_of(cast.c)->readable, 1);
    scene_stop(cast.scene);
}

static void test_a_removed_reader_is_told_nothing(void **context)
{
    struct cast cast;

    start(&cast);
    ask(cast.a, NEW_READER);
    ask(cast.a, REMOVE_READER);
    poke(cast.a);
    look(&cast);

    assert_int_equal(watcher_of(cast.a)->readable, 0);
    assert_int_equal(selector_stat(&cast, "watched"), 0);
    scene_stop(cast.scene);
}

static void test_each_writer_is_told_of_its_own_descriptor(void **context)
{
    struct cast cast;

    start(&cast);
    ask(cast.a, NEW_WRITER);
    ask(cast.b, NEW_WRITER);
    look(&cast);

    assert_int_equal(watcher_of(cast.a)->writable, 1);
    assert_int_equal(watcher_of(cast.b)->writable, 1);
    assert_int_equal(watcher_of(cast.c)->writable, 0);
    assert_int_equal(watcher_of(cast.a)->readable, 0);
    scene_stop(cast.scene);
}

static void test_a_removed_writer_is_told_nothing(void **context)
{
    struct cast cast;

    start(&cast);
    ask(cast.a, NEW_WRITER);
    ask(cast.a, REMOVE_WRITER);
    look(&cast);

    assert_int_equal(watcher_of(cast.a)->writable, 0);
    scene_stop(cast.scene);
}

/* The original served only the first of two requests for a descriptor. */
static void test_a_descriptor_may_have_a_reader_and_a_writer(void **context)
{
    struct cast cast;

    start(&cast);
    ask(cast.a, NEW_READER);
    ask(cast.a, NEW_WRITER);
    poke(cast.a);
    look(&cast);
    assert_int_equal(watcher_of(cast.a)->readable, 1);
    assert_int_equal(watcher_of(cast.a)->writable, 1);
    ask(cast.a, REMOVE_WRITER);
    look(&cast);

    assert_int_equal(watcher_of(cast.a)->readable, 2);
    assert_int_equal(watcher_of(cast.a)->writable, 1);
    scene_stop(cast.scene);
}

/* The original forgot a reader after one event. */
static void test_a_reader_is_told_again_until_it_is_removed(void **context)
{
    struct cast cast;

    start(&cast);
    ask(cast.a, NEW_READER);
    for (unsigned i = 1; i <= 3; i++) {
        poke(cast.a);
        look(&cast);
        unpoke(cast.a);
        assert_int_equal(watcher_of(cast.a)->readable, i);
    }

    scene_stop(cast.scene);
}

static void test_a_request_that_is_made_twice_is_one(void **context)
{
    struct cast cast;

    start(&cast);
    ask(cast.a, NEW_READER);
    ask(cast.a, NEW_READER);
    assert_int_equal(selector_stat(&cast, "watched"), 1);
    ask(cast.a, REMOVE_READER);
    ask(cast.a, REMOVE_READER);

    assert_int_equal(selector_stat(&cast, "watched"), 0);
    scene_stop(cast.scene);
}

/* Hangs up on the watched end of a pair. */
static void break_it(struct component *component)
{
    assert_int_equal(shutdown(watcher_of(component)->far_end, SHUT_RDWR), 0);
}

static void test_who_asks_for_the_exceptional_is_told_once_that_it_is_broken(void **context)
{
    struct cast cast;

    start(&cast);
    ask(cast.a, NEW_EXCEPTIONAL);
    ask(cast.b, NEW_EXCEPTIONAL);
    poke(cast.a); /* what can be read is nothing exceptional */
    scene_wait_seconds(cast.scene, 2.5);
    assert_int_equal(watcher_of(cast.a)->writable, 0);
    break_it(cast.a);
    scene_wait_seconds(cast.scene, 2.5);

    assert_int_equal(watcher_of(cast.a)->writable, 1);
    assert_int_equal(watcher_of(cast.a)->readable, 0);
    assert_int_equal(watcher_of(cast.b)->writable, 0);
    ask(cast.a, REMOVE_EXCEPTIONAL);
    ask(cast.b, REMOVE_EXCEPTIONAL);
    scene_stop(cast.scene);
}

static void test_one_that_broke_before_it_was_watched_is_told_as_well(void **context)
{
    struct cast cast;

    start(&cast);
    break_it(cast.a);
    ask(cast.a, NEW_EXCEPTIONAL);
    look(&cast);
    assert_int_equal(watcher_of(cast.a)->writable, 0); /* most need not be watched */
    scene_wait_seconds(cast.scene, 2.5);

    assert_int_equal(watcher_of(cast.a)->writable, 1);
    ask(cast.a, REMOVE_EXCEPTIONAL);
    scene_stop(cast.scene);
}

static void test_one_that_no_longer_asks_is_told_nothing(void **context)
{
    struct cast cast;

    start(&cast);
    ask(cast.a, NEW_EXCEPTIONAL);
    ask(cast.b, NEW_EXCEPTIONAL);
    ask(cast.c, NEW_EXCEPTIONAL);
    ask(cast.a, REMOVE_EXCEPTIONAL);
    ask(cast.a, REMOVE_EXCEPTIONAL);
    scene_wait_seconds(cast.scene, 2.5);
    ask(cast.b, REMOVE_EXCEPTIONAL);
    break_it(cast.a);
    break_it(cast.b);
    break_it(cast.c);
    scene_wait_seconds(cast.scene, 2.5);

    assert_int_equal(watcher_of(cast.a)->writable, 0);
    assert_int_equal(watcher_of(cast.b)->writable, 0);
    assert_int_equal(watcher_of(cast.c)->writable, 1);
    ask(cast.c, REMOVE_EXCEPTIONAL);
    assert_int_equal(selector_stat(&cast, "unsupported"), 0);
    scene_stop(cast.scene);
}

/* In the original, one server's end stopped the Selector of all. */
static void test_no_user_can_stop_it_for_the_others(void **context)
{
    struct cast cast;

    start(&cast);
    ask(cast.a, NEW_READER);
    outbox_notify(cast.b, WATCHER_SELECTOR_SIGNAL, SHUTDOWN_MICROPROCESS, NULL, 0);
    outbox_notify(cast.b, WATCHER_SELECTOR_SIGNAL, SERVER_SHUTDOWN, NULL, 0);
    component_finish(cast.c);
    scene_run(cast.scene);
    poke(cast.a);
    look(&cast);

    assert_int_equal(watcher_of(cast.a)->readable, 1);
    assert_int_equal(selector_of(&cast)->state, RUNNING);
    scene_stop(cast.scene);
}

/* select(2), which the original used, ends at 1024. */
static void test_descriptors_above_1024_are_watched(void **context)
{
    struct cast cast;
    struct rlimit before, more;
    struct watcher *watcher;
    int high;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    more = before;
    more.rlim_cur = more.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &more), 0);
    start(&cast);
    watcher = watcher_of(cast.a);
    high = fcntl(readiness_fd(&watcher->readiness), F_DUPFD_CLOEXEC, 1100);
    assert_true(high >= 1100);
    close(readiness_fd(&watcher->readiness));
    readiness_init(&watcher->readiness, cast.a, high, WATCHER_READ_READY, WATCHER_SEND_READY);
    ask(cast.a, NEW_READER);
    poke(cast.a);
    look(&cast);

    assert_int_equal(watcher->readable, 1);
    scene_stop(cast.scene);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_waits_for_requests_without_a_turn),
        cmocka_unit_test(test_who_is_ready_first_is_run_first),
        cmocka_unit_test(test_who_waits_for_his_turn_comes_before_who_is_told),
        cmocka_unit_test(test_a_reader_is_told_when_it_can_read),
        cmocka_unit_test(test_each_reader_is_told_of_its_own_descriptor),
        cmocka_unit_test(test_a_removed_reader_is_told_nothing),
        cmocka_unit_test(test_each_writer_is_told_of_its_own_descriptor),
        cmocka_unit_test(test_a_removed_writer_is_told_nothing),
        cmocka_unit_test(test_a_descriptor_may_have_a_reader_and_a_writer),
        cmocka_unit_test(test_a_reader_is_told_again_until_it_is_removed),
        cmocka_unit_test(test_a_request_that_is_made_twice_is_one),
        cmocka_unit_test(test_who_asks_for_the_exceptional_is_told_once_that_it_is_broken),
        cmocka_unit_test(test_one_that_broke_before_it_was_watched_is_told_as_well),
        cmocka_unit_test(test_one_that_no_longer_asks_is_told_nothing),
        cmocka_unit_test(test_no_user_can_stop_it_for_the_others),
        cmocka_unit_test(test_descriptors_above_1024_are_watched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
