#include "graph/crossing_private.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "graph/cell.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "graph/waiting.h"

/* Bytes of long messages that may be under way, beside what is in the ring. */
enum { PARCELS_MOST = 1024 * 1024 };

/* Kinds of records beside those of messages. */
enum {
    APART = MESSAGE_KINDS, /* data that lies apart: the record is a struct apart */
    LAST,                  /* nothing more will come: see crossing_finish() */
    END,                   /* nor will anything else: the stand-in is no more */
};

struct apart {
    unsigned char *bytes;
    uint32_t size;
};

static const struct component_type stand_in_type;
static const struct component_type landing_type;

void crossing_unref(struct crossing *crossing)
{
    struct ring *ring = &crossing->ring;
    const struct ring_head *head;

    if (atomic_fetch_sub_explicit(&crossing->refs, 1, memory_order_acq_rel) > 1) {
        return;
    }
    while ((head = ring_peek(ring)) != NULL) {
        if (head->kind == APART) {
            struct apart apart;

            memcpy(&apart, head + 1, sizeof(apart));
            free(apart.bytes);
        }
        ring_drop(ring);
    }
    ring_deinit(ring);
    free((struct plan_box *)(uintptr_t)crossing->plans[0].in);
    free((struct plan_box *)(uintptr_t)crossing->plans[1].out);
    free(crossing->plans);
    plan_release(crossing->plan);
    free(crossing);
}

static void post(struct crossing *crossing, unsigned worker, struct letter *letter)
{
    struct loop *loop = crossing->parts->part[worker]->loop;

    (void)atomic_fetch_add_explicit(&crossing->refs, 1, memory_order_relaxed);
    if (!mailbox_post(&loop->mailbox, letter)) {
        crossing_unref(crossing);
    }
}

/* ---- the stand-in ---- */

static bool put_bytes(struct crossing *crossing, unsigned box, const struct message *msg)
{
    struct ring_head head = {.size = msg->size, .tag = (uint16_t)box, .kind = DATA};
    struct apart apart = {.size = msg->size};
    size_t under_way;

    if (msg->size <= RING_LONGEST) {
        return ring_put(&crossing->ring, &head, msg->data);
    }
    under_way = atomic_load_explicit(&crossing->apart, memory_order_acquire);
    if (under_way > 0 && under_way + msg->size > PARCELS_MOST) {
        return false;
    }
    apart.bytes = mem_resize_array(NULL, msg->size, 1);
    memcpy(apart.bytes, msg->data, msg->size);
    head.kind = APART;
    head.size = sizeof(apart);
    if (!ring_put(&crossing->ring, &head, &apart)) {
        free(apart.bytes);
        return false;
    }
    (void)atomic_fetch_add_explicit(&crossing->apart, msg->size, memory_order_relaxed);
    return true;
}

static bool put(struct crossing *crossing, unsigned box, const struct message *msg)
{
    const struct ring_head head = {.tag = (uint16_t)box, .kind = msg->kind, .error = msg->error};

    return msg->kind == DATA ? put_bytes(crossing, box, msg)
                             : ring_put(&crossing->ring, &head, NULL);
}

/* The same; or else the landing will wake us when there is room. */
static bool put_or_wait(struct crossing *crossing, unsigned box, const struct message *msg)
{
    if (put(crossing, box, msg)) {
        return true;
    }
    atomic_store_explicit(&crossing->is_starved, true, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst); /* it looks at this after it has made room */
    return put(crossing, box, msg);
}

static bool put_held(struct crossing *crossing)
{
    if (crossing->held == NULL) {
        return true;
    }
    if (!put_or_wait(crossing, crossing->held_box, crossing->held)) {
        return false;
    }
    message_release(crossing->held);
    crossing->held = NULL;
    crossing->count++;
    return true;
}

/* Puts what waits in an inbox.  Returns false if some of it has to stay. */
static bool put_all(struct component *self, struct crossing *crossing, unsigned index)
{
    struct message *msg;

    while ((msg = inbox_take(self, index)) != NULL) {
        crossing->held = msg;
        crossing->held_box = index;
        if (!put_held(crossing)) {
            return false;
        }
    }
    return inbox_is_empty(self, index);
}

static bool put_all_data(struct component *self, struct crossing *crossing)
{
    unsigned index = NO_BOX;

    while ((index = component_next_inbox(self, index)) != NO_BOX) {
        if (index != self->control && !put_all(self, crossing, index)) {
            return false;
        }
    }
    return true;
}

