/* Plans: from a graph file to components, boxes and linkages. */
#include "tests/unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "graph/box.h"
#include "graph/component.h"
#include "graph/document.h"
#include "graph/error.h"
#include "graph/plan.h"
#include "tests/plan_types.h"

static struct errors *errors;
static struct plan *plan;
static char *text; /* of the plan, or of the mistakes if there is none */

static int teardown(void **context)
{
    free(text);
    text = NULL;
    plan_release(plan);
    plan = NULL;
    errors_destroy(errors);
    errors = NULL;
    return 0;
}

static void load(const char *graph)
{
    const struct plan_options options = {.types = fake_types};

    errors = errors_create();
    plan = plan_parse("text", graph, strlen(graph), &options, errors);
    assert_int_equal(plan == NULL, errors_count(errors) > 0);
    text = plan != NULL ? plan_text(plan) : errors_text(errors);
}

static void load_well(const char *graph)
{
    load(graph);
    if (plan == NULL) {
        fail_msg("%s", text);
    }
}

static void assert_plan(const struct plan *of, const char *expected)
{
    char *found = plan_text(of);

    assert_string_equal(found, expected);
    free(found);
}

/* The plan of a Holder's protocol. */
static const struct plan *protocol_of(const char *path)
{
    const struct plan_component *component = plan_find(plan, path);

    assert_non_null(component);
    return ((struct holder *)component->state)->protocol;
}

/* ---- linkages ---- */

static void test_an_arrow_joins_main_boxes_and_passes_signals_on(void **context)
{
    load_well("{components: {a: {type: Server, port: 1}, b: {type: Holder, protocol: Echo}},"
              " linkages: [a -> b]}");

    assert_string_equal(text, "a: Server\n"
                              "b: Holder\n"
                              "a.connections -> b.inbox\n"
                              "a.signal ~> b.control\n");
}

static void test_named_boxes_make_just_that_linkage(void **context)
{
    load_well("{components: {a: {type: Echo}, b: {type: Echo}}, linkages: [a.outbox -> b.inbox]}");

    assert_string_equal(text, "a: Echo\n"
                              "b: Echo\n"
                              "a.outbox -> b.inbox\n");
}

static void test_the_long_form_means_the_same(void **context)
{
    load_well("{components: {a: {type: Echo}, b: {type: Echo}, c: {type: Echo}},"
              " linkages: [{from: a, to: b}, {from: [a.signal, b.signal], to: c.control}]}");

    assert_string_equal(text, "a: Echo\n"
                              "b: Echo\n"
                              "c: Echo\n"
                              "a.outbox -> b.inbox\n"
                              "a.signal -> c.control\n"
                              "b.signal -> c.control\n");
}

static void test_what_the_file_links_is_not_implied(void **context)
{
    load_well("components: {a: {type: Echo}, b: {type: Echo}, c: {type: Echo}, d: {type: Echo}}\n"
              "linkages: [a -> b, a.signal -> c.control, c -> d, b.signal -> d.control]\n");

    assert_string_equal(text, "a: Echo\n"
                              "b: Echo\n"
                              "c: Echo\n"
                              "d: Echo\n"
                              "a.outbox -> b.inbox\n"
                              "a.signal -> c.control\n"
                              "c.outbox -> d.inbox\n"
                              "b.signal -> d.control\n");
}

static void test_a_chain_may_name_boxes_in_the_middle(void **context)
{
    load_well("components: {a: {type: Echo}, b: {type: Lines}, c: {type: Echo}}\n"
              "linkages: [a->b.overlong->c]\n");

    assert_string_equal(text, "a: Echo\n"
                              "b: Lines\n"
                              "c: Echo\n"
                              "a.outbox -> b.inbox\n"
                              "b.overlong -> c.inbox\n"
                              "a.signal ~> b.control\n");
}

