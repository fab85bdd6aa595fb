#include "tests/plan_types.h"

#include <stdio.h>
#include <stdlib.h>

#include "graph/arena.h"
#include "graph/document.h"
#include "graph/error.h"

#define STD_IN                                                                                     \
    {.name = "inbox", .carries = BYTES, .doc = "in"},                                              \
    {                                                                                              \
        .name = "control", .carries = NOTICES, .doc = "the end"                                    \
    }
#define STD_OUT                                                                                    \
    {.name = "outbox", .carries = BYTES, .doc = "out"},                                            \
    {                                                                                              \
        .name = "signal", .carries = NOTICES, .doc = "the end"                                     \
    }

static const struct box_spec std_in[] = {STD_IN, {0}};
static const struct box_spec std_out[] = {STD_OUT, {0}};
static const struct box_spec any_in[] = {
    {.name = "inbox", .carries = ANYTHING, .doc = "in"},
    {.name = "control", .carries = NOTICES, .doc = "the end"},
    {0},
};
static const struct box_spec any_out[] = {
    {.name = "outbox", .carries = ANYTHING, .doc = "out"},
    {.name = "signal", .carries = NOTICES, .doc = "the end"},
    {0},
};

static bool parse_pair(const struct node *node, void *field, struct arena *arena, struct error *err)
{
    int *pair = field;

    if (node->kind != NODE_SEQUENCE || node->size != 2) {
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        if (node->items[i]->kind != NODE_SCALAR) {
            return error_set(err, node->items[i], "Echo: half of a pair must be a number");
        }
        pair[i] = atoi(node->items[i]->text);
    }
    return true;
}

static const char *const modes[] = {"upper", "lower", "plain", NULL};
static const struct param_spec echo_parameters[] = {
    {PARAM_SIZE(struct echo, max_size), .fallback = "64KiB", .min = 1, .max = 16U << 20,
     .doc = "longer messages are dropped"},
    {PARAM_INT(struct echo, count), .fallback = "7", .min = 1, .max = 100, .unit = "echoes",
     .doc = "how many"},
    {PARAM_DURATION(struct echo, delay), .fallback = "250ms", .max = 60, .doc = "before each"},
    {PARAM_BOOL(struct echo, loud), .doc = "is it"},
    {PARAM_CHOICE(struct echo, mode), .fallback = "plain", .choices = modes, .doc = "what with"},
    {PARAM_TEXT(struct echo, label), .doc = "a name for people"},
    {PARAM_TEXTS(struct echo, words), .fallback = "[one, two]", .doc = "some"},
    {PARAM_CUSTOM(struct echo, pair), .parse = parse_pair, .accepts = "a list of two numbers",
     .doc = "two"},
    {PARAM_TEXT(struct echo, password), .secret = true, .doc = "hidden"},
    {0},
};

static bool check_echo(const void *state, const struct node *at, struct error *err)
{
    const struct echo *echo = state;

    return echo->count != 13 || error_set(err, at, "Echo: 13 echoes bring bad luck");
}

static const struct component_type echo_type = {
    .name = "Echo",
    .summary = "sends back",
    .size = sizeof(struct echo),
    .inboxes = std_in,
    .outboxes = std_out,
    .parameters = echo_parameters,
    .check = check_echo,
};

static const struct box_spec lines_out[] = {
    {.name = "outbox", .carries = LINES, .doc = "out"},
    {.name = "signal", .carries = NOTICES, .doc = "the end"},
    {.name = "overlong", .carries = BYTES, .rare = true, .doc = "too long"},
    {0},
};
static const struct component_type lines_type = {
    .name = "Lines", .summary = "splits", .inboxes = std_in, .outboxes = lines_out};

static const struct box_spec server_in[] = {
    {.name = "control", .carries = NOTICES, .doc = "the end"},
    {.name = "ready", .carries = READINESS, .doc = "of the socket"},
    {0},
};
static const struct box_spec server_out[] = {
    {.name = "connections", .carries = CONNECTIONS, .main = true, .doc = "new ones"},
    {.name = "signal", .carries = NOTICES, .doc = "the end"},
    {.name = "_selector", .carries = NOTICES, .service = "selector", .doc = "for the selector"},
    {0},
};
static const struct param_spec server_parameters[] = {
    {.name = "port",
     .kind = PARAM_KIND_INT,
     .width = sizeof(int64_t),
     .min = 1,
     .max = 65535,
     .required = true,
     .doc = "to listen on"},
    {0},
};
static const struct component_type server_type = {
    .name = "Server",
    .summary = "accepts",
    .size = sizeof(int64_t),
    .inboxes = server_in,
    .outboxes = server_out,
    .parameters = server_parameters,
};

static const struct box_spec holder_in[] = {
    {.name = "inbox", .carries = CONNECTIONS, .required = true, .doc = "connections"},
    {.name = "control", .carries = NOTICES, .doc = "the end"},
    {0},
};
static const struct param_spec holder_parameters[] = {
    {PARAM_GRAPH(struct holder, protocol), .required = true, .carries = BYTES,
     .doc = "what each connection gets"},
    {0},
};
static const struct component_type holder_type = {
    .name = "Holder",
    .summary = "holds",
    .size = sizeof(struct holder),
    .inboxes = holder_in,
    .outboxes = any_out,
    .parameters = holder_parameters,
};

