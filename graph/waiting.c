#include "graph/waiting.h"

#include <stdlib.h>

#include "graph/component.h"
#include "graph/graph.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "graph/tap.h"

/* A sender's place in a line; known by its index, which the outbox has while BOX_WAITING. */
struct place {
    struct outbox *out; /* NULL: the place is free */
    struct waiting *line;
    uint32_t next; /* in the line, a ring; in the table's list of free places */
    uint32_t prev;
    uint32_t since;    /* ms of the loop's clock */
    bool is_invited;   /* and so waits no more */
    uint64_t messages; /* that it had sent when it was invited */
    /* A deputy's: */
    bool is_deputy;
    float owes;           /* turns that each it stands for has had, and the others not */
    uint32_t passed;      /* line->turns when that was last reckoned */
    uint32_t next_deputy; /* of the line; 0: none */
};

/* The line of one inbox; there as long as somebody is in it. */
struct waiting {
    struct inbox *in;
    struct list link; /* with invitations out: in the table's list; else alone */
    uint32_t first;   /* the place of who has waited longest */
    uint32_t count;   /* places */
    uint32_t invited; /* of them */
    uint32_t bound;   /* of the inbox */
    bool is_late;     /* the usher was in the queue before those that were invited */
    uint32_t deputy;  /* the place of one; 0: there is none */
    uint32_t deputies;
    uint32_t turns; /* that others than deputies have had, ... */
    float turn;     /* ... and messages in each, on average; 0: not known yet */
};

struct waiting_table {
    struct loop *loop;
    struct place *places;
    uint32_t size;     /* places there are; 0 is nobody's */
    uint32_t free;     /* the first free one; 0: none */
    struct list busy;  /* lines with invitations out */
    struct list spare; /* lines that nobody needs now */
    /* What the loop runs, and what it needs to tell its name. */
    struct component usher;
    struct graph graph;
    struct plan_component plan;
};

static void usher_run(struct component *self);

static const struct component_type usher_type = {
    .name = "(usher)",
    .summary = "sees to senders that wait for room",
    .run = usher_run,
};

struct waiting_table *waiting_create(struct loop *loop)
{
    struct waiting_table *table = mem_alloc(sizeof(*table));

    table->loop = loop;
    list_init(&table->busy);
    list_init(&table->spare);
    table->plan = (struct plan_component){
        .name = usher_type.name, .path = usher_type.name, .type = &usher_type};
    table->graph.loop = loop;
    table->usher = (struct component){.type = &usher_type,
                                      .plan = &table->plan,
                                      .graph = &table->graph,
                                      .state = RUNNING,
                                      .control = NO_BOX,
                                      .signal = NO_BOX};
    return table;
}

void waiting_destroy(struct waiting_table *table)
{
    REQUIRE(list_is_empty(&table->busy));
    while (!list_is_empty(&table->spare)) {
        struct waiting *line = container_of(table->spare.next, struct waiting, link);

        list_remove(&line->link);
        free(line);
    }
    free(table->places);
    free(table);
}

static struct waiting_table *table_of(const struct outbox *out)
{
    return component_loop(box_owner(&out->box))->waiting;
}

static struct place *place_of(const struct outbox *out)
{
    return &table_of(out)->places[out->place];
}

static uint32_t room_in(const struct waiting *line)
{
    const uint32_t fill = inbox_fill(line->in);

    return fill < line->bound ? line->bound - fill : 0;
}

uint32_t waiting_count(const struct inbox *in)
{
    return in->waiting != NULL ? in->waiting->count : 0;
}

uint32_t waiting_bound(const struct inbox *in)
{
    return in->waiting != NULL ? in->waiting->bound : in->limit;
}

void waiting_set_bound(struct inbox *in, uint32_t bound)
{
    if (in->waiting != NULL) {
        in->waiting->bound = bound;
    } else {
        in->limit = bound;
    }
}

bool waiting_since(const struct outbox *out, uint32_t *since)
{
    if ((out->box.flags & BOX_WAITING) == 0 || place_of(out)->is_invited) {
        return false;
    }
    *since = place_of(out)->since;
    return true;
}

void waiting_each_stuck(const struct waiting_table *table, uint32_t ms,
                        void (*see)(void *arg, const struct waiting_line *line), void *arg)
{
    for (uint32_t i = 1; i < table->size; i++) {
        const struct place *place = &table->places[i];

        if (place->out != NULL && !place->is_invited && place->line->first == i &&
            loop_ms(table->loop) - place->since >= ms) {
            see(arg, &(struct waiting_line){.in = place->line->in,
                                            .first = place->out,
                                            .since = place->since,
                                            .count = place->line->count});
        }
    }
}

/* ---- places ---- */

static void grow(struct waiting_table *table)
{
    const uint32_t size = table->size > 0 ? 2 * table->size : 16;

    table->places = mem_resize_array(table->places, size, sizeof(*table->places));
    for (uint32_t i = size; i-- > table->size;) {
        table->places[i].out = NULL;
        if (i != 0) {
            table->places[i].next = table->free;
            table->free = i;
        }
    }
    table->size = size;
}

