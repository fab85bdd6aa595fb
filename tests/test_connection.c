/* Connections: who belongs to which, and their ends in words. */
#include "graph/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "graph/blueprint.h"
#include "graph/graph.h"
#include "graph/plan.h"
#include "tests/scene.h"
#include "tests/unit.h"

/* ---- a socket, and what holds graphs as a chassis does */

static bool describe_peer(struct component *self, char *text, size_t size)
{
    (void)snprintf(text, size, "somebody");
    return true;
}

static bool ends_of_socket(struct component *self, struct connection_ends *ends)
{
    *ends =
        (struct connection_ends){.peer = {.ss_family = AF_INET}, .local = {.ss_family = AF_UNIX}};
    return true;
}

static const struct box_spec no_boxes[] = {{0}};

static const struct component_type socket_type = {
    .name = "TestSocket",
    .summary = "stands for a connection",
    .inboxes = no_boxes,
    .outboxes = no_boxes,
    .describe_peer = describe_peer,
    .connection_ends = ends_of_socket,
};

struct holder {
    uint64_t made;
    struct list graphs; /* not the first: 0 would mean that there is none */
};

static int holder_start(struct component *self)
{
    struct holder *holder = component_state(self);

    list_init(&holder->graphs);
    return 0;
}

static const struct component_type holder_type = {
    .name = "TestHolder",
    .summary = "holds graphs",
    .size = sizeof(struct holder),
    .inboxes = no_boxes,
    .outboxes = no_boxes,
    .children = offsetof(struct holder, graphs),
    .start = holder_start,
};

static const struct component_type *const types[] = {&holder_type, &socket_type, NULL};

/* Makes a graph of one component, and starts it. */
static struct component *make(struct component *holder, const struct component_type *type)
{
    struct holder *state = component_state(holder);
    struct plan *plan = plan_single(type);
    struct blueprint *blueprint = blueprint_create(component_loop(holder), plan);
    struct graph *graph = blueprint_instantiate(blueprint, holder, ++state->made);

    plan_release(plan);
    blueprint_release(blueprint); /* the instance keeps it */
    assert_int_equal(graph_start_instance(graph), 0);
    return graph_component(graph, 0);
}

static void test_a_protocol_and_what_it_holds_belong_to_the_connection(void **context)
{
    struct scene *scene = scene_start(types, "components: {it: {type: TestHolder}}\n");
    struct component *root = scene_find(scene, "it");
    struct component *socket = make(root, &socket_type);
    struct component *protocol = make(root, &holder_type);
    struct component *inner = make(protocol, &probe_type);
    struct connection_ends ends;

    assert_null(connection_of(inner)); /* they are not joined yet */
    assert_false(connection_ends_of(inner, &ends));
    graph_pair(protocol->graph, socket->graph);

    assert_ptr_equal(connection_of(socket), socket);
    assert_ptr_equal(connection_of(protocol), socket);
    assert_ptr_equal(connection_of(inner), socket);
    assert_true(connection_ends_of(inner, &ends));
    assert_int_equal(ends.peer.ss_family, AF_INET);
    assert_null(connection_of(root));
    graph_destroy(socket->graph);
    assert_null(connection_of(inner));
    scene_stop(scene);
}

static void check_host(int family, const char *address, const char *expected)
{
    struct sockaddr_storage end = {.ss_family = (sa_family_t)family};
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)&end;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)&end;
    void *to = family == AF_INET ? (void *)&in->sin_addr : (void *)&in6->sin6_addr;
    char host[HOST_SIZE];
    uint16_t port;

    assert_int_equal(inet_pton(family, address, to), 1);
    in->sin_port = htons(8080); /* at the same place in both */

    assert_true(connection_host(&end, host, &port));
    assert_string_equal(host, expected);
    assert_int_equal(port, 8080);
}

static void test_an_end_is_a_number_and_a_port(void **context)
{
    check_host(AF_INET, "192.0.2.7", "192.0.2.7");
    check_host(AF_INET6, "2001:db8::7", "2001:db8::7");
    check_host(AF_INET6, "::ffff:192.0.2.7", "192.0.2.7");
}

static void test_an_end_of_a_unix_socket_is_neither(void **context)
{
    const struct sockaddr_storage end = {.ss_family = AF_UNIX};
    char host[HOST_SIZE];
    uint16_t port;

    assert_false(connection_host(&end, host, &port));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_protocol_and_what_it_holds_belong_to_the_connection),
        cmocka_unit_test(test_an_end_is_a_number_and_a_port),
        cmocka_unit_test(test_an_end_of_a_unix_socket_is_neither),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
