/* Connections change over from one root graph to another; here both are in this process. */
#include "graph/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "graph/graph.h"
#include "graph/parcel.h"
#include "tests/count_descriptors.h"
#include "tests/scene.h"
#include "tests/unit.h"

#define UPPER                                                                                      \
    "{type: Pipeline, components: [{type: LineFramer}, {type: PureTransformer, function: upper}]}"

/* A server at an abstract address of this process's, with a handler that hands over. */
static struct scene *serve(const char *name, const char *protocol)
{
    char yaml[600];

    (void)snprintf(yaml, sizeof(yaml),
                   "components:\n"
                   "  server: {type: TCPServer, host: \"unix:@axond-%d-%s\"}\n"
                   "  handler: {type: ProtocolHandler, handover: true, protocol: %s}\n"
                   "linkages: [server -> handler]\n",
                   (int)getpid(), name, protocol);
    return scene_start(NULL, yaml);
}

static bool has_connection(void *arg)
{
    const struct scene *scene = arg;

    return handover_count(scene->graph) == 1;
}

/* Returns its size. */
static socklen_t make_address(const char *name, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1) +
           (socklen_t)snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, "axond-%d-%s",
                               (int)getpid(), name);
}

static int connect_to(struct scene *scene, const char *name)
{
    struct sockaddr_un address;
    const socklen_t size = make_address(name, &address);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_return_code(connect(fd, (struct sockaddr *)&address, size), errno);
    scene_wait(scene, has_connection, scene);
    return fd;
}

static bool is_readable(void *arg)
{
    struct pollfd client = {.fd = *(int *)arg, .events = POLLIN};

    return poll(&client, 1, 0) == 1;
}

static void hears(struct scene *scene, int client, const char *expected)
{
    char text[100] = "";
    size_t size = 0;

    while (size < strlen(expected)) {
        ssize_t got;

        scene_wait(scene, is_readable, &client);
        got = read(client, text + size, sizeof(text) - 1 - size);
        assert_true(got > 0);
        size += (size_t)got;
    }
    assert_string_equal(text, expected);
}

static void says(int client, const char *text)
{
    assert_int_equal(write(client, text, strlen(text)), strlen(text));
}

/* ---- packing */

struct packed {
    struct parcel parcel; /* its descriptors are ours */
    size_t count;
    bool is_wanted;
};

static bool take(void *arg, struct graph *connection, struct parcel *parcel)
{
    struct packed *packed = arg;

    if (!packed->is_wanted) {
        return false;
    }
    packed->count++;
    packed->parcel = (struct parcel){.fd_count = parcel->fd_count};
    parcel_put(&packed->parcel, parcel->bytes, parcel->size);
    for (unsigned i = 0; i < parcel->fd_count; i++) {
        packed->parcel.fds[i] = fcntl(parcel->fds[i], F_DUPFD_CLOEXEC, 3);
    }
    handover_let_go(connection);
    return true;
}

/* Packs what the other root graph takes. */
static struct packed pack_for(const struct scene *from, const struct scene *to)
{
    struct packed packed = {.is_wanted = true};
    struct parcel offer = {0};
    const struct courier courier = {.offer = &offer, .take = take, .arg = &packed};

    handover_offer(to->graph, &offer);
    handover_pack(from->graph, &courier);
    parcel_deinit(&offer, false);
    return packed;
}

/* The same parcel once more, as if it had been received: its first "size" bytes. */
static struct parcel copy(const struct packed *packed, size_t size)
{
    struct parcel parcel = {.fd_count = packed->parcel.fd_count};

    parcel_put(&parcel, packed->parcel.bytes, size);
    for (unsigned i = 0; i < parcel.fd_count; i++) {
        parcel.fds[i] = fcntl(packed->parcel.fds[i], F_DUPFD_CLOEXEC, 3);
    }
    return parcel;
}

/* ---- tests */

