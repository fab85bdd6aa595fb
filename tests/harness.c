#include "tests/harness.h"

#include "graph/graph.h"
#include "graph/plan.h"
#include "graph/waiting.h"
#include "tests/unit.h"

enum { MOST_EARS = 16 };

struct harness {
    struct scene *scene;
    struct component *component;
    struct component *ears; /* has an inbox for each outbox of the component, by index */
    struct message *heard;
    char text[256 * 1024];
};

/* A reader for every outbox; never takes a message by itself. */
#define EAR(index)                                                                                 \
    [index] = {.name = "ear" #index, .carries = ANYTHING, .doc = "for the test to take"}
static const struct box_spec ears_inboxes[] = {
    EAR(0), EAR(1),  EAR(2),  EAR(3),  EAR(4),  EAR(5),  EAR(6),  EAR(7), EAR(8),
    EAR(9), EAR(10), EAR(11), EAR(12), EAR(13), EAR(14), EAR(15), {0},
};
static const struct box_spec ears_outboxes[] = {{0}};

static const struct component_type ears_type = {
    .name = "HarnessEars",
    .summary = "hears what a component says",
    .inboxes = ears_inboxes,
    .outboxes = ears_outboxes,
};

static const struct component_type *const types[] = {&ears_type, NULL};

static struct harness *start(const char *type, const char *parameters, const char *beside)
{
    struct harness *h = mem_alloc(sizeof(*h));
    char yaml[8192];
    const int size =
        snprintf(yaml, sizeof(yaml),
                 "components:\n  it: {type: %s, <<: %s}\n  ears: {type: HarnessEars}\n%s%s\n", type,
                 parameters != NULL ? parameters : "{}", beside != NULL ? "  beside: " : "",
                 beside != NULL ? beside : "");

    assert_in_range(size, 0, sizeof(yaml) - 1);
    h->scene = scene_start(types, yaml);
    return h;
}

struct harness *harness_start_refused(const char *type, const char *parameters)
{
    struct harness *h = start(type, parameters, NULL);

    assert_null(h->scene->graph);
    return h;
}

struct harness *harness_start(const char *type, const char *parameters)
{
    return harness_start_beside(type, parameters, NULL);
}

struct harness *harness_start_beside(const char *type, const char *parameters, const char *beside)
{
    struct harness *h = start(type, parameters, beside);

    if (h->scene->graph == NULL) {
        fail_msg("could not start: %s", h->scene->refusal);
    }
    h->component = scene_find(h->scene, "it");
    h->ears = scene_find(h->scene, "ears");
    assert_in_range(h->component->plan->outboxes, 0, MOST_EARS);
    for (unsigned i = 0; i < h->component->plan->outboxes; i++) {
        component_inbox(h->ears, i)->limit = UINT32_MAX;
        if (h->component->plan->out[i].spec->service == NULL) {
            probe_link(h->component, i, h->ears, i);
        }
    }
    return h;
}

static unsigned inbox_index(const struct harness *h, const char *name)
{
    const unsigned index = component_find_inbox(h->component, name);

    if (index == NO_BOX) {
        fail_msg("no inbox %s", name);
    }
    return index;
}

static unsigned outbox_index(const struct harness *h, const char *name)
{
    const unsigned index = component_find_outbox(h->component, name);

    if (index == NO_BOX) {
        fail_msg("no outbox %s", name);
    }
    return index;
}

static void put(struct harness *h, unsigned inbox, struct message *msg)
{
    assert_false(component_is_over(h->component));
    inbox_deliver(inbox_sink(component_need_inbox(h->component, inbox)), msg, NULL);
}

void harness_say_bytes(struct harness *h, const char *inbox, const void *bytes, size_t size)
{
    put(h, inbox_index(h, inbox), message_copy(&h->scene->loop->pool, bytes, size));
}

void harness_say(struct harness *h, const char *inbox, const char *text)
{
    harness_say_bytes(h, inbox, text, strlen(text));
}

void harness_tell(struct harness *h, enum message_kind kind)
{
    component_tell(h->component, kind, NULL, 0);
}

void harness_run(struct harness *h)
{
    scene_run(h->scene);
}

void harness_ask(struct harness *h, const char *text)
{
    harness_say(h, "inbox", text);
    harness_run(h);
}

void harness_bound(struct harness *h, const char *outbox, uint32_t messages)
{
    struct inbox *in = component_inbox(h->ears, outbox_index(h, outbox));

    waiting_set_bound(in, messages);
    in->box.flags = (uint16_t)(in->box.flags & ~BOX_BOUND_BYTES);
}

void harness_block(struct harness *h, const char *outbox)
{
    static const char text[] = "in the way";

    harness_bound(h, outbox, 1);
    inbox_put(component_inbox(h->ears, outbox_index(h, outbox)),
              message_copy(&h->scene->loop->pool, text, strlen(text)));
}

static struct message *next(struct harness *h, const char *outbox, bool notice)
{
    const unsigned index = outbox_index(h, outbox);
    const struct message *first = inbox_peek(h->ears, index);

    if (first == NULL || (first->kind != DATA) != notice) {
        return NULL;
    }
    h->ears->turn = 1;
    return inbox_take(h->ears, index);
}

const char *harness_heard(struct harness *h, const char *outbox)
{
    struct message *msg = next(h, outbox, false);

    if (h->heard != NULL) {
        message_release(h->heard);
    }
    h->heard = msg;
    if (msg == NULL) {
        return NULL;
    }
    assert_in_range(message_size(msg), 0, sizeof(h->text) - 1);
    memcpy(h->text, msg->data, message_size(msg));
    h->text[message_size(msg)] = '\0';
    return h->text;
}

void harness_hears(struct harness *h, const char *outbox, const char *const *texts)
{
    const char *heard;

    for (; *texts != NULL; texts++) {
        heard = harness_heard(h, outbox);
        if (heard == NULL) {
            fail_msg("%s: nothing, where \"%s\" was expected", outbox, *texts);
        }
        assert_string_equal(heard, *texts);
    }
    heard = harness_heard(h, outbox);
    if (heard != NULL) {
        fail_msg("%s: \"%s\", where nothing was expected", outbox, heard);
    }
}

size_t harness_heard_size(const struct harness *h)
{
    assert_non_null(h->heard);
    return message_size(h->heard);
}

enum message_kind harness_notice(struct harness *h, const char *outbox)
{
    struct message *msg = next(h, outbox, true);
    enum message_kind kind = DATA;

    if (msg != NULL) {
        kind = (enum message_kind)msg->kind;
        message_release(msg);
    }
    return kind;
}

uint64_t harness_stat(struct harness *h, const char *name)
{
    const struct stat_spec *stat = h->component->type->statistics;

    while (stat != NULL && stat->name != NULL) {
        if (strcmp(stat->name, name) == 0) {
            return *(const uint64_t *)(const void *)((const char *)component_state(h->component) +
                                                     stat->offset);
        }
        stat++;
    }
    fail_msg("no statistic %s", name);
    return 0;
}

struct component *harness_component(const struct harness *h)
{
    return h->component;
}

struct scene *harness_scene(struct harness *h)
{
    return h->scene;
}

void harness_stop(struct harness *h)
{
    if (h->heard != NULL) {
        message_release(h->heard);
    }
    scene_stop(h->scene);
    free(h);
}