static void put_at_end(struct waiting_table *table, struct waiting *line, uint32_t index)
{
    struct place *places = table->places;

    if (line->count++ == 0) {
        line->first = places[index].next = places[index].prev = index;
        return;
    }
    places[index].next = line->first;
    places[index].prev = places[line->first].prev;
    places[places[index].prev].next = index;
    places[line->first].prev = index;
}

static void take_out(struct waiting_table *table, struct waiting *line, uint32_t index)
{
    const struct place *place = &table->places[index];

    table->places[place->prev].next = place->next;
    table->places[place->next].prev = place->prev;
    line->count--;
    if (line->first == index) {
        line->first = line->count > 0 ? place->next : 0;
    }
}

/* ---- deputies ---- */

static void add_deputy(struct waiting_table *table, struct waiting *line, uint32_t index)
{
    struct place *place = &table->places[index];

    place->is_deputy = true;
    place->owes = 1; /* it comes last, as whoever joins a line */
    place->passed = line->turns;
    place->next_deputy = line->deputy;
    line->deputy = index;
    line->deputies++;
}

static void remove_deputy(struct waiting_table *table, struct waiting *line, uint32_t index)
{
    uint32_t *at = &line->deputy;

    while (*at != index) {
        at = &table->places[*at].next_deputy;
    }
    *at = table->places[index].next_deputy;
    line->deputies--;
}

/* Its turn is over. */
static void note_turn(struct waiting *line, struct place *place)
{
    const float sent = (float)(place->out->messages - place->messages);

    if (place->is_deputy) {
        place->owes += line->turn > 0 ? sent / line->turn : 1;
    } else if (sent > 0) {
        line->turns++;
        line->turn += line->turn > 0 ? (sent - line->turn) / 8 : sent;
    }
}

/* True if each of those that a deputy stands for has had no more turns than each of the others. */
static bool is_due(const struct waiting *line, struct place *place)
{
    const struct component *self = box_owner(&place->out->box);
    const unsigned senders = self->type->stands_for(self);
    const float each = (float)(line->count - line->deputies) / (float)(senders > 0 ? senders : 1);

    if (each <= 0) {
        return false; /* there are no others */
    }
    place->owes -= (float)(line->turns - place->passed) / each;
    place->owes = place->owes > 0 ? place->owes : 0;
    place->passed = line->turns;
    return place->owes * each < 1;
}

/* Those who are due come first. */
static void bring_forward(struct waiting_table *table, struct waiting *line)
{
    for (uint32_t at = line->deputy; at != 0; at = table->places[at].next_deputy) {
        if (is_due(line, &table->places[at])) {
            take_out(table, line, at);
            put_at_end(table, line, at);
            line->first = at; /* it is a ring */
        }
    }
}

/* ---- lines ---- */

static void begin_to_wait(struct waiting_table *table, struct place *place)
{
    place->is_invited = false;
    place->since = loop_ms(table->loop);
}

static void end_waiting(struct waiting_table *table, struct place *place)
{
    place->out->waited += loop_ms(table->loop) - place->since;
}

static struct waiting *line_begin(struct waiting_table *table, struct inbox *in)
{
    struct waiting *line;

    if (list_is_empty(&table->spare)) {
        line = mem_alloc(sizeof(*line));
    } else {
        line = container_of(table->spare.next, struct waiting, link);
        list_remove(&line->link);
    }
    *line = (struct waiting){.in = in, .bound = in->limit};
    list_init(&line->link);
    in->waiting = line;
    in->limit = 0;
    in->box.flags |= BOX_AWAITED;
    return line;
}

static void line_end(struct waiting_table *table, struct waiting *line)
{
    struct inbox *in = line->in;

    in->waiting = NULL;
    if ((in->box.flags & BOX_TAPPED) == 0 || !taps_hear_takes(table->loop, in)) {
        in->box.flags = (uint16_t)(in->box.flags & ~BOX_AWAITED);
    }
    if ((in->box.flags & BOX_PASSES) == 0) {
        in->limit = line->bound;
    }
    list_remove(&line->link);
    list_append(&table->spare, &line->link);
}

static void tell_awaited(const struct inbox *in)
{
    struct component *owner = box_owner(&in->box);

    if (owner->type->awaited != NULL) {
        owner->type->awaited(owner);
    }
}

static void join(struct waiting_table *table, struct waiting *line, struct outbox *out)
{
    uint32_t index;

    if (table->free == 0) {
        grow(table);
    }
    index = table->free;
    table->free = table->places[index].next;
    table->places[index] = (struct place){.out = out, .line = line};
    put_at_end(table, line, index);
    if (box_owner(&out->box)->type->stands_for != NULL) {
        add_deputy(table, line, index);
    }
    begin_to_wait(table, &table->places[index]);
    out->place = index;
    out->box.flags |= BOX_WAITING;
    tell_awaited(line->in);
}

