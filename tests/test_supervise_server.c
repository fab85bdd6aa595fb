/* Supervision of what others find by a name or an address: services and servers. */
#include "graph/supervise.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "graph/drain.h"
#include "graph/graph.h"
#include "graph/inspect.h"
#include "graph/service.h"
#include "tests/faulty.h"
#include "tests/unit.h"

static struct component *it(const struct scene *scene)
{
    return scene_find(scene, "it");
}

/* ---- services ---- */

static void bell_receive(struct component *self, struct message *msg)
{
    uint64_t *rings = component_state(self);

    ++*rings;
    if (msg->kind == SERVER_SHUTDOWN) {
        (void)component_fail(self, 0, "it cracked");
    }
    message_release(msg);
}

static const struct box_spec bell_inboxes[] = {
    {.name = "notify", .carries = NOTICES, .doc = "rings", .receive = bell_receive},
    {.name = "control", .carries = NOTICES, .doc = "x"},
    {0},
};

static const struct box_spec bell_outboxes[] = {
    {.name = "signal", .carries = NOTICES, .doc = "x"},
    {0},
};

static int bell_start(struct component *self)
{
    return service_register(component_loop(self), "belfry", self, component_inbox(self, 0));
}

static const struct component_type bell_type = {
    .name = "Bell",
    .summary = "counts its rings",
    .size = sizeof(uint64_t),
    .inboxes = bell_inboxes,
    .outboxes = bell_outboxes,
    .start = bell_start,
};

static const struct component_type *const service_types[] = {&bell_type, NULL};

static void ring(const struct scene *scene, enum message_kind kind)
{
    struct inbox *in = service_find(scene->loop, "belfry");

    assert_non_null(in);
    inbox_deliver(in, message_notice(&scene->loop->pool, kind, NULL, 0), NULL);
}

static void test_a_service_keeps_its_name_and_what_it_is_sent(void **context)
{
    struct scene *scene = scene_start(
        service_types, "components: {it: {type: Bell, restart: {delay: 1ms}}, x: {type: Probe}}\n");
    const uint64_t *rings = component_state(it(scene));

    ring(scene, SERVER_SHUTDOWN);
    assert_int_equal(it(scene)->state, RESTARTING);
    ring(scene, NEW_CSA);
    ring(scene, NEW_CSA);
    assert_int_equal(*rings, 1);
    faulty_wait_restarts(scene, "it", 1);
    ring(scene, NEW_CSA);

    assert_int_equal(*rings, 3);
    scene_stop(scene);
}

/* ---- a real one ---- */

static int connect_to(const char *address)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const char *colon = strrchr(address, ':');

    assert_non_null(colon);
    assert_true(fd >= 0);
    to.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static bool has_connection(void *arg)
{
    return ((const struct scene *)arg)->loop->connections->places.taken == 1;
}

static void test_a_server_that_fails_listens_again(void **context)
{
    struct scene *scene = scene_start(NULL, "components:\n"
                                            "  it: {type: TCPServer, host: 127.0.0.1}\n"
                                            "  echo: {type: ProtocolHandler, protocol: Discard}\n"
                                            "linkages: [it -> echo]\n");
    char address[200];
    char byte;
    int fd;

    assert_int_equal(it(scene)->plan->restart->policy, RESTART_ON_FAILURE); /* it is to last */
    assert_true(component_listens(it(scene), address, sizeof(address)));
    fd = connect_to(address);
    scene_wait(scene, has_connection, scene);
    (void)component_fail(it(scene), EBADF, "it broke");
    assert_int_equal(scene->loop->connections->places.taken, 0);
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    (void)close(fd);
    faulty_wait_restarts(scene, "it", 1);

    assert_true(component_listens(it(scene), address, sizeof(address)));
    (void)close(connect_to(address));
    assert_int_equal(scene_find(scene, "echo")->state, RUNNING);
    scene_stop(scene);
}

static void test_draining_a_server_ends_it_whether_it_waits_or_not(void **context)
{
    struct scene *scene =
        scene_start(NULL, "components:\n"
                          "  it: {type: TCPServer, host: 127.0.0.1, restart: always}\n"
                          "  that: {type: TCPServer, host: 127.0.0.1, restart: {delay: 30s}}\n"
                          "  echo: {type: ProtocolHandler, protocol: Discard}\n"
                          "linkages: [it -> echo, that -> echo]\n");

    (void)component_fail(scene_find(scene, "that"), 0, "it broke");
    assert_int_equal(scene_find(scene, "that")->state, RESTARTING);
    component_drain(it(scene));
    component_drain(scene_find(scene, "that"));

    assert_int_equal(it(scene)->state, STOPPED);
    assert_int_equal(scene_find(scene, "that")->state, STOPPED);
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_service_keeps_its_name_and_what_it_is_sent),
        cmocka_unit_test(test_a_server_that_fails_listens_again),
        cmocka_unit_test(test_draining_a_server_ends_it_whether_it_waits_or_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