static const struct param_spec pipe_parameters[] = {
    {PARAM_CHILDREN("components"), .required = true, .doc = "in a row"},
    {0},
};
static const struct component_type pipe_type = {
    .name = "Pipe",
    .summary = "a row",
    .inboxes = any_in,
    .outboxes = any_out,
    .parameters = pipe_parameters,
    .chassis = CHASSIS_PIPELINE,
};

static const struct param_spec web_parameters[] = {
    {PARAM_CHILDREN("components"), .required = true, .doc = "by name"},
    {PARAM_LINKAGES("linkages"), .doc = "between them"},
    {0},
};
static const struct component_type web_type = {
    .name = "Web",
    .summary = "a graph",
    .inboxes = any_in,
    .outboxes = any_out,
    .parameters = web_parameters,
    .chassis = CHASSIS_GRAPH,
};
static const struct component_type named_type = {
    .name = "Named",
    .summary = "a named graph",
    .inboxes = any_in,
    .outboxes = any_out,
    .chassis = CHASSIS_GRAPH,
    .is_named_graph = true,
};

struct fan {
    struct texts boxnames;
};
static const struct texts *fan_outboxes(const void *state)
{
    const struct fan *fan = state;

    return &fan->boxnames;
}
static const struct param_spec fan_parameters[] = {
    {PARAM_TEXTS(struct fan, boxnames), .doc = "to whom"},
    {0},
};
static const struct component_type fan_type = {
    .name = "Fan",
    .summary = "to all",
    .size = sizeof(struct fan),
    .inboxes = any_in,
    .outboxes = any_out,
    .parameters = fan_parameters,
    .is_fanout = true,
    .more_outboxes = fan_outboxes,
};

/* Leaves a parameter of its graph open, and has a list of others. */
static const struct param_spec wheel_parameters[] = {
    {PARAM_GRAPH(struct wheel, component), .required = true, .argument = "argument",
     .doc = "what to make"},
    {PARAM_TEXT(struct wheel, argument), .doc = "its parameter that is given later"},
    {PARAM_GRAPHS(struct wheel, more), .doc = "others"},
    {0},
};
static const struct component_type wheel_type = {
    .name = "Wheel",
    .summary = "makes them again and again",
    .size = sizeof(struct wheel),
    .inboxes = any_in,
    .outboxes = any_out,
    .parameters = wheel_parameters,
};

static const struct param_spec both_parameters[] = {
    {.name = "port",
     .kind = PARAM_KIND_INT,
     .width = sizeof(int64_t),
     .min = 1,
     .max = 65535,
     .required = true,
     .doc = "to listen on"},
    {.name = "protocol",
     .kind = PARAM_KIND_GRAPH,
     .offset = sizeof(int64_t),
     .width = sizeof(struct plan *),
     .fallback = "Echo",
     .doc = "what each connection gets"},
    {0},
};
static const struct box_spec both_in[] = {
    {.name = "control", .carries = NOTICES, .doc = "the end"},
    {0},
};
static const struct box_spec both_out[] = {
    {.name = "signal", .carries = NOTICES, .doc = "the end"},
    {0},
};
static const struct component_type both_type = {
    .name = "Both",
    .summary = "a server and a holder",
    .size = sizeof(int64_t) + sizeof(struct plan *),
    .inboxes = both_in,
    .outboxes = both_out,
    .parameters = both_parameters,
    .chassis = CHASSIS_GRAPH,
    .definition = "components:\n"
                  "  server: {type: Server, port: \"${param:port}\"}\n"
                  "  holder: {type: Holder, protocol: \"${param:protocol}\"}\n"
                  "linkages: [server -> holder]\n",
};

const struct component_type *const fake_types[] = {
    &both_type, &echo_type,   &fan_type, &holder_type, &lines_type, &named_type,
    &pipe_type, &server_type, &web_type, &wheel_type,  NULL,
};

/* ---- as text ---- */

static void print_end(FILE *out, const struct plan_end *end)
{
    if (end->kind == END_SELF) {
        fprintf(out, "self.%s", end->box);
    } else {
        fprintf(out, "%s%s.%s", end->kind == END_OUTER ? "/" : "", end->component->path, end->box);
    }
}

char *plan_text(const struct plan *plan)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    for (size_t i = 0; i < plan->component_count; i++) {
        const struct plan_component *one = &plan->components[i];

        fprintf(out, "%s: %s", one->path, one->type_name);
        if (one->parent != NULL) {
            fprintf(out, " in %s", one->parent->path);
        }
        fputc('\n', out);
    }
    for (size_t i = 0; i < plan->linkage_count; i++) {
        print_end(out, &plan->linkages[i].from);
        fputs(plan->linkages[i].is_implied ? " ~> " : " -> ", out);
        print_end(out, &plan->linkages[i].to);
        fputc('\n', out);
    }
    (void)fclose(out);
    return text;
}

char *errors_text(struct errors *errors)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    for (size_t i = 0; errors_at(errors, i) != NULL; i++) {
        const struct report *report = errors_at(errors, i);

        fprintf(out, "%u:%u: %s: %s\n", report->error.line, report->error.column,
                report->severity == SEVERITY_ERROR ? "error" : "warning", report->error.text);
        for (unsigned j = 0; j < report->note_count; j++) {
            const struct error *note = &report->notes[j].error;

            fprintf(out, "%u:%u: note: %s\n", note->line, note->column, note->text);
        }
    }
    (void)fclose(out);
    return text;
}