static void leave(struct waiting_table *table, struct outbox *out)
{
    const uint32_t index = out->place;
    struct place *place = &table->places[index];
    struct waiting *line = place->line;

    if (place->is_invited) {
        note_turn(line, place);
        line->invited--;
    } else {
        end_waiting(table, place);
    }
    out->box.flags = (uint16_t)(out->box.flags & ~BOX_WAITING);
    out->place = 0;
    if (place->is_deputy) {
        remove_deputy(table, line, index);
    }
    take_out(table, line, index);
    place->out = NULL;
    place->next = table->free;
    table->free = index;
    if (line->count == 0) {
        line_end(table, line);
    }
    tell_awaited(line->in);
}

/* ---- room ---- */

/* How many of a line may come: as many as there is room for, by what messages have cost so far. */
static uint32_t count_to_invite(const struct waiting *line)
{
    const struct inbox *in = line->in;
    uint64_t count = room_in(line);

    if ((in->box.flags & BOX_BOUND_BYTES) != 0) {
        count /= MESSAGE_COST + (in->messages > 0 ? in->bytes / in->messages : 0);
    }
    count = count > INVITED ? INVITED : count + (count == 0);
    return count < line->count ? (uint32_t)count : line->count;
}

static void invite(struct waiting_table *table, struct waiting *line)
{
    const uint32_t count = count_to_invite(line);
    uint32_t index;

    bring_forward(table, line);
    index = line->first;
    for (; line->invited < count; line->invited++, index = table->places[index].next) {
        struct place *place = &table->places[index];

        place->is_invited = true;
        place->messages = place->out->messages;
        end_waiting(table, place);
        component_wake(box_owner(&place->out->box));
    }
    list_append(&table->busy, &line->link);
    line->is_late = (table->usher.flags & COMPONENT_QUEUED) != 0;
    component_wake(&table->usher);
}

static bool is_half_empty(const struct waiting *line)
{
    return inbox_fill(line->in) <= line->bound / 2;
}

void inbox_announce_room(struct inbox *in)
{
    struct waiting *line = in->waiting;

    if ((in->box.flags & BOX_TAPPED) != 0) {
        taps_take(component_loop(box_owner(&in->box)), in);
    }
    if (line != NULL && list_is_empty(&line->link) && is_half_empty(line)) {
        invite(component_loop(box_owner(&in->box))->waiting, line);
    }
}

/* Those who were invited have been run: who has asked in vain waits again, the others are done. */
static void close_round(struct waiting_table *table, struct waiting *line)
{
    uint32_t index = line->first;

    list_remove(&line->link);
    for (uint32_t left = line->count, done = line->invited; left > 0 && done > 0; left--) {
        const uint32_t next = table->places[index].next;

        if (table->places[index].is_invited) {
            done--;
            leave(table, table->places[index].out); /* the last one ends the line */
        }
        index = next;
    }
}

static void usher_run(struct component *self)
{
    struct waiting_table *table = container_of(self, struct waiting_table, usher);
    struct list busy;

    if (list_is_empty(&table->busy)) {
        return;
    }
    busy = table->busy; /* lines that get busy from now on wait for the next time */
    busy.next->prev = busy.prev->next = &busy;
    list_init(&table->busy);
    while (!list_is_empty(&busy)) {
        struct waiting *line = container_of(busy.next, struct waiting, link);
        struct inbox *in = line->in;

        if (line->is_late) {
            line->is_late = false;
            list_remove(&line->link);
            list_append(&table->busy, &line->link);
            component_wake(self);
            continue;
        }
        close_round(table, line);
        if (in->waiting != NULL && is_half_empty(in->waiting)) {
            invite(table, in->waiting);
        }
    }
}

/* ---- what boxes call ---- */

bool outbox_wait_for_room(struct component *self, struct outbox *out)
{
    struct waiting_table *table = component_loop(self)->waiting;
    struct inbox *in = out->sink;
    struct place *place;

    if (inbox_policy(in) != BLOCK || (in->box.flags & BOX_CONTROL) != 0) {
        return true;
    }
    if ((out->box.flags & BOX_WAITING) == 0) {
        join(table, in->waiting != NULL ? in->waiting : line_begin(table, in), out);
        return false;
    }
    place = place_of(out);
    if (!place->is_invited || room_in(place->line) > 0) {
        return place->is_invited;
    }
    place->line->invited--;
    begin_to_wait(table, place);
    if (place->messages != out->messages) { /* it had its turn */
        note_turn(place->line, place);
        take_out(table, place->line, out->place);
        put_at_end(table, place->line, out->place);
    }
    return false;
}

void outbox_stop_waiting(struct outbox *out)
{
    if ((out->box.flags & BOX_WAITING) != 0) {
        leave(table_of(out), out);
        component_wake(box_owner(&out->box));
    }
}