static void test_a_connection_goes_on_in_the_middle_of_a_line(void **context)
{
    struct scene *here = serve("here", UPPER);
    struct scene *there = serve("there", UPPER);
    const int client = connect_to(here, "here");
    struct packed packed;

    says(client, "one\ntw");
    hears(here, client, "ONE\n");
    packed = pack_for(here, there);
    assert_int_equal(packed.count, 1);
    assert_int_equal(handover_count(here->graph), 0);
    assert_null(handover_unpack(there->graph, &packed.parcel));

    assert_true(parcel_is_at_end(&packed.parcel));
    assert_int_equal(handover_count(there->graph), 1);
    says(client, "o\n");
    hears(there, client, "TWO\n");
    parcel_deinit(&packed.parcel, true);
    (void)close(client);
    scene_stop(here);
    scene_stop(there);
}

static void test_one_that_nobody_takes_stays_as_it_is(void **context)
{
    struct scene *here = serve("here", UPPER);
    const int client = connect_to(here, "here");
    struct packed packed = {.is_wanted = false};
    struct parcel offer = {0};
    const struct courier courier = {.offer = &offer, .take = take, .arg = &packed};

    handover_offer(here->graph, &offer);
    handover_pack(here->graph, &courier);

    assert_int_equal(handover_count(here->graph), 1);
    says(client, "still\n");
    hears(here, client, "STILL\n");
    parcel_deinit(&offer, false);
    (void)close(client);
    scene_stop(here);
}

static void test_only_what_is_offered_is_packed(void **context)
{
    struct scene *here = serve("here", UPPER);
    struct scene *there = serve("there", "EchoProtocol");
    const int client = connect_to(here, "here");
    struct packed packed = pack_for(here, there);

    assert_int_equal(packed.count, 0);
    assert_int_equal(handover_count(here->graph), 1);
    (void)close(client);
    scene_stop(here);
    scene_stop(there);
}

static void test_what_has_no_place_is_refused_in_words(void **context)
{
    struct scene *here = serve("here", UPPER);
    struct scene *other = serve("other", "EchoProtocol");
    struct scene *without = scene_start(NULL, "components:\n  server: {type: Discard}\n");
    const int client = connect_to(here, "here");
    struct packed packed = pack_for(here, here);
    struct parcel first = copy(&packed, packed.parcel.size);
    struct parcel second = copy(&packed, packed.parcel.size);

    assert_string_equal(handover_unpack(other->graph, &first), "its protocol is another one here");
    assert_string_equal(handover_unpack(without->graph, &second),
                        "its server or its handler is not here, or takes none");

    assert_int_equal(handover_count(other->graph), 0);
    parcel_deinit(&first, true);
    parcel_deinit(&second, true);
    parcel_deinit(&packed.parcel, true);
    (void)close(client);
    scene_stop(here);
    scene_stop(other);
    scene_stop(without);
}

/* A connection in the middle of a line; or one of a proxy, to a server that does not answer. */
static struct packed pack_some(struct scene *here, bool is_proxy)
{
    struct sockaddr_un address;
    const socklen_t size = make_address("backend", &address);
    const int backend = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct packed packed;
    int waits = backend;
    int client;
    int server;

    assert_return_code(bind(backend, (struct sockaddr *)&address, size), errno);
    assert_return_code(listen(backend, 10), errno);
    client = connect_to(here, "here");
    says(client, "one\ntw");
    if (is_proxy) {
        scene_wait(here, is_readable, &waits);
        server = accept4(backend, NULL, NULL, SOCK_CLOEXEC);
        hears(here, server, "one\ntw");
        (void)close(server);
    } else {
        hears(here, client, "ONE\n");
    }
    packed = pack_for(here, here);
    assert_int_equal(packed.count, 1);
    assert_int_equal(packed.parcel.fd_count, is_proxy ? 2 : 1);
    (void)close(client);
    (void)close(backend);
    return packed;
}

