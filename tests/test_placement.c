/* Placement: which component lives on which worker. */
#include "graph/placement.h"

#include "components/component_types.h"
#include "graph/error.h"
#include "graph/plan.h"
#include "tests/unit.h"

#define SERVER "  server: {type: TCPServer, listenport: 2000}\n"
#define ECHO   "  echo: {type: ProtocolHandler, protocol: EchoProtocol}\n"

/* Expects the components of a file, in its order, to live on these of three workers: "0", "1", "2",
 * or "*" for every. */
static void lives(const char *yaml, const char *expected)
{
    const struct plan_options options = {.types = component_types};
    struct errors *errors = errors_create();
    struct plan *plan = plan_parse("placement.yaml", yaml, strlen(yaml), &options, errors);
    char text[64] = "";
    uint8_t *places;

    if (plan == NULL) {
        errors_print(errors, stderr, false);
        fail_msg("the graph has a mistake");
        return;
    }
    places = placement_create(plan, 3);
    for (size_t i = 0; i < plan->component_count && i < sizeof(text) - 1; i++) {
        text[i] = places[i] == EVERY_WORKER ? '*' : (char)('0' + places[i]);
    }
    assert_string_equal(text, expected);
    free(places);
    plan_release(plan);
    errors_destroy(errors);
}

static void test_servers_and_their_handlers_live_on_every_worker(void **context)
{
    lives("components:\n" SERVER ECHO "linkages: [server -> echo]\n", "**");
}

static void test_a_backplane_lives_on_every_worker(void **context)
{
    lives("components:\n  room: {type: Backplane, name: room}\n", "*");
}

static void test_the_others_are_dealt_out_in_the_order_of_the_file(void **context)
{
    lives("components:\n"
          "  a: {type: NullSink}\n  b: {type: NullSink}\n  c: {type: NullSink}\n"
          "  d: {type: NullSink}\n",
          "0120");
}

static void test_those_that_are_linked_live_on_the_same(void **context)
{
    lives("components:\n"
          "  a: {type: PassThrough}\n  b: {type: PassThrough}\n  x: {type: NullSink}\n"
          "  c: {type: NullSink}\n"
          "linkages: [b -> c, a -> x]\n",
          "0101");
}

static void test_what_connections_lead_to_lives_on_one_and_the_server_on_every(void **context)
{
    lives("graphs:\n"
          "  audited:\n"
          "    components: {copy: {type: TwoWaySplitter}}\n"
          "    linkages: [self -> copy -> self, copy.outbox2 -> /audit.inbox]\n"
          "components:\n" SERVER "  visitors: {type: ProtocolHandler, protocol: audited}\n"
          "  first: {type: NullSink}\n  audit: {type: NullSink}\n"
          "linkages: [server -> visitors]\n",
          "**01");
}

static void test_a_server_that_another_stops_lives_on_one(void **context)
{
    lives("components:\n" SERVER ECHO "  stop: {type: DataSource, messages: [x]}\n"
          "linkages: [server -> echo, stop.signal -> server.control]\n",
          "000");
}

static void test_what_a_chassis_holds_lives_where_it_does(void **context)
{
    lives("components:\n"
          "  a: {type: NullSink}\n"
          "  pipe: {type: Pipeline, components: [{type: PassThrough}, {type: PassThrough}]}\n"
          "  z: {type: NullSink}\n",
          "01112");
}

static void test_what_looks_at_all_lives_on_the_main_thread(void **context)
{
    lives("components:\n"
          "  a: {type: NullSink}\n  b: {type: NullSink}\n  look: {type: Introspector}\n"
          "  out: {type: NullSink}\n"
          "linkages: [look -> out]\n",
          "0100");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_servers_and_their_handlers_live_on_every_worker),
        cmocka_unit_test(test_a_backplane_lives_on_every_worker),
        cmocka_unit_test(test_the_others_are_dealt_out_in_the_order_of_the_file),
        cmocka_unit_test(test_those_that_are_linked_live_on_the_same),
        cmocka_unit_test(test_what_connections_lead_to_lives_on_one_and_the_server_on_every),
        cmocka_unit_test(test_a_server_that_another_stops_lives_on_one),
        cmocka_unit_test(test_what_a_chassis_holds_lives_where_it_does),
        cmocka_unit_test(test_what_looks_at_all_lives_on_the_main_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