static void test_many_may_lead_to_one(void **context)
{
    load_well("components: {a: {type: Echo}, b: {type: Echo}, c: {type: Echo}}\n"
              "linkages:\n"
              "- '[a, b] -> c'\n");

    assert_string_equal(text, "a: Echo\n"
                              "b: Echo\n"
                              "c: Echo\n"
                              "a.outbox -> c.inbox\n"
                              "b.outbox -> c.inbox\n"
                              "a.signal ~> c.control\n"
                              "b.signal ~> c.control\n");
}

static void test_a_list_gets_a_fanout_before_it(void **context)
{
    load_well("components: {a: {type: Echo}, b: {type: Echo}, c: {type: Echo}, d: {type: Echo}}\n"
              "linkages:\n"
              "- a -> [b, c.inbox] -> d\n");

    assert_string_equal(text, "a: Echo\n"
                              "b: Echo\n"
                              "c: Echo\n"
                              "d: Echo\n"
                              "a-fanout: Fan\n"
                              "a.outbox -> a-fanout.inbox\n"
                              "a-fanout.b -> b.inbox\n"
                              "a-fanout.c -> c.inbox\n"
                              "b.outbox -> d.inbox\n"
                              "c.outbox -> d.inbox\n"
                              "a.signal ~> a-fanout.control\n"
                              "a-fanout.b_signal ~> b.control\n"
                              "b.signal ~> d.control\n"
                              "c.signal ~> d.control\n");
}

static void test_a_fanout_gives_different_names_to_its_boxes(void **context)
{
    load_well("components: {a: {type: Echo}, outbox: {type: Echo}, x: {type: Echo},\n"
              "             x_signal: {type: Echo}, a-fanout: {type: Echo}}\n"
              "linkages:\n"
              "- a -> [outbox, x, x_signal, a-fanout.control]\n");

    assert_non_null(plan_find(plan, "a-fanout-1"));
    assert_non_null(strstr(text, "a-fanout-1.outbox-inbox -> outbox.inbox\n"));
    assert_non_null(strstr(text, "a-fanout-1.x -> x.inbox\n"));
    assert_non_null(strstr(text, "a-fanout-1.x_signal-inbox -> x_signal.inbox\n"));
    assert_non_null(strstr(text, "a-fanout-1.a-fanout -> a-fanout.control\n"));
}

/* ---- chassis ---- */

static void test_a_pipeline_is_flat_and_linked_in_a_row(void **context)
{
    load_well("{components: {p: {type: Pipe, components: [Lines, {type: Echo, name: last}]}}}");

    assert_string_equal(text, "p: Pipe\n"
                              "p/lines: Lines in p\n"
                              "p/last: Echo in p\n"
                              "p.inbox -> p/lines.inbox\n"
                              "p/lines.outbox -> p/last.inbox\n"
                              "p/last.outbox -> p.outbox\n"
                              "p.control ~> p/lines.control\n"
                              "p/lines.signal ~> p/last.control\n"
                              "p/last.signal ~> p.signal\n");
    assert_ptr_equal(plan->components[2].parent, &plan->components[0]);
    assert_int_equal(plan->components[2].index, 2);
}

static void test_chassis_nest(void **context)
{
    load_well("components:\n"
              "  w:\n"
              "    type: Web\n"
              "    components: {p: {type: Pipe, components: [Echo]}, e: {type: Echo}}\n"
              "    linkages: [self -> p, p.outbox -> e.inbox, e.outbox -> self.extra]\n"
              "  z: {type: Echo}\n"
              "linkages: [w.extra -> z.inbox]\n");

    assert_string_equal(text, "w: Web\n"
                              "w/p: Pipe in w\n"
                              "w/p/echo: Echo in w/p\n"
                              "w/e: Echo in w\n"
                              "z: Echo\n"
                              "w.extra -> z.inbox\n"
                              "w.inbox -> w/p.inbox\n"
                              "w/p.outbox -> w/e.inbox\n"
                              "w/e.outbox -> w.extra\n"
                              "w/p.inbox -> w/p/echo.inbox\n"
                              "w/p/echo.outbox -> w/p.outbox\n"
                              "w.control ~> w/p.control\n"
                              "w/p.control ~> w/p/echo.control\n"
                              "w/p/echo.signal ~> w/p.signal\n");
}