static bool put_last(struct crossing *crossing)
{
    const struct message last = {.kind = LAST};

    if (crossing->is_finishing && !crossing->has_said_last) {
        crossing->has_said_last = put_or_wait(crossing, 0, &last);
    }
    return !crossing->is_finishing || crossing->has_said_last;
}

static void put_end(struct component *self, struct crossing *crossing)
{
    const struct message end = {.kind = END};

    if (crossing->is_leaving && !crossing->has_said_end && !crossing_is_fed(self) &&
        put_or_wait(crossing, 0, &end)) {
        crossing->has_said_end = true;
        leavers_look_soon(root_of(self->graph));
    }
}

static bool put_what_waits(struct component *self, struct crossing *crossing)
{
    return put_held(crossing) && put_all_data(self, crossing) &&
           (self->control == NO_BOX || put_all(self, crossing, self->control)) &&
           put_last(crossing);
}

/* Tells the landing how many wait for room here. */
static void stand_in_awaited(struct component *self)
{
    unsigned index = NO_BOX;
    unsigned count = 0;

    while ((index = component_next_inbox(self, index)) != NO_BOX) {
        const struct inbox *in = component_have_inbox(self, index);

        count += in != NULL ? waiting_count(in) : 0;
    }
    atomic_store_explicit(&crossing_of(self)->crowd, count, memory_order_relaxed);
}

static void stand_in_run(struct component *self)
{
    struct crossing *crossing = crossing_of(self);

    if (put_what_waits(self, crossing)) {
        put_end(self, crossing);
    }
    atomic_store_explicit(&crossing->put, crossing->count, memory_order_relaxed);
    if (ring_publish(&crossing->ring)) {
        post(crossing, crossing->home, &crossing->to_landing);
    }
}

static void open_at_stand_in(struct letter *letter)
{
    struct crossing *crossing = container_of(letter, struct crossing, to_stand_in);

    if (!crossing->is_closed && crossing->stand_in.component != NULL) {
        component_wake(crossing->stand_in.component);
    }
    crossing_unref(crossing);
}

static const struct component_type stand_in_type = {
    .name = "StandIn",
    .summary = "takes what is for a component of another worker",
    .size = sizeof(struct crossing_state),
    .heeds_control = true,
    .awaited = stand_in_awaited,
    .run = stand_in_run,
};

/* ---- the landing ---- */

/* Links the landing to an inbox, once something has come for it. */
static void lead_to(struct component *self, struct component *target, unsigned index)
{
    if (!outbox_is_linked(self, index) && !component_is_over(target)) {
        REQUIRE(component_link(self, index, target, index) == 0);
        loop_changed(component_loop(self));
    }
}

/* Tells the component to finish if there is nothing more to come from any worker. */
static void note_last(struct crossing *crossing)
{
    struct parts *parts = crossing->parts;
    bool is_any_left = false;
    struct list *at;

    crossing->has_had_last = true;
    (void)pthread_mutex_lock(&parts->lock);
    list_for_each (at, &parts->crossings) {
        const struct crossing *other = container_of(at, struct crossing, link);

        is_any_left |=
            other->target == crossing->target && other->is_finishing && !other->has_had_last;
    }
    (void)pthread_mutex_unlock(&parts->lock);
    if (!is_any_left) {
        component_tell(crossing->target, PRODUCER_FINISHED, NULL, 0);
    }
}

static struct message *make_message(struct component *self, const struct ring_head *head)
{
    struct crossing *crossing = crossing_of(self);
    struct pool *pool = component_pool(self);
    struct apart apart;
    struct message *msg;

    if (head->kind == DATA) {
        return message_copy(pool, head + 1, head->size);
    }
    if (head->kind != APART) {
        return message_notice(pool, (enum message_kind)head->kind, NULL, head->error);
    }
    memcpy(&apart, head + 1, sizeof(apart));
    msg = message_copy(pool, apart.bytes, apart.size);
    free(apart.bytes);
    (void)atomic_fetch_sub_explicit(&crossing->apart, apart.size, memory_order_release);
    return msg;
}