static struct scene *serve_some(bool is_proxy)
{
    char proxy[100];

    (void)snprintf(proxy, sizeof(proxy), "{type: TCPClient, host: \"unix:@axond-%d-backend\"}",
                   (int)getpid());
    return serve("here", is_proxy ? proxy : UPPER);
}

static void check_parts(bool is_proxy)
{
    struct scene *here = serve_some(is_proxy);
    struct packed packed = pack_some(here, is_proxy);
    const int before = count_descriptors();

    for (size_t size = 0; size < packed.parcel.size; size++) {
        struct parcel part = copy(&packed, size);

        assert_non_null(handover_unpack(here->graph, &part));
        parcel_deinit(&part, true);
        scene_run(here);
        assert_int_equal(handover_count(here->graph), 0);
        assert_int_equal(count_descriptors(), before);
    }
    parcel_deinit(&packed.parcel, true);
    scene_stop(here);
}

static void test_one_that_breaks_off_anywhere_is_refused_and_closed(void **context)
{
    check_parts(false);
    check_parts(true);
}

static void test_one_without_its_descriptor_is_refused(void **context)
{
    struct scene *here = serve("here", UPPER);
    const int client = connect_to(here, "here");
    struct packed packed = pack_for(here, here);
    struct parcel parcel = copy(&packed, packed.parcel.size);

    (void)close(parcel.fds[0]);
    parcel.fd_count = 0;
    assert_non_null(handover_unpack(here->graph, &parcel));

    scene_run(here);
    assert_int_equal(handover_count(here->graph), 0);
    parcel_deinit(&parcel, true);
    parcel_deinit(&packed.parcel, true);
    (void)close(client);
    scene_stop(here);
}

/* What then becomes of it is open, as long as nothing breaks. */
static void check_changes(bool is_proxy)
{
    static const unsigned char changes[] = {0x01, 0x80, 0xff};
    struct scene *here = serve_some(is_proxy);
    struct packed packed = pack_some(here, is_proxy);

    for (size_t i = 0; i < packed.parcel.size * sizeof(changes); i++) {
        struct parcel parcel = copy(&packed, packed.parcel.size);

        parcel.bytes[i / sizeof(changes)] ^= changes[i % sizeof(changes)];
        (void)!handover_unpack(here->graph, &parcel);
        parcel_deinit(&parcel, true);
        scene_run(here);
    }
    parcel_deinit(&packed.parcel, true);
    scene_stop(here);
}

static void test_a_byte_that_has_changed_harms_nobody(void **context)
{
    check_changes(false);
    check_changes(true);
}

static void test_a_graph_of_which_a_part_has_gone_offers_the_rest(void **context)
{
    struct scene *here = serve("here", UPPER);
    struct parcel offer = {0};
    const struct courier courier = {.offer = &offer, .take = take};

    assert_true(scene_change(here, "components:\n  alone: {type: Discard}\n"));
    scene_run(here);
    handover_offer(here->graph, &offer);
    handover_pack(here->graph, &courier);

    assert_true(parcel_is_at_end(&offer));
    assert_int_equal(handover_count(here->graph), 0);
    parcel_deinit(&offer, false);
    scene_stop(here);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_connection_goes_on_in_the_middle_of_a_line),
        cmocka_unit_test(test_one_that_nobody_takes_stays_as_it_is),
        cmocka_unit_test(test_only_what_is_offered_is_packed),
        cmocka_unit_test(test_what_has_no_place_is_refused_in_words),
        cmocka_unit_test(test_one_that_breaks_off_anywhere_is_refused_and_closed),
        cmocka_unit_test(test_one_without_its_descriptor_is_refused),
        cmocka_unit_test(test_a_byte_that_has_changed_harms_nobody),
        cmocka_unit_test(test_a_graph_of_which_a_part_has_gone_offers_the_rest),
    };

    return cmocka_run_group_tests_name("handover", tests, NULL, NULL);
}