static void test_a_type_may_be_made_of_others(void **context)
{
    load_well(
        "components: {b: {type: Both, port: 80}, c: {type: Both, port: 81, protocol: Lines}}");

    assert_string_equal(text, "b: Both\n"
                              "b/server: Server in b\n"
                              "b/holder: Holder in b\n"
                              "c: Both\n"
                              "c/server: Server in c\n"
                              "c/holder: Holder in c\n"
                              "b/server.connections -> b/holder.inbox\n"
                              "c/server.connections -> c/holder.inbox\n"
                              "b/server.signal ~> b/holder.control\n"
                              "c/server.signal ~> c/holder.control\n");
    assert_string_equal(protocol_of("b/holder")->name, "echo");
    assert_string_equal(protocol_of("c/holder")->name, "lines");
}

/* ---- graphs ---- */

static const char shout[] =
    "graphs:\n"
    "  shout:\n"
    "    parameters: {longest: {default: 64KiB}}\n"
    "    components: {lines: {type: Lines}, e: {type: Echo, max_size: '${param:longest}'}}\n"
    "    linkages: [self -> lines -> e -> self, lines.overlong -> /audit.inbox]\n";

static void load_shout(const char *rest)
{
    char graph[2000];

    (void)snprintf(graph, sizeof(graph), "%s%s", shout, rest);
    load_well(graph);
}

static void test_a_named_graph_is_a_plan_of_its_own_as_a_protocol(void **context)
{
    const struct plan *protocol;

    load_shout("components: {h: {type: Holder, protocol: {type: shout, longest: 1KiB}},\n"
               "             audit: {type: Echo}, s: {type: Server, port: 1}}\n"
               "linkages: [s -> h]\n");
    protocol = protocol_of("h");

    assert_plan(protocol, "lines: Lines\n"
                          "e: Echo\n"
                          "self.inbox -> lines.inbox\n"
                          "lines.outbox -> e.inbox\n"
                          "e.outbox -> self.outbox\n"
                          "lines.overlong -> /audit.inbox\n"
                          "self.control ~> lines.control\n"
                          "lines.signal ~> e.control\n"
                          "e.signal ~> self.signal\n");
    assert_ptr_equal(protocol->root, plan);
    assert_ptr_equal(protocol->linkages[3].to.component, plan_find(plan, "audit"));
    assert_int_equal(((struct echo *)protocol->components[1].state)->max_size, 1024);
}

static void test_a_named_graph_is_a_chassis_as_a_component(void **context)
{
    load_shout("components: {a: {type: shout}, b: {type: shout, longest: 2KiB},\n"
               "             audit: {type: Echo}}\n"
               "linkages: [a -> b]\n");

    assert_non_null(strstr(text, "a: shout\n"
                                 "a/lines: Lines in a\n"
                                 "a/e: Echo in a\n"
                                 "b: shout\n"));
    assert_non_null(strstr(text, "a/lines.overlong -> audit.inbox\n"));
    assert_non_null(strstr(text, "b/lines.overlong -> audit.inbox\n"));
    assert_string_equal(plan_find(plan, "a")->type->name, "Named");
    assert_int_equal(((struct echo *)plan_find(plan, "a/e")->state)->max_size, 65536);
    assert_int_equal(((struct echo *)plan_find(plan, "b/e")->state)->max_size, 2048);
}

static void test_a_type_as_a_protocol_has_its_boxes_at_the_edge(void **context)
{
    load_well("components: {h: {type: Holder, protocol: Echo},\n"
              "             i: {type: Holder, protocol: {type: Pipe, components: [Echo]}}}\n");

    assert_plan(protocol_of("h"), ": Echo\n"
                                  "self.inbox -> .inbox\n"
                                  "self.control -> .control\n"
                                  ".outbox -> self.outbox\n"
                                  ".signal -> self.signal\n");
    assert_plan(protocol_of("i"), ": Pipe\n"
                                  "echo: Echo in \n"
                                  "self.inbox -> .inbox\n"
                                  "self.control -> .control\n"
                                  ".outbox -> self.outbox\n"
                                  ".signal -> self.signal\n"
                                  ".inbox -> echo.inbox\n"
                                  "echo.outbox -> .outbox\n"
                                  ".control ~> echo.control\n"
                                  "echo.signal ~> .signal\n");
    assert_string_equal(protocol_of("i")->name, "pipe");
}