/* is_forced: whether there is room or not.  Returns false if there is none. */
static bool land(struct component *self, struct crossing *crossing, const struct ring_head *head,
                 bool is_forced)
{
    struct component *target = crossing->target;

    if (head->kind == LAST) {
        note_last(crossing);
        return true;
    }
    if (head->kind == END) {
        crossing->has_had_end = true;
        leavers_look_soon(root_of(self->graph));
        return true;
    }
    if (head->tag == target->control && !crossing->leads_to_control) {
        component_tell(target, (enum message_kind)head->kind, NULL, head->error);
        return true;
    }
    lead_to(self, target, head->tag);
    if (!is_forced && !outbox_has_room(self, head->tag)) {
        return false;
    }
    outbox_send(self, head->tag, make_message(self, head));
    return true;
}

/* Lands so many records at most, as far as there is room; returns how many. */
static unsigned land_some(struct component *self, struct crossing *crossing, unsigned most,
                          bool is_forced)
{
    const struct ring_head *head;
    unsigned count = 0;

    while (count < most && (head = ring_peek(&crossing->ring)) != NULL &&
           land(self, crossing, head, is_forced)) {
        ring_drop(&crossing->ring);
        crossing->landed++;
        count++;
    }
    return count;
}

static void landing_run(struct component *self)
{
    struct crossing *crossing = crossing_of(self);
    const unsigned count = land_some(self, crossing, TURN, false);

    if (count == TURN) {
        component_wake(self);
    }
    if (count > 0) {
        ring_give_back(&crossing->ring);
        atomic_thread_fence(memory_order_seq_cst); /* see put_or_wait() */
        if (atomic_exchange_explicit(&crossing->is_starved, false, memory_order_relaxed)) {
            post(crossing, crossing->source, &crossing->to_stand_in);
        }
    }
}

/* Those who wait on the other worker.  If nobody does, all that they have sent is here, and how
 * many they were is not known: as many as there are messages, at most. */
static unsigned landing_stands_for(const struct component *self)
{
    const struct crossing *crossing = crossing_of((struct component *)(uintptr_t)self);
    const unsigned crowd = atomic_load_explicit(&crossing->crowd, memory_order_relaxed);

    return crowd > 0
               ? crowd
               : atomic_load_explicit(&crossing->put, memory_order_relaxed) - crossing->landed;
}

static const struct component_type landing_type = {
    .name = "Landing",
    .summary = "sends on what comes from another worker",
    .size = sizeof(struct crossing_state),
    .run = landing_run,
    .stands_for = landing_stands_for,
};

void crossing_bring(struct crossing *crossing)
{
    struct component *stand_in = crossing->stand_in.component;
    struct component *landing;
    bool is_all_put;

    crossing_need_landing(crossing);
    landing = crossing->landing.component;
    do {
        stand_in->turn = TURN;
        is_all_put = put_what_waits(stand_in, crossing);
        (void)ring_publish(&crossing->ring);
        (void)land_some(landing, crossing, UINT_MAX, true);
        ring_give_back(&crossing->ring);
    } while (!is_all_put);
}

void crossing_show_feeding(struct crossing *crossing)
{
    const struct component *stand_in = crossing->stand_in.component;

    crossing_need_landing(crossing);
    for (unsigned i = NO_BOX; (i = component_next_inbox(stand_in, i)) != NO_BOX;) {
        if (i != stand_in->control && component_have_inbox(stand_in, i) != NULL) {
            lead_to(crossing->landing.component, crossing->target, i);
        }
    }
}

bool crossing_stands_in(const struct component *component)
{
    return component->type == &stand_in_type;
}

bool crossing_lands(const struct component *component)
{
    return component->type == &landing_type;
}

/* ---- making ---- */

/* The cell of an end, as if it had been started. */
static void make_end(struct end *end, const struct plan_component *plan, struct graph *part,
                     struct crossing *crossing)
{
    struct crossing_state *state;

    end->crossing = crossing;
    end->component = mem_alloc(cell_size(plan));
    cell_init(end->component, plan, part);
    state = component_state(end->component);
    state->crossing = crossing;
    end->component->state = RUNNING;
    list_append(&root_of(part)->ends, &end->link);
}

/* The inboxes of a component without what only its own type understands, and without its policies,
 * which are heeded where it is.  As no more than a turn's worth of messages fits, those who wait
 * here for room are let in about as often as those who wait there. */
static struct plan_component plan_stand_in(const struct plan_component *target)
{
    static const struct crossing_state nothing;
    struct plan_component plan = *target;
    struct plan_box *in = mem_alloc_array(target->inboxes + 1U, sizeof(*in));

    for (unsigned i = 0; i < target->inboxes; i++) {
        in[i] = target->in[i];
        in[i].flags = (uint16_t)(in[i].flags & ~(BOX_POLICY | BOX_RECEIVES | BOX_TAKES_PIPES));
        if ((in[i].flags & BOX_BOUND_BYTES) == 0 && in[i].limit > TURN) {
            in[i].limit = TURN;
        }
    }
    plan.type = &stand_in_type;
    plan.parent = NULL;
    plan.restart = NULL;
    plan.state = (void *)(uintptr_t)&nothing;
    plan.in = in;
    plan.out = NULL;
    plan.outboxes = plan.common_outboxes = 0;
    plan.signal = plan.main_out = NO_BOX;
    return plan;
}

/* An outbox for each of its inboxes, of the same index and name. */
static struct plan_component plan_landing(const struct plan_component *target)
{
    static const struct crossing_state nothing;
    struct plan_box *out = mem_alloc_array(target->inboxes + 1U, sizeof(*out));

    for (unsigned i = 0; i < target->inboxes; i++) {
        out[i] = (struct plan_box){.spec = target->in[i].spec};
    }
    return (struct plan_component){
        .name = target->name,
        .path = target->path,
        .type_name = landing_type.name,
        .type = &landing_type,
        .index = target->index,
        .state = (void *)(uintptr_t)&nothing,
        .out = out,
        .outboxes = target->inboxes,
        .common_outboxes = target->inboxes,
        .control = NO_BOX,
        .signal = NO_BOX,
        .main_in = NO_BOX,
        .main_out = NO_BOX,
        .from_made = NO_BOX,
    };
}

void crossing_need_landing(struct crossing *crossing)
{
    if (crossing->landing.component == NULL) {
        (void)atomic_fetch_add_explicit(&crossing->refs, 1, memory_order_relaxed);
        make_end(&crossing->landing, &crossing->plans[1], crossing->parts->part[crossing->home],
                 crossing);
    }
}

static void open_at_landing(struct letter *letter)
{
    struct crossing *crossing = container_of(letter, struct crossing, to_landing);

    if (!crossing->is_closed && !crossing->has_had_end) {
        crossing_need_landing(crossing);
        component_wake(crossing->landing.component);
    }
    crossing_unref(crossing);
}

static const struct plan_component *plan_at_place(const struct graph *part, size_t place)
{
    const struct plan_component *entry = part->plan->components;

    while (entry->index != place) {
        entry++;
    }
    return entry;
}

static struct crossing *create(struct graph *part, size_t index, unsigned home)
{
    struct crossing *crossing = mem_alloc(sizeof(*crossing));
    const struct plan_component *target = plan_at_place(part, index);
    struct parts *parts = root_of(part)->parts;

    crossing->parts = parts;
    crossing->target = graph_component(parts->part[home], index);
    crossing->source = part->loop->worker;
    crossing->home = home;
    crossing->to_stand_in.open = open_at_stand_in;
    crossing->to_landing.open = open_at_landing;
    crossing->plans = mem_alloc_array(2, sizeof(struct plan_component));
    crossing->plan = plan_ref((struct plan *)(uintptr_t)part->plan);
    crossing->plans[0] = plan_stand_in(target);
    crossing->plans[1] = plan_landing(target);
    atomic_init(&crossing->refs, 1);
    make_end(&crossing->stand_in, &crossing->plans[0], part, crossing);
    (void)pthread_mutex_lock(&parts->lock);
    list_append(&parts->crossings, &crossing->link);
    (void)pthread_mutex_unlock(&parts->lock);
    return crossing;
}

struct component *crossing_stand_in(struct graph *part, size_t index, unsigned home)
{
    const struct component *target = graph_component(root_of(part)->parts->part[home], index);
    struct list *at;

    list_for_each (at, &root_of(part)->ends) {
        const struct end *end = container_of(at, struct end, link);

        if (crossing_is_stand_in(end) && end->crossing->target == target &&
            !end->crossing->is_closed && !end->crossing->is_leaving) {
            return end->component;
        }
    }
    return create(part, index, home)->stand_in.component;
}

void crossing_expect_finish(struct component *stand_in)
{
    struct crossing *crossing = crossing_of(stand_in);
    struct component *target = crossing->target;

    if (!crossing->leads_to_control && target->control != NO_BOX) {
        crossing->leads_to_control = true;
        crossing_need_landing(crossing);
        lead_to(crossing->landing.component, target, target->control);
    }
}