static void test_the_edge_gets_control_and_signal_though_boxes_are_named(void **context)
{
    load_well(
        "graphs:\n"
        "  g:\n"
        "    components: {a: {type: Echo}, b: {type: Echo}}\n"
        "    linkages: [self.inbox -> a.inbox, a.outbox -> b.inbox, b.outbox -> self.outbox]\n"
        "components: {h: {type: Holder, protocol: g}}\n");

    assert_plan(protocol_of("h"), "a: Echo\n"
                                  "b: Echo\n"
                                  "self.inbox -> a.inbox\n"
                                  "a.outbox -> b.inbox\n"
                                  "b.outbox -> self.outbox\n"
                                  "self.control ~> a.control\n"
                                  "b.signal ~> self.signal\n");
}

static void test_graphs_use_graphs(void **context)
{
    load_well("graphs:\n"
              "  outer:\n"
              "    parameters: {what: {default: {type: Lines}}}\n"
              "    components: {in: {type: inner, what: '${param:what}'}}\n"
              "    linkages: [self -> in -> self]\n"
              "  inner:\n"
              "    parameters: {what: {required: true}}\n"
              "    components: {it: '${param:what}'}\n"
              "    linkages: [self -> it -> self]\n"
              "components: {a: {type: outer}, b: {type: outer, what: {type: Echo}}}\n"
              "linkages: [a -> b]\n");

    assert_string_equal(plan_find(plan, "a/in/it")->type_name, "Lines");
    assert_string_equal(plan_find(plan, "b/in/it")->type_name, "Echo");
}

static void test_parameters_stand_in_every_place_for_a_value(void **context)
{
    load_well(
        "graphs:\n"
        "  g:\n"
        "    parameters:\n"
        "      bound: {kind: size, default: 64KiB}\n"
        "      policy: {choices: [block, drop_oldest], default: drop_oldest}\n"
        "      to: {kind: text, default: e}\n"
        "      name: {kind: text, default: inner}\n"
        "      words: {kind: texts, default: [a, b]}\n"
        "      protocol: {kind: graph, default: {type: Echo, max_size: 7}}\n"
        "    components:\n"
        "      e: {type: Echo, words: '${param:words}', boxes: {inbox: {size: '${param:bound}', "
        "when_full: '${param:policy}'}}}\n"
        "      p: {type: Pipe, components: [{type: Echo, name: '${param:name}'}]}\n"
        "      h: {type: Holder, protocol: '${param:protocol}'}\n"
        "    linkages: ['self -> ${param:to} -> p -> self']\n"
        "components: {a: {type: g}, b: {type: g, bound: 3, protocol: Lines, words: x}}\n"
        "linkages: [a -> b]\n");

    assert_int_equal(plan_find(plan, "a/e")->in[0].limit, 65536);
    assert_int_equal(plan_find(plan, "a/e")->in[0].flags,
                     BOX_BOUND_BYTES | DROP_OLDEST << BOX_POLICY_SHIFT);
    assert_int_equal(plan_find(plan, "b/e")->in[0].limit, 3);
    assert_int_equal(((struct echo *)plan_find(plan, "a/e")->state)->words.count, 2);
    assert_int_equal(((struct echo *)plan_find(plan, "b/e")->state)->words.count, 1);
    assert_non_null(plan_find(plan, "a/p/inner"));
    assert_int_equal(((struct echo *)protocol_of("a/h")->components[0].state)->max_size, 7);
    assert_string_equal(protocol_of("b/h")->components[0].type_name, "Lines");
}

/* ---- boxes ---- */

static void test_bounds_are_in_messages_or_bytes(void **context)
{
    const struct plan_box *in;

    load_well("components:\n"
              "  a: {type: Echo, boxes: {inbox: {size: 12, when_full: drop_oldest}}}\n"
              "  b: {type: Echo, boxes: {inbox: {size: 64KiB, when_full: disconnect}}}\n"
              "  c: {type: Echo}\n"
              "  d: {type: Pipe, components: [Echo]}\n"
              "linkages: [a -> b, c -> d]\n");

    in = plan_find(plan, "a")->in;
    assert_int_equal(in[0].limit, 12);
    assert_int_equal(in[0].flags, DROP_OLDEST << BOX_POLICY_SHIFT);
    in = plan_find(plan, "b")->in;
    assert_int_equal(in[0].limit, 65536);
    assert_int_equal(in[0].flags, BOX_BOUND_BYTES | DISCONNECT << BOX_POLICY_SHIFT);
    in = plan_find(plan, "c")->in;
    assert_int_equal(in[0].limit, 262144);
    assert_int_equal(in[0].flags, BOX_BOUND_BYTES);
    assert_int_equal(in[1].flags, BOX_CONTROL);
    in = plan_find(plan, "d")->in;
    assert_int_equal(in[0].limit, 1000);
    assert_int_equal(in[0].flags, 0);
}

static void test_rare_boxes_take_memory_only_where_linked(void **context)
{
    load_well("components: {a: {type: Lines}, b: {type: Lines}, s: {type: Server, port: 1}}\n"
              "linkages: [a.overlong -> b.inbox]\n");

    assert_int_equal(plan_find(plan, "a")->common_outboxes, 3);
    assert_int_equal(plan_find(plan, "b")->common_outboxes, 2);
    assert_int_equal(plan_find(plan, "b")->outboxes, 3);
    assert_int_equal(plan_find(plan, "s")->common_inboxes, 1);
    assert_int_equal(plan_find(plan, "s")->common_outboxes, 2);
}

static void test_knows_control_signal_and_main_boxes(void **context)
{
    const struct plan_component *one;

    load_well("components: {a: {type: Echo}, s: {type: Server, port: 1}}");

    one = plan_find(plan, "a");
    assert_int_equal(one->control, 1);
    assert_int_equal(one->signal, 1);
    assert_int_equal(one->main_in, 0);
    assert_int_equal(one->main_out, 0);
    one = plan_find(plan, "s");
    assert_int_equal(one->control, 0);
    assert_int_equal(one->main_in, NO_BOX);
    assert_int_equal(one->main_out, 0);
}

/* ---- mistakes that the files in tests/bad can't have ---- */

static void test_a_check_of_parameters_together_is_asked(void **context)
{
    load("components: {a: {type: Echo, count: 13}}");

    assert_string_equal(text, "1:24: error: Echo: 13 echoes bring bad luck\n");
}

static void test_a_mistake_in_a_graph_is_said_once(void **context)
{
    load("graphs: {g: {components: {a: {type: Ecco}}}}\n"
         "components: {a: {type: g}, b: {type: g}, c: {type: g}}\n");

    assert_string_equal(text, "1:37: error: there is no component type or graph \"Ecco\"; did you "
                              "mean \"Echo\"?\n");
}

static void test_daemon_is_read_by_a_table(void **context)
{
    static const char good[] = "{daemon: {workers: 3}, components: {a: {type: Echo}}}";
    static const char bad[] = "{daemon: {worker: 3}, components: {a: {type: Echo}}}";
    static const struct param_spec table[] = {
        {.name = "workers",
         .kind = PARAM_KIND_INT,
         .width = sizeof(int64_t),
         .fallback = "1",
         .min = 1,
         .max = 8,
         .doc = "threads"},
        {0},
    };
    int64_t workers = 0;
    const struct plan_options options = {
        .types = fake_types, .settings_table = table, .settings = &workers};

    errors = errors_create();
    plan = plan_parse("text", good, strlen(good), &options, errors);
    assert_non_null(plan);
    assert_int_equal(workers, 3);
    assert_null(plan_parse("text", bad, strlen(bad), &options, errors));
    text = errors_text(errors);

    assert_string_equal(
        text, "1:11: error: daemon has no setting \"worker\"; did you mean \"workers\"?\n");
    assert_int_equal(workers, 1);
}

static void test_what_is_no_file_is_an_error(void **context)
{
    static const struct plan_options options = {.types = fake_types};
    char path[] = "/tmp/axond-test-XXXXXX";
    const int file = mkstemp(path);

    errors = errors_create();
    assert_true(file >= 0);
    (void)close(file);

    assert_null(plan_load(path, &options, errors)); /* empty */
    assert_int_equal(errors_count(errors), 1);
    assert_null(plan_load("/tmp", &options, errors));
    assert_int_equal(errors_count(errors), 2);
    assert_null(plan_load("/nonexistent.yaml", &options, errors));
    assert_int_equal(errors_count(errors), 3);
    if (geteuid() != 0) {
        assert_int_equal(chmod(path, 0), 0);
        assert_null(plan_load(path, &options, errors));
        assert_int_equal(errors_count(errors), 4);
    }
    (void)unlink(path);
}

/* ---- lives ---- */

static void test_a_single_component_is_a_plan_without_a_file(void **context)
{
    struct plan *single = plan_single(fake_types[1]);
    const struct echo *echo = single->components[0].state;

    assert_plan(single, ": Echo\n"
                        "self.inbox -> .inbox\n"
                        "self.control -> .control\n"
                        ".outbox -> self.outbox\n"
                        ".signal -> self.signal\n");
    assert_string_equal(single->name, "echo");
    assert_ptr_equal(single->root, single);
    assert_int_equal(echo->max_size, 65536);
    plan_release(single);
}

static void test_a_reference_to_a_part_keeps_the_whole(void **context)
{
    struct plan *part;

    load_well("components: {h: {type: Holder, protocol: Echo}}");
    part = plan_ref((struct plan *)(uintptr_t)protocol_of("h"));
    plan_release(plan);
    plan = NULL;

    assert_string_equal(part->components[0].type_name, "Echo");
    plan_release(part);
}

static void test_many_components_are_loaded_and_found(void **context)
{
    enum { MANY = 20000 };
    char *graph = NULL;
    size_t size;
    FILE *out = open_memstream(&graph, &size);

    fputs("components:\n", out);
    for (int i = 0; i < MANY; i++) {
        fprintf(out, "  c%d: {type: Echo}\n", i);
    }
    fputs("linkages:\n", out);
    for (int i = 0; i + 1 < MANY; i++) {
        fprintf(out, "- c%d -> c%d\n", i, i + 1);
    }
    (void)fclose(out);
    load_well(graph);
    free(graph);

    assert_int_equal(plan->component_count, MANY);
    assert_int_equal(plan->linkage_count, 2 * (MANY - 1));
    assert_ptr_equal(plan_find(plan, "c19999"), &plan->components[MANY - 1]);
    assert_null(plan_find(plan, "c20000"));
}

/* ---- a parameter that is given later ---- */

static const char wheel_graph[] =
    "graphs:\n"
    "  say:\n"
    "    parameters: {x: {required: true}, y: {default: 3}}\n"
    "    components:\n"
    "      e: {type: Echo, count: \"${param:x}\", label: \"<${param:x}>\"}\n"
    "    linkages: [self -> e, e.outbox -> /audit.inbox]\n"
    "components:\n"
    "  wheel: {type: Wheel, component: say, argument: x}\n"
    "  audit: {type: Echo}\n";

static const struct plan *component_of(const char *path)
{
    const struct plan_component *component = plan_find(plan, path);

    assert_non_null(component);
    return ((const struct wheel *)component->state)->component;
}

static void test_a_parameter_may_be_given_later(void **context)
{
    char why[200] = "";
    struct plan *made;
    const struct echo *echo;

    load_well(wheel_graph);
    made = plan_with_argument(component_of("wheel"), fake_types, "42", 2, why, sizeof(why));
    assert_non_null(made);
    assert_plan(made, "e: Echo\n"
                      "self.inbox -> e.inbox\n"
                      "e.outbox -> /audit.inbox\n"
                      "self.control ~> e.control\n");
    echo = made->components[0].state;
    assert_int_equal(echo->count, 42);
    assert_string_equal(echo->label, "<42>");
    plan_release(plan); /* the plan keeps what it was made of */
    plan = NULL;
    assert_string_equal(made->components[0].name, "e");
    plan_release(made);
}

static void test_what_is_given_later_is_checked_like_the_file(void **context)
{
    char why[200] = "";

    load_well(wheel_graph);

    assert_null(plan_with_argument(component_of("wheel"), fake_types, "101", 3, why, sizeof(why)));
    assert_string_equal(why, "Echo: count must be a whole number of echoes from 1 to 100; got "
                             "\"101\"");
    assert_null(plan_with_argument(component_of("wheel"), fake_types, "13", 2, why, sizeof(why)));
    assert_string_equal(why, "Echo: 13 echoes bring bad luck"); /* of all parameters together */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_an_arrow_joins_main_boxes_and_passes_signals_on, teardown),
        cmocka_unit_test_teardown(test_named_boxes_make_just_that_linkage, teardown),
        cmocka_unit_test_teardown(test_the_long_form_means_the_same, teardown),
        cmocka_unit_test_teardown(test_what_the_file_links_is_not_implied, teardown),
        cmocka_unit_test_teardown(test_a_chain_may_name_boxes_in_the_middle, teardown),
        cmocka_unit_test_teardown(test_many_may_lead_to_one, teardown),
        cmocka_unit_test_teardown(test_a_list_gets_a_fanout_before_it, teardown),
        cmocka_unit_test_teardown(test_a_fanout_gives_different_names_to_its_boxes, teardown),
        cmocka_unit_test_teardown(test_a_pipeline_is_flat_and_linked_in_a_row, teardown),
        cmocka_unit_test_teardown(test_chassis_nest, teardown),
        cmocka_unit_test_teardown(test_a_type_may_be_made_of_others, teardown),
        cmocka_unit_test_teardown(test_a_named_graph_is_a_plan_of_its_own_as_a_protocol, teardown),
        cmocka_unit_test_teardown(test_a_named_graph_is_a_chassis_as_a_component, teardown),
        cmocka_unit_test_teardown(test_a_type_as_a_protocol_has_its_boxes_at_the_edge, teardown),
        cmocka_unit_test_teardown(test_the_edge_gets_control_and_signal_though_boxes_are_named,
                                  teardown),
        cmocka_unit_test_teardown(test_graphs_use_graphs, teardown),
        cmocka_unit_test_teardown(test_parameters_stand_in_every_place_for_a_value, teardown),
        cmocka_unit_test_teardown(test_bounds_are_in_messages_or_bytes, teardown),
        cmocka_unit_test_teardown(test_rare_boxes_take_memory_only_where_linked, teardown),
        cmocka_unit_test_teardown(test_knows_control_signal_and_main_boxes, teardown),
        cmocka_unit_test_teardown(test_a_check_of_parameters_together_is_asked, teardown),
        cmocka_unit_test_teardown(test_a_mistake_in_a_graph_is_said_once, teardown),
        cmocka_unit_test_teardown(test_daemon_is_read_by_a_table, teardown),
        cmocka_unit_test_teardown(test_what_is_no_file_is_an_error, teardown),
        cmocka_unit_test_teardown(test_a_single_component_is_a_plan_without_a_file, teardown),
        cmocka_unit_test_teardown(test_a_reference_to_a_part_keeps_the_whole, teardown),
        cmocka_unit_test_teardown(test_many_components_are_loaded_and_found, teardown),
        cmocka_unit_test_teardown(test_a_parameter_may_be_given_later, teardown),
        cmocka_unit_test_teardown(test_what_is_given_later_is_checked_like_the_file, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
